// SPDX-License-Identifier: MIT
// Keeps code apart of which the source says different things. Two arms of one `if` that are equal but for `@bound(3)` and `@bound(300)` are the same to the optimiser: it leaves
// one of them, and its bound would count for both. While it is at work, each commented piece sets a global variable to a number of its own, which no other code has.

import { fieldsOf, isNode, type Node } from './syntax-tree.js';

/** The variable. It is exported meanwhile under this name, so that what it is set to counts as used. */
export const MARK = '__tonewheel_piece';

/** The file that declares it, as one of the compiler's library: those alone declare names for all files. */
export const MARK_FILE = '~lib/marks.ts';
export const MARK_SOURCE = `@global @lazy let ${MARK}: f64 = 0;\n`;

/** The compiler's makers of syntax nodes, as far as they are used here. */
interface Make {
  createBinaryExpression(operator: number, left: Node, right: Node, range: Node['range']): Node;
  createBlockStatement(statements: Node[], range: Node['range']): Node;
  createExpressionStatement(expression: Node): Node;
  createFloatLiteralExpression(value: number, range: Node['range']): Node;
  createIdentifierExpression(text: string, range: Node['range']): Node;
}

/** The compiler's parts that marks are made with. */
export interface MarkMaking {
  readonly Node: Make;
  readonly NodeKind: Readonly<Record<string, number>>;
  readonly Token: Readonly<Record<string, number>>;
}

/** Where syntax nodes have statements: lists of them, and single ones. */
const LISTS: ReadonlySet<string> = new Set(['statements', 'bodyStatements', 'catchStatements', 'finallyStatements']);
const SINGLE: ReadonlySet<string> = new Set(['body', 'ifTrue', 'ifFalse']);

interface WithBody extends Node { body: Node | null }
interface WithStatements extends Node { readonly statements: Node[] }

/**
 * Marks pieces of the syntax tree, which is changed: a loop in its body, a function and a case of a switch at their beginning, another statement before it.
 * @param sources all files
 * @returns those pieces that are none of these, and have no mark
 */
export function mark(sources: readonly object[], pieces: ReadonlySet<Node>, { Node: make, NodeKind: K, Token }: MarkMaking): Node[] {
  const withBody = new Set([K.Do, K.For, K.ForOf, K.While, K.FunctionDeclaration, K.MethodDeclaration]);
  const left = new Set(pieces);
  const markOf = (piece: Node): Node => {
    const { range } = piece;
    const number = pieces.size - left.size + 1;
    left.delete(piece);
    return make.createExpressionStatement(make.createBinaryExpression(
      Token.Equals, make.createIdentifierExpression(MARK, range), make.createFloatLiteralExpression(number, range), range));
  };
  const block = (statements: Node[], { range }: Node): Node => make.createBlockStatement(statements, range);
  // The compiler's kinds come in groups; declarations, after which a mark would stand outside of what they declare, are another one.
  const isLeftStatement = (node: Node | null): boolean => node !== null && left.has(node) && node.kind >= K.Block && node.kind <= K.While;
  /** Marks what has a place for it inside. */
  const markInside = (node: Node): void => {
    const { body } = node as WithBody;
    if (node.kind === K.SwitchCase) (node as WithStatements).statements.unshift(markOf(node));
    else if (withBody.has(node.kind) && body && (body.kind === K.Block || node.kind !== K.FunctionDeclaration)) (node as WithBody).body = block([markOf(node), body], body);
  };
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isNode(value)) return;
    const node = value as Node & Record<string, unknown>;
    for (const key of fieldsOf(node)) {
      const child = node[key];
      visit(child);
      if (LISTS.has(key) && child) node[key] = (child as Node[]).flatMap((part) => (isLeftStatement(part) ? [markOf(part), part] : [part]));
      else if (SINGLE.has(key) && isLeftStatement(child as Node)) node[key] = block([markOf(child as Node), child as Node], child as Node);
    }
    if (left.has(node)) markInside(node);
  };
  for (const source of sources) visit(source);
  return [...left];
}

/** A module, as far as it is used here. */
export interface MarkedModule {
  /** 0 for none. */
  getGlobal(name: string): number;
  addGlobalExport(name: string, exportName: string): number;
}

/** Has the variable count as used, if there is any mark in what has been compiled. */
export function exportMark(module: MarkedModule): void {
  const name = `${MARK_FILE.replace(/\.ts$/, '')}/${MARK}`;
  if (module.getGlobal(name) !== 0) module.addGlobalExport(name, MARK);
}
