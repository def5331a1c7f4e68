// SPDX-License-Identifier: MIT
// Whether arrays stay where constructors put them: then how long an array in a field of an object is can be read off the object that set-up has made.

import type { Node, Syntax } from './passed-values.js';

/** A file with all the nodes in it. */
export interface FileNodes { readonly internalPath: string; readonly nodes: readonly Node[] }

interface Named { readonly name: { readonly text: string } }
interface TypeName { readonly identifier?: { readonly text: string } }
interface Field extends Node, Named { readonly type: { readonly name?: TypeName } | null; readonly initializer: (Node & { readonly typeName?: TypeName }) | null }
interface Assignment extends Node { readonly operator: number; readonly left: Node & { readonly expression?: Node; readonly property?: { readonly text: string } } }

const NUMBERS: ReadonlySet<string> = new Set(['i8', 'i16', 'i32', 'i64', 'isize', 'u8', 'u16', 'u32', 'u64', 'usize', 'f32', 'f64', 'bool', 'boolean', 'string']);

/**
 * Whether each field that may be a StaticArray keeps what the constructor of its object gives it. Fields go by their names, in all classes of a file and of what it
 * imports: it cannot know of others.
 * @param nodesOf all nodes within a node
 */
export function arraysStay(files: readonly FileNodes[], nodesOf: (node: Node) => readonly Node[], { NodeKind: K, CommonFlags, Token }: Syntax): boolean {
  const classes = new Set(files.flatMap(({ nodes }) => nodes).filter(({ kind }) => kind === K.ClassDeclaration).map((node) => (node as Node & Named).name.text));
  // What another name stands for, a parameter of a generic class or an alias, may be an array too.
  const mayBeArray = ({ type, initializer }: Field): boolean => {
    const name = type ? type.name?.identifier?.text : initializer?.typeName?.identifier?.text;
    return name === undefined ? initializer?.kind !== K.Literal : !NUMBERS.has(name) && !classes.has(name);
  };
  const arraysOf = new Map(files.map(({ internalPath, nodes }) => [
    internalPath, nodes.filter((node) => node.kind === K.FieldDeclaration && mayBeArray(node as Field)).map((node) => (node as Field).name.text),
  ]));
  const imports = new Map(files.map(({ internalPath, nodes }) => [
    internalPath, nodes.flatMap((node) => (node.kind === K.Import || node.kind === K.Export ? (node as Node & { internalPath: string | null }).internalPath ?? [] : [])),
  ]));
  return files.every(({ internalPath, nodes }) => {
    const known = new Set([internalPath]);
    for (const path of known) for (const imported of imports.get(path) ?? imports.get(`${path}/index`) ?? []) known.add(imported);
    const arrays = new Set([...known].flatMap((path) => arraysOf.get(path) ?? arraysOf.get(`${path}/index`) ?? []));
    if (arrays.size === 0) return true;
    const constructors = nodes.filter((node) => node.kind === K.MethodDeclaration && ((node as Node & { flags: number }).flags & CommonFlags.Constructor) !== 0);
    const inConstructors = new Set(constructors.flatMap(nodesOf));
    return !nodes.some((node) => {
      const { operator, left } = node as Assignment;
      if (node.kind !== K.Binary || operator !== Token.Equals || left.kind !== K.PropertyAccess || !arrays.has(left.property!.text)) return false;
      return left.expression!.kind !== K.This || !inConstructors.has(node);
    });
  });
}
