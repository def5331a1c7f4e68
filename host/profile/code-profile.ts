// SPDX-License-Identifier: MIT
// The part of a profile that is about code: functions, lines, and the flame graph, from cycles by calling context and line.

import type { CallContext } from '../cpu/wasm/contexts.js';
import type { CodePlaces, Leaf } from './attribution.js';
import type { FlameGraph, FunctionProfile, LineProfile } from './profile-result.js';
import type { SourceFunction } from './source-functions.js';

export interface CodeProfile {
  readonly codeCycles: number;
  readonly functions: FunctionProfile[];
  readonly lines: LineProfile[];
  readonly flame: FlameGraph;
}

/** How the root of what has no calling context of its own is called. */
const ELSEWHERE = 'recursive or indirect calls';
const OVERHEAD = 'exception entry, dispatch and exit';

type Frame = FlameGraph['frames'][number];

/** Builds the tree from the root down: a parent is there before its children. */
class Tree {
  readonly frames: Frame[] = [];
  readonly nodes: FlameGraph['nodes'] = [];
  private readonly frameIds = new Map<string, number>();
  private readonly nodeIds = new Map<string, number>();

  node(parent: number, kind: Frame['kind'], name: string, at?: SourceFunction): number {
    const frameKey = `${kind} ${name} ${at?.file}:${at?.line}`;
    let frame = this.frameIds.get(frameKey);
    if (frame === undefined) {
      this.frameIds.set(frameKey, (frame = this.frames.length));
      this.frames.push({ name, kind, file: at?.file ?? null, line: at?.line ?? null });
    }
    const key = `${parent} ${frame}`;
    let node = this.nodeIds.get(key);
    if (node === undefined) {
      this.nodeIds.set(key, (node = this.nodes.length));
      this.nodes.push({ frame, parent, self: 0, total: 0 });
    }
    return node;
  }

  /** Sums the totals up, from the leaves. */
  finish(): FlameGraph {
    for (const node of this.nodes) node.total = node.self;
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const { parent, total } = this.nodes[i];
      if (parent >= 0) this.nodes[parent].total += total;
    }
    return { frames: this.frames, nodes: this.nodes };
  }
}

/**
 * @param entries how often each context was entered; NaN where that is not known
 * @param overhead cycles of each handler that are not its code's: the core's and the shim's
 */
export function codeProfile(attribution: CodePlaces, contexts: readonly CallContext[], entries: readonly number[], leaves: readonly Leaf[],
  overhead: ReadonlyMap<string, number>): CodeProfile {
  const tree = new Tree();
  const sourceOfNode: (SourceFunction | undefined)[] = [];
  const nodeOfContext = new Map<number, number>();
  const made = (node: number, of?: SourceFunction): number => {
    sourceOfNode[node] = of;
    return node;
  };
  /** The node of a function that was written as `of` and is now part of the context's function. */
  const within = (context: number, of: SourceFunction): number => {
    const own = attribution.ownerOf(contexts[context].functionIndex);
    const node = contextNode(context);
    return of === own ? node : made(tree.node(node, 'inlined', of.name, of), of);
  };
  const contextNode = (context: number): number => {
    const known = nodeOfContext.get(context);
    if (known !== undefined) return known;
    const { parent, site, root, functionIndex } = contexts[context];
    const own = attribution.ownerOf(functionIndex);
    const above = parent < 0 ? made(tree.node(-1, 'context', root ?? ELSEWHERE))
      : within(parent, attribution.places[attribution.placeOf(contexts[parent].functionIndex, site)].of);
    const node = made(tree.node(above, 'function', own.name, own), own);
    nodeOfContext.set(context, node);
    return node;
  };

  const byLine = new Map<string, { file: string; line: number; cycles: number; of: SourceFunction }>();
  const self = new Map<SourceFunction, number>();
  const inlined = new Set<SourceFunction>();
  let codeCycles = 0;
  for (const { context, place, cycles } of leaves) {
    const { of, file, line } = attribution.places[place];
    tree.nodes[within(context, of)].self += cycles;
    codeCycles += cycles;
    self.set(of, (self.get(of) ?? 0) + cycles);
    if (of !== attribution.ownerOf(contexts[context].functionIndex)) inlined.add(of);
    // Where several functions share a line, it is listed once, for the first that is met.
    const key = `${file}:${line}`;
    const known = byLine.get(key);
    if (!known) byLine.set(key, { file, line, cycles, of });
    else known.cycles += cycles;
  }
  for (const [root, cycles] of overhead) {
    if (cycles > 0) tree.nodes[made(tree.node(made(tree.node(-1, 'context', root)), 'overhead', OVERHEAD))].self += cycles;
  }
  const flame = tree.finish();

  const total = totals(flame, sourceOfNode);
  const calls = new Map<SourceFunction, number>();
  for (const [i, { functionIndex }] of contexts.entries()) {
    const of = attribution.ownerOf(functionIndex);
    calls.set(of, (calls.get(of) ?? 0) + entries[i]);
  }
  const functions = [...new Set([...self.keys(), ...total.keys()])].map((of): FunctionProfile => ({
    name: of.name, file: of.file, line: of.line, selfCycles: self.get(of) ?? 0, totalCycles: total.get(of) ?? 0,
    share: (self.get(of) ?? 0) / codeCycles, calls: inlined.has(of) || Number.isNaN(calls.get(of)) ? null : calls.get(of) ?? null,
  })).sort((a, b) => b.selfCycles - a.selfCycles || b.totalCycles - a.totalCycles);
  const indices = new Map(functions.map(({ file, line, name }, i) => [`${file}:${line} ${name}`, i]));
  const lines = [...byLine.values()].map(({ file, line, cycles, of }): LineProfile => ({
    file, line, cycles, share: cycles / codeCycles, function: indices.get(`${of.file}:${of.line} ${of.name}`)!,
  })).sort((a, b) => b.cycles - a.cycles);
  return { codeCycles, functions, lines, flame };
}

/** Cycles of each function with all below it: of nodes that have no node of the same function above them. */
function totals({ nodes }: FlameGraph, sourceOf: readonly (SourceFunction | undefined)[]): Map<SourceFunction, number> {
  const sums = new Map<SourceFunction, number>();
  for (const [i, { parent, total }] of nodes.entries()) {
    const of = sourceOf[i];
    if (!of) continue;
    let above = parent;
    while (above >= 0 && sourceOf[above] !== of) above = nodes[above].parent;
    if (above < 0) sums.set(of, (sums.get(of) ?? 0) + total);
  }
  return sums;
}
