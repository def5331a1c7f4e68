// SPDX-License-Identifier: MIT
// Checks at run time what the author says of how often code runs: counters in the very module that ships, at the places that the analysis takes the
// comments to be about. A place that does not keep to what is said traps, and the report names it.

import type { Firmware } from '../../build/compile.js';
import type { Formula } from '../../build/flow-facts.js';
import type { Probes } from '../../cpu/wasm/meter.js';
import { FirmwareAbort } from '../../cpu/pre-emptive-cpu.js';
import { ByteWriter } from '../../cpu/wasm/writer.js';
import type { FunctionCode } from './code.js';
import type { Limit, Resource } from './places.js';
import { WorstCaseAnalysis } from './worst-case.js';

const FAILED = 'watch:failed';
const PENDING = 'watch:pending';
const OP = { unreachable: 0, if: 4, end: 0x0b, localGet: 0x20, localSet: 0x21, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, gtU: 0x4b, add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d } as const;
const VOID_BLOCK = 0x40;

/** Name of the limit on blocks that are due (assembly/drivers): when one is late there are more, which the driver counts by itself. */
const BLOCKS = 'blocks';

interface Said { readonly file: string; readonly line: number; readonly text: string }

type WatchedFirmware = Pick<Firmware, 'wasm' | 'sourceMap' | 'flowFacts' | 'natives' | 'vectors'>;
type Exports = Record<string, unknown>;
type Emit = (out: ByteWriter, firstLocal: number, firstGlobal: number) => void;

/** Counters for one firmware. */
export class Watch {
  private readonly said: Said[] = [];
  private readonly totals: Limit[] = [];
  private readonly localCounts = new Map<number, number>();
  private readonly inserted = new Map<number, Emit[]>();

  /** What is said holds in the calls of the firmware's handlers. */
  static ofHandlers(firmware: WatchedFirmware): Watch {
    const watch = new Watch();
    watch.watchHandlers(firmware);
    return watch;
  }

  /** What is said of one call of a function holds, whoever calls it: `@bound` and `@uses`. */
  static ofCalls(firmware: WatchedFirmware): Watch {
    const watch = new Watch();
    const analysis = new WorstCaseAnalysis(firmware);
    for (const code of analysis.functions()) watch.watchFunction(analysis, code, undefined);
    return watch;
  }

  private constructor() {}

  private watchHandlers(firmware: WatchedFirmware): void {
    const analysis = new WorstCaseAnalysis(firmware);
    const reached = analysis.contextsOf(firmware.vectors.map(({ exportName }) => exportName));
    const sums = new Map<number, { limit: Limit; callee: FunctionCode; counting: number }>();
    for (const { calls, code } of reached) {
      for (const { at, contexts, counting } of calls.values()) {
        const limit = analysis.places.of(code).sums.get(at);
        if (limit && counting >= 0) sums.set(at, { limit, callee: [...contexts.values()][0].code, counting });
      }
    }
    const loopsAsSaid = new Map<FunctionCode, Set<number>>();
    for (const { code, asSaid } of reached) loopsAsSaid.set(code, new Set([...loopsAsSaid.get(code) ?? [], ...asSaid]));
    for (const [code, asSaid] of loopsAsSaid) this.watchFunction(analysis, code, asSaid);
    const entered = new Set<FunctionCode>();
    for (const [at, { limit, callee, counting }] of sums) {
      const total = this.total(limit);
      this.insert(at, (out, _, global) => out.u8(OP.i32Const).s32(total + 1).u8(OP.globalSet).u32(global + 1));
      if (entered.has(callee)) continue;
      entered.add(callee);
      this.insert(callee.nodes[0].at, (out, _, global) => {
        // Called from a place whose sum is limited: the argument counts.
        out.u8(OP.globalGet).u32(global + 1).u8(OP.if).u8(VOID_BLOCK).u8(OP.i32Const).s32(0).u8(OP.globalSet).u32(global + 1);
        this.addTotal(out, global, total, limit, () => out.u8(OP.localGet).u32(counting));
        out.u8(OP.end);
      });
    }
  }

  /** What the meter puts in. */
  get probes(): Probes {
    return {
      globals: [FAILED, PENDING, ...this.totals.map((_, i) => `watch:${i}`)],
      locals: (index) => this.localCounts.get(index) ?? 0,
      before: (_, offset, firstLocal, firstGlobal) => {
        const emits = this.inserted.get(offset);
        if (!emits) return undefined;
        const out = new ByteWriter();
        for (const emit of emits) emit(out, firstLocal, firstGlobal);
        return out.take().slice();
      },
    };
  }

  /** A handler whose calls count by themselves. @throws FirmwareAbort with file and line when something said does not hold */
  wrap(exports: Exports, handler: () => void): () => void {
    const counters = [PENDING, ...this.totals.map((_, i) => `watch:${i}`)].map((name) => exports[name] as WebAssembly.Global);
    return () => {
      const before = counters.map((counter) => counter.value as number);
      for (const counter of counters) counter.value = 0;
      try {
        handler();
      } catch (error) {
        throw this.explained(exports, error);
      }
      counters.forEach((counter, i) => { counter.value = before[i]; });
    };
  }

  /** What a call has thrown; in words, with file and line, when something said does not hold. */
  explained(exports: Exports, error: unknown): unknown {
    const failed = exports[FAILED] as WebAssembly.Global;
    if (failed.value === 0) return error;
    const { file, line, text } = this.said[(failed.value as number) - 1];
    failed.value = 0;
    return new FirmwareAbort(`${text} does not hold: it happened more often`, file, line, 1);
  }

  private total(limit: Limit): number {
    if (!this.totals.includes(limit)) this.totals.push(limit);
    return this.totals.indexOf(limit);
  }

  private insert(offset: number, emit: Emit): void {
    this.inserted.set(offset, [...(this.inserted.get(offset) ?? []), emit]);
  }

  private local(code: FunctionCode): number {
    const local = this.localCounts.get(code.index) ?? 0;
    this.localCounts.set(code.index, local + 1);
    return local;
  }

  /** Traps when the number on the stack is above the one pushed. */
  private failIfAbove(out: ByteWriter, global: number, said: Said, push: () => void): void {
    push();
    this.said.push(said);
    out.u8(OP.gtU).u8(OP.if).u8(VOID_BLOCK).u8(OP.i32Const).s32(this.said.length).u8(OP.globalSet).u32(global).u8(OP.unreachable).u8(OP.end);
  }

  private addTotal(out: ByteWriter, global: number, total: number, limit: Limit, push: () => void): void {
    const index = global + 2 + total;
    out.u8(OP.globalGet).u32(index);
    push();
    out.u8(OP.add).u8(OP.globalSet).u32(index).u8(OP.globalGet).u32(index);
    this.failIfAbove(out, global, limit, () => out.u8(OP.i32Const).s32(limit.limit));
  }

  /** @param asSaid of a handler's functions, in which what is limited in a whole call counts too: loops that nothing bounds as much as what is said of them */
  private watchFunction(analysis: WorstCaseAnalysis, code: FunctionCode, asSaid: ReadonlySet<number> | undefined): void {
    const whole = asSaid !== undefined;
    const { loops, loopTotals, most, uses } = analysis.places.of(code);
    const head = code.nodes[0]?.at ?? code.endAt;
    /** A formula's value when the function is called, in a local; undefined where a parameter is not to be found, and neither is what is passed for it at most. */
    const atEntry = (said: Formula): number | undefined => {
      const isThere = (token: number | string): boolean => typeof token !== 'string' || !/^\w/.test(token) || analysis.places.parameterIndex(code, token) !== undefined;
      const formula = said.map((token) => (isThere(token) ? token : analysis.places.mostPassed(code, String(token)) ?? token));
      if (!formula.every(isThere)) return undefined;
      const local = this.local(code);
      this.insert(head, (out, firstLocal) => {
        writeFormula(out, formula, (name) => analysis.places.parameterIndex(code, name)!);
        out.u8(OP.localSet).u32(firstLocal + local);
      });
      return local;
    };
    const there = new Map<Resource, { limit: number; used: number } | undefined>();
    for (const { resource } of uses.values()) {
      if (there.has(resource)) continue;
      const limit = atEntry(resource.of);
      there.set(resource, limit === undefined ? undefined : { limit, used: this.local(code) });
    }
    const useUp = (out: ByteWriter, firstLocal: number, global: number, at: number, said: Said): void => {
      const use = uses.get(at);
      const locals = use && there.get(use.resource);
      if (!use || !locals) return;
      out.u8(OP.localGet).u32(firstLocal + locals.used).u8(OP.i32Const).s32(use.weight).u8(OP.add).u8(OP.localSet).u32(firstLocal + locals.used);
      out.u8(OP.localGet).u32(firstLocal + locals.used);
      this.failIfAbove(out, global, { ...said, text: `@uses(${use.weight} of ${use.resource.text})` }, () => out.u8(OP.localGet).u32(firstLocal + locals.limit));
    };
    for (const [at, loop] of loops) {
      const { file, from: { line }, isDo, asks } = loop;
      const isShown = asks && analysis.places.shown(code, at) >= 0 && !asSaid?.has(at);
      const bound = asks?.limit === BLOCKS || isShown ? undefined : loop.bound;
      const total = whole ? loopTotals.get(at) : undefined;
      if (!bound && !total && !uses.has(at)) continue;
      const formula = bound?.join(' ') ?? '';
      const said = { file, line, text: asks ? `@turns(${asks.limit}: ${formula})` : `@bound(${formula})` };
      const most = bound && atEntry(bound);
      const turn = this.local(code);
      this.insert(at, (out, firstLocal) => out.u8(OP.i32Const).s32(0).u8(OP.localSet).u32(firstLocal + turn));
      const body = code.loops.get(at)!;
      this.insert(body.body[0]?.at ?? body.endAt, (out, firstLocal, global) => {
        out.u8(OP.localGet).u32(firstLocal + turn).u8(OP.i32Const).s32(1).u8(OP.add).u8(OP.localSet).u32(firstLocal + turn);
        if (most !== undefined) {
          out.u8(OP.localGet).u32(firstLocal + turn);
          this.failIfAbove(out, global, said, () => out.u8(OP.localGet).u32(firstLocal + most).u8(OP.i32Const).s32(isDo ? 0 : 1).u8(OP.add));
        }
        // At the head for the first time, a loop that asks first has not run its body.
        out.u8(OP.localGet).u32(firstLocal + turn).u8(OP.i32Const).s32(isDo ? 0 : 1).u8(OP.gtU).u8(OP.if).u8(VOID_BLOCK);
        if (total) this.addTotal(out, global, this.total(total), total, () => out.u8(OP.i32Const).s32(1));
        useUp(out, firstLocal, global, at, said);
        out.u8(OP.end);
      });
      if (total) this.total(total);
    }
    for (const [at, limit] of whole ? most : []) {
      const total = this.total(limit);
      this.insert(at, (out, _, global) => this.addTotal(out, global, total, limit, () => out.u8(OP.i32Const).s32(1)));
    }
    for (const at of uses.keys()) {
      if (loops.has(at)) continue;
      const here = analysis.places.locate(code, at);
      this.insert(at, (out, firstLocal, global) => useUp(out, firstLocal, global, at, { file: here?.file ?? '', line: here?.line ?? 0, text: '' }));
    }
  }
}

/** Code that leaves a formula's value on the stack. */
function writeFormula(out: ByteWriter, tokens: Formula, parameter: (name: string) => number): void {
  let at = 0;
  const atom = (): void => {
    const token = tokens[at++];
    if (token === '(') {
      sum();
      at++;
    } else if (typeof token === 'number') out.u8(OP.i32Const).s32(token);
    else out.u8(OP.localGet).u32(parameter(token));
  };
  const chain = (operand: () => void, operators: Readonly<Record<string, number>>) => (): void => {
    operand();
    for (let op = operators[String(tokens[at])]; op !== undefined && typeof tokens[at] === 'string'; op = operators[String(tokens[at])]) {
      at++;
      operand();
      out.u8(op);
    }
  };
  const product = chain(atom, { '*': OP.mul, '/': OP.divS });
  const sum = chain(product, { '+': OP.add, '-': OP.sub });
  sum();
}
