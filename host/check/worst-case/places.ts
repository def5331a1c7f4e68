// SPDX-License-Identifier: MIT
// Which place of the source each instruction comes from, and so, which loops and calls of the module the author's comments are about.

import { evaluate, type FlowFacts, type Formula, type LineFact, type SourceLoop, type Parameter, type Use } from '../../build/flow-facts.js';
import { isLibrary } from '../../cpu/wasm/trap.js';
import type { Location, SourceMap } from '../../build/source-map.js';
import { opsOf, type CodeNode, type FunctionCode, type Op } from './code.js';

/** A limit on how often something happens in one call of the root, all places together. */
export interface Limit {
  readonly limit: number;
  readonly file: string;
  readonly line: number;
  /** As it stands in the source, for reports. */
  readonly text: string;
  /** Whether it limits a loop's turns. */
  readonly isLoop: boolean;
}

/** What one call of a function can use up. */
export interface Resource {
  readonly of: Formula;
  readonly text: string;
}

/** Upper ends of a function's arguments. */
export type Arguments = readonly (readonly [low: number, high: number])[];

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
  /** Most core cycles that the loops in a call take, waiting for hardware, by the call's offset. */
  readonly waits: ReadonlyMap<number, number>;
  /** What each run of a loop's body, or of an instruction, uses up, by its offset. */
  readonly uses: ReadonlyMap<number, { readonly resource: Resource; readonly weight: number }>;
}

/** Which of a function's parameters a declared one has become, since the optimiser takes some out; undefined when that is not certain. */
function indexOfParameter(declared: readonly Parameter[], types: readonly Parameter['type'][], name: string): number | undefined {
  const found = new Set<number>();
  const match = (d: number, t: number, at: number): void => {
    if (t === types.length) found.add(at);
    else if (declared.length - d >= types.length - t) {
      match(d + 1, t, at);
      if (declared[d].type === types[t]) match(d + 1, t + 1, declared[d].name === name ? t : at);
    }
  };
  match(0, 0, -1);
  const [index] = found;
  return found.size === 1 && index >= 0 ? index : undefined;
}

type Position = { readonly line: number; readonly column: number };
const isBefore = (a: Position, b: Position): boolean => a.line < b.line || (a.line === b.line && a.column < b.column);

export class Places {
  private readonly functions = new Map<FunctionCode, FunctionPlaces>();
  private readonly loopsOfFile = new Map<string, SourceLoop[]>();
  private readonly totals = new Map<SourceLoop, Limit>();
  private readonly lineLimits = new Map<string, { readonly fact: LineFact; readonly limit: Limit }[]>();
  private readonly parameters: FlowFacts['parameters'];

  constructor(
    { loops, lines, parameters }: FlowFacts,
    private readonly sourceMap: SourceMap | undefined,
    private readonly nameOf: (functionIndex: number) => string | undefined,
  ) {
    this.parameters = parameters;
    for (const loop of loops) {
      this.loopsOfFile.set(loop.file, [...(this.loopsOfFile.get(loop.file) ?? []), loop]);
      const { file, from: { line }, bound, total } = loop;
      if (total !== undefined) this.totals.set(loop, { limit: total, file, line, text: `@bound(${bound?.join(' ')}, ${total} in all)`, isLoop: true });
    }
    for (const fact of lines) {
      const limit = { limit: fact.limit, file: fact.file, line: fact.from.line, text: `@${fact.kind}(${fact.limit})`, isLoop: false };
      this.lineLimits.set(fact.file, [...this.lineLimits.get(fact.file) ?? [], { fact, limit }]);
    }
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
    return this.around(code, opsOf(construct.body)) ?? this.locate(code, construct.body[0]?.at ?? loopAt);
  }

  /** Where what is inlined from a library stands in the source that it is inlined into: the first place in it, or before it, that is no library's. */
  private around(code: FunctionCode, ops: readonly Op[]): Location | undefined {
    if (!this.sourceMap || ops.length === 0) return undefined;
    const { sourceMap } = this;
    const own = (op: Op, from: number): Location | undefined => sourceMap.locate(op.at, from, (file) => !isLibrary(file));
    // One that lies before the loop is that of a statement before it.
    for (const op of ops) {
      const place = own(op, ops[0].at);
      if (place) return place;
    }
    return isLibrary(this.nameOf(code.index) ?? '') ? undefined : own(ops[0], code.body.start);
  }

  /** A place that is not in a library: that of an instruction, or, where it is inlined from a library, that of the code around it. */
  locateAround(code: FunctionCode, at: number): Location | undefined {
    const here = this.locate(code, at);
    const isInlined = here && isLibrary(here.file) && !isLibrary(this.nameOf(code.index) ?? '');
    return (isInlined ? this.sourceMap?.locate(at, code.body.start, (file) => !isLibrary(file)) : undefined) ?? here;
  }

  /**
   * Value of a formula for arguments, at most. Of a parameter that the optimiser has taken out, it counts what the sources pass for it at most.
   */
  valueOf(code: FunctionCode, formula: Formula, args: Arguments): number | undefined {
    return evaluate(formula, (name) => {
      const index = this.parameterIndex(code, name);
      const high = index === undefined ? this.mostPassed(code, name) : args[index]?.[1];
      return high !== undefined && Number.isFinite(high) ? high : undefined;
    });
  }

  /** Index of a parameter by its name in the source. */
  parameterIndex(code: FunctionCode, name: string): number | undefined {
    return indexOfParameter(this.declared(code), code.parameterTypes, name);
  }

  /** The largest value that the sources pass for a parameter, as far as it is known. */
  mostPassed(code: FunctionCode, name: string): number | undefined {
    return this.declared(code).find((parameter) => parameter.name === name)?.most;
  }

  private declared(code: FunctionCode): readonly Parameter[] {
    return this.parameters[this.nameOf(code.index) ?? ''] ?? [];
  }

  /** Most times that a loop goes back to its head, if its source says so: its body has then run so often, but that of a do … while once more. */
  turns(code: FunctionCode, loopAt: number, args: Arguments): number | undefined {
    const loop = this.of(code).loops.get(loopAt);
    if (!loop) return undefined;
    const { bound, total, use, isDo } = loop;
    const there = use && this.valueOf(code, use.of, args);
    const most = Math.min(bound ? this.valueOf(code, bound, args) ?? Infinity : Infinity, total ?? Infinity, there === undefined ? Infinity : Math.trunc(there / use!.weight));
    return most === Infinity ? undefined : Math.max(0, most - (isDo ? 1 : 0));
  }

  /**
   * As many turns as the code shows of a loop at most for that to count, and not what its source says: of one that ends by more than the function that it asks, and so may leave
   * something for later, no more than that function has to give at once.
   */
  shown(code: FunctionCode, loopAt: number): number {
    const asks = this.of(code).loops.get(loopAt)?.asks;
    return asks?.most === undefined || asks.untilNo ? -1 : asks.most;
  }

  /** What a loop's source says that comes to no number: `@bound(n)` of an `n` of which nothing is known. */
  unknownBound(code: FunctionCode, loopAt: number, args: Arguments): { readonly text: string; readonly unknown: readonly string[] } | undefined {
    const bound = this.of(code).loops.get(loopAt)?.bound;
    const names = (bound ?? []).filter((token): token is string => typeof token === 'string' && /^[A-Za-z_]/.test(token));
    const unknown = names.filter((name) => this.valueOf(code, [name], args) === undefined);
    return bound && unknown.length > 0 ? { text: `@bound(${bound.join(' ')})`, unknown } : undefined;
  }

  of(code: FunctionCode): FunctionPlaces {
    let places = this.functions.get(code);
    if (!places) this.functions.set(code, places = this.read(code));
    return places;
  }

  private read(code: FunctionCode): FunctionPlaces {
    const votes = new Map<number, Map<SourceLoop, number>>();
    const inner = new Map<number, number[]>();
    const sums = new Map<number, Limit>();
    const waits = new Map<LineFact, number[]>();
    // Where a statement is to be counted: copies of one place of it, which inlining made, count together.
    const firsts = new Map<Limit, { ops: Op[]; here: Location; depth: number; use?: Use }>();
    const walk = (nodes: readonly CodeNode[], loops: readonly number[]): void => {
      for (const node of nodes) {
        if (node.kind !== 'op') {
          const inside = node.kind === 'loop' ? [...loops, node.at] : loops;
          if (node.kind === 'loop') for (const outer of loops) inner.set(outer, [...(inner.get(outer) ?? []), node.at]);
          walk(node.body, inside);
          walk(node.otherwise, inside);
          continue;
        }
        const here = this.locate(code, node.at);
        if (!here) continue;
        const innermost = loops[loops.length - 1];
        if (innermost !== undefined) this.vote(votes, innermost, here);
        for (const { fact, limit } of this.lineLimits.get(here.file) ?? []) {
          if (isBefore(here, fact.from) || !isBefore(here, fact.to)) continue;
          if (fact.kind === 'sum' || fact.kind === 'waits') {
            if (node.name !== 'call') continue;
            if (fact.kind === 'sum') sums.set(node.at, limit);
            else waits.set(fact, [...(waits.get(fact) ?? []), node.at]);
            continue;
          }
          const first = firsts.get(limit);
          const depth = loops.length;
          const isCall = node.name === 'call';
          if (first && isCall && first.ops[0].name === 'call' && here.line === first.here.line && here.column === first.here.column) first.ops.push(node);
          else if (!first || (isCall && first.ops[0].name !== 'call')) firsts.set(limit, { ops: [node], here, depth, use: fact.use });
          else if (isCall === (first.ops[0].name === 'call') && depth < first.depth) firsts.set(limit, { ops: [node], here, depth, use: fact.use });
        }
      }
    };
    walk(code.nodes, []);
    const loops = new Map<number, SourceLoop>();
    // From the inside out: what an inner loop is, an outer one is not.
    for (const at of [...code.loops.keys()].sort((a, b) => (inner.get(a)?.length ?? 0) - (inner.get(b)?.length ?? 0))) {
      const taken = new Set((inner.get(at) ?? []).map((loop) => loops.get(loop)));
      const own = [...(votes.get(at) ?? [])];
      const candidates = own.filter(([loop]) => !taken.has(loop));
      // Where all else is inlined from elsewhere, what speaks for it may be the beginnings of inner loops, or nothing but these loops: it is around them.
      for (const [loop, count] of candidates.length > 0 ? [] : own.length > 0 ? own : [...taken].map((loop) => [loop, 1] as const)) {
        const outer = loop && this.loopAround(loop);
        if (outer && !taken.has(outer)) candidates.push([outer, count]);
      }
      if (candidates.length > 0) loops.set(at, candidates.reduce((a, b) => (b[1] > a[1] ? b : a))[0]);
    }
    const loopTotals = new Map([...loops].flatMap(([at, loop]) => (this.totals.has(loop) ? [[at, this.totals.get(loop)!] as const] : [])));
    const resources = new Map<string, Resource>();
    const used = ({ of, text, weight }: Use) => {
      if (!resources.has(text)) resources.set(text, { of, text });
      return { resource: resources.get(text)!, weight };
    };
    const uses = new Map([...loops].flatMap(([at, { use }]) => (use ? [[at, used(use)] as const] : [])));
    for (const { ops, use } of firsts.values()) if (use) for (const op of ops) uses.set(op.at, used(use));
    // The dearest way passes all calls of the statement, which share the time.
    const shares = new Map([...waits].flatMap(([{ limit }, calls]) => calls.map((at) => [at, Math.ceil(limit / calls.length)] as const)));
    return { loops, loopTotals, sums, uses, waits: shares, most: new Map([...firsts].flatMap(([limit, { ops, use }]) => (use ? [] : ops.map((op) => [op.at, limit] as const)))) };
  }

  /**
   * An instruction that is in a loop, and in no loop inside of that, speaks for the innermost source loop around its place: optimised code has conditions and
   * bodies in any order, and what was inlined has a file of its own. The first one, which is nearly always the condition's, has the most to say.
   */
  private vote(votes: Map<number, Map<SourceLoop, number>>, loopAt: number, here: Location): void {
    const found = this.innermost(here.file, (loop) => !isBefore(here, loop.from) && isBefore(here, loop.to));
    if (!found) return;
    const own = votes.get(loopAt) ?? new Map<SourceLoop, number>();
    votes.set(loopAt, own.set(found, (own.get(found) ?? 0) + (votes.has(loopAt) ? 1 : 1000)));
  }
  private loopAround({ file, from, to }: SourceLoop): SourceLoop | undefined {
    return this.innermost(file, (loop) => isBefore(loop.from, from) && !isBefore(loop.to, to));
  }

  /** Of source loops around one another, the innermost. */
  private innermost(file: string, isAround: (loop: SourceLoop) => boolean): SourceLoop | undefined {
    let found: SourceLoop | undefined;
    for (const loop of this.loopsOfFile.get(file) ?? []) if (isAround(loop) && (!found || isBefore(found.from, loop.from))) found = loop;
    return found;
  }
}
