// SPDX-License-Identifier: MIT
// Which place of the source each instruction comes from, and so, which loops and calls of the module the author's comments are about.

import type { FlowFacts, LineFact, SourceLoop } from '../../build/flow-facts.js';
import type { Location, SourceMap } from '../../build/source-map.js';
import type { CodeNode, FunctionCode, Op } from './code.js';

/** A limit on how often something happens in one call of the root, all places together. */
export interface Limit {
  readonly limit: number;
  readonly file: string;
  readonly line: number;
  /** As it stands in the source, for reports. */
  readonly text: string;
}

/** What is said of places of one function. */
export interface FunctionPlaces {
  /** By a loop's offset. */
  readonly loops: ReadonlyMap<number, SourceLoop>;
  /** Limits on the turns of a loop, by its offset. */
  readonly loopTotals: ReadonlyMap<number, Limit>;
  /** Limits on an instruction, by its offset. */
  readonly most: ReadonlyMap<number, Limit>;
  /** Limits on the sum of a call's counting argument, by its offset. */
  readonly sums: ReadonlyMap<number, Limit>;
}

type Position = { readonly line: number; readonly column: number };
const isBefore = (a: Position, b: Position): boolean => a.line < b.line || (a.line === b.line && a.column < b.column);

export class Places {
  private readonly functions = new Map<FunctionCode, FunctionPlaces>();
  private readonly loopsOfFile = new Map<string, SourceLoop[]>();
  private readonly totals = new Map<SourceLoop, Limit>();
  private readonly lineLimits: readonly { readonly fact: LineFact; readonly limit: Limit }[];
  readonly limits: readonly Limit[];

  constructor({ loops, lines }: FlowFacts, private readonly sourceMap: SourceMap | undefined) {
    for (const loop of loops) {
      this.loopsOfFile.set(loop.file, [...(this.loopsOfFile.get(loop.file) ?? []), loop]);
      const { file, from: { line }, bound, total } = loop;
      if (total !== undefined) this.totals.set(loop, { limit: total, file, line, text: `@bound(${bound}, ${total} in all)` });
    }
    this.lineLimits = lines.map((fact) => ({ fact, limit: { limit: fact.limit, file: fact.file, line: fact.from.line, text: `@${fact.kind}(${fact.limit})` } }));
    this.limits = [...this.totals.values(), ...this.lineLimits.map(({ limit }) => limit)];
  }

  /** Where an instruction comes from; undefined without a source map. */
  locate(code: FunctionCode, at: number): Location | undefined {
    return this.sourceMap?.locate(at, code.body.start);
  }

  /** The place that a loop stands at in the source. */
  locateLoop(code: FunctionCode, loopAt: number): { file: string; line: number } | undefined {
    const loop = this.of(code).loops.get(loopAt);
    if (loop) return { file: loop.file, line: loop.from.line };
    const construct = code.loops.get(loopAt)!;
    return this.locate(code, construct.body[0]?.at ?? loopAt);
  }

  /** Most times that a loop goes back to its head, if its source says so: its body has then run so often, but that of a do … while once more. */
  turns(code: FunctionCode, loopAt: number): number | undefined {
    const loop = this.of(code).loops.get(loopAt);
    const bound = loop?.bound ?? loop?.total;
    return bound === undefined ? undefined : Math.max(0, bound - (loop!.isDo ? 1 : 0));
  }

  of(code: FunctionCode): FunctionPlaces {
    let places = this.functions.get(code);
    if (!places) this.functions.set(code, places = this.read(code));
    return places;
  }

  private read(code: FunctionCode): FunctionPlaces {
    const votes = new Map<number, Map<SourceLoop, number>>();
    const sums = new Map<number, Limit>();
    const firsts = new Map<Limit, { op: Op; depth: number }>();
    const walk = (nodes: readonly CodeNode[], loops: readonly number[]): void => {
      for (const node of nodes) {
        if (node.kind !== 'op') {
          const inside = node.kind === 'loop' ? [...loops, node.at] : loops;
          walk(node.body, inside);
          walk(node.otherwise, inside);
          continue;
        }
        const here = this.locate(code, node.at);
        if (!here) continue;
        const innermost = loops[loops.length - 1];
        if (innermost !== undefined) this.vote(votes, innermost, here);
        for (const { fact, limit } of this.lineLimits) {
          if (fact.file !== here.file || isBefore(here, fact.from) || !isBefore(here, fact.to)) continue;
          if (fact.kind === 'sum') {
            if (node.name === 'call') sums.set(node.at, limit);
            continue;
          }
          const first = firsts.get(limit);
          const depth = loops.length;
          if (!first || depth < first.depth || (depth === first.depth && node.name === 'call' && first.op.name !== 'call')) firsts.set(limit, { op: node, depth });
        }
      }
    };
    walk(code.nodes, []);
    const loops = new Map<number, SourceLoop>();
    for (const [at, candidates] of votes) loops.set(at, [...candidates].reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
    const loopTotals = new Map([...loops].flatMap(([at, loop]) => (this.totals.has(loop) ? [[at, this.totals.get(loop)!] as const] : [])));
    return { loops, loopTotals, sums, most: new Map([...firsts].map(([limit, { op }]) => [op.at, limit])) };
  }

  /**
   * An instruction that is in a loop, and in no loop inside of that, speaks for the innermost source loop around its place: optimised code has conditions and
   * bodies in any order, and what was inlined has a file of its own.
   */
  private vote(votes: Map<number, Map<SourceLoop, number>>, loopAt: number, here: Location): void {
    let found: SourceLoop | undefined;
    for (const loop of this.loopsOfFile.get(here.file) ?? []) {
      if (!isBefore(here, loop.from) && isBefore(here, loop.to) && (!found || isBefore(found.from, loop.from))) found = loop;
    }
    if (!found) return;
    const own = votes.get(loopAt) ?? new Map<SourceLoop, number>();
    votes.set(loopAt, own.set(found, (own.get(found) ?? 0) + 1));
  }
}
