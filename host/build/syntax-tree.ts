// SPDX-License-Identifier: MIT
// The compiler's syntax tree, as far as all who walk it need it.

/** A node of the tree. */
export interface Node { readonly kind: number; readonly range: { readonly start: number; readonly end: number } }

/** Fields of a node that lead out of it: back to its source, or to what it is in. */
const OUTWARD: ReadonlySet<string> = new Set(['range', 'parent']);

const fields = new Map<unknown, readonly string[]>();

/** Names of a node's fields that parts of it may be in. All nodes of one class have the same fields, and there are tens of thousands of nodes. */
export function fieldsOf(node: object): readonly string[] {
  const { constructor } = node;
  let own = fields.get(constructor);
  if (!own) fields.set(constructor, own = Object.keys(node).filter((name) => !OUTWARD.has(name)));
  return own;
}

export const isNode = (value: object): value is Node => 'kind' in value && 'range' in value;

/** All nodes of a syntax tree, each before its parts. */
export function nodesOf(roots: readonly object[]): Node[] {
  const nodes: Node[] = [];
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) walk(value[i]);
      return;
    }
    if (!isNode(value) || seen.has(value)) return;
    seen.add(value);
    nodes.push(value);
    const names = fieldsOf(value);
    for (let i = 0; i < names.length; i++) walk((value as unknown as Record<string, unknown>)[names[i]]);
  };
  walk(roots);
  return nodes;
}

/** A file with all the nodes in it. */
export class FileNodes {
  readonly nodes: readonly Node[];
  private readonly byKind: Node[][] = [];

  constructor(readonly internalPath: string, statements: readonly object[]) {
    this.nodes = nodesOf(statements);
    for (const node of this.nodes) (this.byKind[node.kind] ??= []).push(node);
  }

  ofKinds(...kinds: readonly number[]): readonly Node[] {
    return kinds.flatMap((kind) => this.byKind[kind] ?? []);
  }
}
