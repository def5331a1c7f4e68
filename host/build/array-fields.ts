// SPDX-License-Identifier: MIT
// Whether arrays stay where constructors put them: then how long an array in a field of an object is can be read off the object that set-up has made.

import type { Syntax } from './passed-values.js';
import { nodesOf, type FileNodes, type Node } from './syntax-tree.js';

interface Identifier { readonly text: string }
interface Named { readonly name: Identifier }
interface TypeName extends Node { readonly name?: { readonly identifier?: Identifier } }
interface Field extends Node, Named { readonly type: TypeName | null }
interface Import extends Node, Named { readonly foreignName: Identifier }
interface From extends Node { readonly internalPath: string | null }
interface Class extends Node, Named { readonly members: readonly Node[]; readonly extendsType: TypeName | null }
interface Assignment extends Node { readonly operator: number; readonly left: Node }
interface Inner extends Node { readonly expression: Node }
interface PropertyAccess extends Inner { readonly property: Identifier }
interface Call extends Inner { readonly typeArguments: readonly TypeName[] | null }

const NUMBERS: ReadonlySet<string> = new Set(['i8', 'i16', 'i32', 'i64', 'isize', 'u8', 'u16', 'u32', 'u64', 'usize', 'f32', 'f64', 'bool', 'boolean', 'string']);
/** What only the runtime should name: how long an object is, and what makes it longer where it lies. */
const RUNTIMES: ReadonlySet<string> = new Set(['rtSize', '__renew']);

/** Whether objects stay as long as they were made, as far as sources without raw stores can change it. */
export function lengthsStay(files: readonly FileNodes[], { NodeKind: K }: Syntax): boolean {
  return !files.some((file) => file.ofKinds(K.Identifier).some((node) => RUNTIMES.has((node as Node & Identifier).text)));
}

/**
 * Whether each field that may be a StaticArray keeps what the constructor of its object gives it, as far as sources without raw stores can change it. Fields go by their
 * names, in all classes of a file and of what it imports: it cannot know of others, unless it has something generic.
 */
export function arraysStay(files: readonly FileNodes[], { NodeKind: K, CommonFlags, Token }: Syntax): boolean {
  const inAll = (...kinds: readonly number[]): readonly Node[] => files.flatMap((file) => file.ofKinds(...kinds));
  const nameOf = (type: TypeName | null): string => type?.name?.identifier?.text ?? '';
  // Names that stand for something else in some file: that may be an array.
  const renamed = inAll(K.ImportDeclaration).filter((node) => (node as Import).foreignName.text !== (node as Import).name.text);
  const others = new Set([...inAll(K.TypeParameter, K.TypeDeclaration), ...renamed].map((node) => (node as Node & Named).name.text));
  const plain = (inAll(K.ClassDeclaration, K.EnumDeclaration) as readonly Class[]).filter(({ name }) => !others.has(name.text));
  const notArrays = new Set([...NUMBERS, ...plain.map(({ name }) => name.text)]);
  const mayBeArray = (member: Node): boolean => member.kind === K.FieldDeclaration && !notArrays.has(nameOf((member as Field).type));
  const hasArrays = (type: TypeName | null): boolean => {
    const meant = plain.filter(({ name }) => name.text === nameOf(type));
    return meant.length === 0 || meant.some(({ members, extendsType }) => nodesOf(members).some(mayBeArray) || (extendsType !== null && hasArrays(extendsType)));
  };
  const constructors = inAll(K.MethodDeclaration).filter((node) => ((node as Node & { flags: number }).flags & CommonFlags.Constructor) !== 0);
  const inConstructors = new Set(nodesOf(constructors));

  const arraysOf = new Map(files.map((file) => [file.internalPath, file.ofKinds(K.FieldDeclaration).filter(mayBeArray).map((node) => (node as Field).name.text)]));
  const imports = new Map(files.map((file) => [file.internalPath, file.ofKinds(K.Import, K.Export).flatMap((node) => (node as From).internalPath ?? [])]));
  const isGlobal = inAll(K.Decorator).some((node) => ((node as Node & Named).name as Identifier).text === 'global');
  const knownIn = (file: FileNodes): ReadonlySet<string> => {
    const known = new Set(isGlobal || file.ofKinds(K.TypeParameter).length > 0 ? arraysOf.keys() : [file.internalPath]);
    for (const path of known) for (const imported of imports.get(path) ?? imports.get(`${path}/index`) ?? []) known.add(imported);
    return new Set([...known].flatMap((path) => arraysOf.get(path) ?? arraysOf.get(`${path}/index`) ?? []));
  };
  const inner = (node: Node): Node => (node.kind === K.Parenthesized || node.kind === K.Assertion ? inner((node as Inner).expression) : node);
  return files.every((file) => {
    const arrays = knownIn(file);
    return arrays.size === 0 || !file.ofKinds(K.Call, K.Binary).some((node) => {
      // Where a field lies is asked to store there, and how great an object is, to copy it.
      if (node.kind === K.Call) {
        const { expression, typeArguments } = node as Call;
        return expression.kind === K.Identifier && (expression as Node & Identifier).text === 'offsetof' && (typeArguments ?? []).some(hasArrays);
      }
      if ((node as Assignment).operator !== Token.Equals) return false;
      const left = inner((node as Assignment).left) as PropertyAccess;
      return left.kind === K.PropertyAccess && arrays.has(left.property.text) && (left.expression.kind !== K.This || !inConstructors.has(node));
    });
  });
}
