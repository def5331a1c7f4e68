// SPDX-License-Identifier: MIT
// Counts the core's cycles by calling context and piece of code, for profiles. Both engines add to the same counters: the interpreter for each instruction,
// translated code for each block that it leaves, what waits and taken branches cost included. The core's own cycles count nothing from it.
//
// A context is a path of calls, known by their sites: a call leads to the context of its site below the present one, and a jump to the address behind the
// call leads back. So a jump from one function to another (a tail call, an interpreter's next operation) stays in its context, as it does on the stack.
// Exceptions have contexts of their own, told by the machine's observers.

import type { MachineObserver } from '../../machine/observer.js';
import type { ArmMemory, ArmMemoryRegion } from './memory.js';
import { STATE } from './state.js';

/** Byte offsets in a context's row. */
export const ROW = {
  /** Row of the context that calls; a root's is its own. */
  parent: 0,
  /** Where its return goes. */
  returnsTo: 4,
  /** Times that it was entered, a double. */
  calls: 8,
  /** Of a call that is about an object: the object, and the row of the same call about another one. */
  object: 16,
  next: 20,
  /** By call site, the row of the context below; 0: not met yet. */
  callees: 24,
  /** By piece of code, its cycles, a double each. */
  cycles: 24 + 4 * 2048,
} as const;
const MOST_SITES = (ROW.cycles - ROW.callees) / 4;
const MOST_PIECES = 1 << 15;
const MOST_CONTEXTS = 1 << 12;
const ROW_BYTES = ROW.cycles + 8 * MOST_PIECES;
const SUM_BYTES = 8 * MOST_PIECES;
/** A call that is about more objects than these is not about objects. */
const MOST_OBJECTS = 64;
/** Bytes of BL, which says itself where it goes; BLX has two. */
const BL_BYTES = 4;
/** No instruction is there: bit 0 is set. */
const NOWHERE = -1;

/** Bytes of memory that the counters want. What is never touched of them costs the computer nothing. */
export const COUNTER_BYTES = SUM_BYTES + MOST_CONTEXTS * ROW_BYTES;
/** The piece that stands for all that there is no room for. */
export const ELSEWHERE = 0;

/** Instructions in a row: those that begin at [start, end). */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

export interface CountedContext {
  /** Index of the context that calls; -1: a root. */
  readonly parent: number;
  /** Address of the call; 0 for a root. */
  readonly site: number;
  /** Address that the call went to when it was met first; 0 for a root. */
  readonly callee: number;
  /** What a root is of: the name of an exception, or of what runs outside of exceptions. */
  readonly root: string | undefined;
  /** What the call was about: the first argument of a function that is about objects. */
  readonly object?: number;
}

export interface CountedCycles {
  readonly context: number;
  readonly piece: number;
  readonly cycles: number;
}

export class CycleCounters implements MachineObserver {
  readonly contexts: CountedContext[] = [];
  readonly pieces: Piece[] = [{ start: 0, end: 0 }];
  /** By piece, its cycles in all contexts. */
  readonly sums: Float64Array;
  /** What `keepGrowth` kept. */
  readonly kept = new Float64Array(MOST_PIECES);
  private readonly copies = [new Float64Array(MOST_PIECES), new Float64Array(MOST_PIECES)];
  /** Byte offset of the first context's row. */
  private readonly rows: number;
  /** Cycles of the core's own work (entering and leaving exceptions), which are no instruction's. */
  ownCycles = 0;
  private readonly state: Int32Array;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly pieceIds = new Map<number, number>();
  private readonly siteIds = new Map<number, number>();
  private readonly roots = new Map<string, number>();
  /** Rows of what exceptions have interrupted. */
  private readonly interrupted: number[] = [];
  /** Of single instructions in flash, by halfword. */
  private readonly single: Int32Array;

  /**
   * @param sumsAt byte offset of `COUNTER_BYTES` zeros, a multiple of 8
   * @param boundaries addresses that no piece of code goes across: where functions begin
   * @param outside name of what runs outside of exceptions
   * @param about addresses of functions that are about an object, their first argument: each object has contexts of its own
   */
  constructor(
    memory: ArmMemory, readonly sumsAt: number, private readonly code: Pick<ArmMemoryRegion, 'origin' | 'byteCount'>,
    readonly boundaries: ReadonlySet<number>, private readonly outside: string, readonly about: ReadonlySet<number> = new Set(),
  ) {
    this.state = memory.state;
    this.words = new Int32Array(memory.wasm.buffer);
    this.doubles = new Float64Array(memory.wasm.buffer);
    this.sums = new Float64Array(memory.wasm.buffer, sumsAt, MOST_PIECES);
    this.rows = sumsAt + SUM_BYTES;
    this.single = new Int32Array(code.byteCount >> 1);
    this.reset();
  }

  /** The core begins anew: whatever was going on comes back to nobody. */
  reset(): void {
    this.interrupted.length = 0;
    this.state[STATE.CONTEXT] = this.root(this.outside);
  }

  /** Row of the present context. */
  get row(): number {
    return this.state[STATE.CONTEXT];
  }

  /** Index in `contexts` of the present one. */
  get present(): number {
    return this.indexOf(this.row);
  }

  /** Number of a piece of code; `ELSEWHERE` when there are too many. */
  piece(start: number, end: number): number {
    const key = start * 4096 + (end - start);
    let id = this.pieceIds.get(key);
    if (id === undefined) {
      if (this.pieces.length === MOST_PIECES) return ELSEWHERE;
      this.pieceIds.set(key, (id = this.pieces.length));
      this.pieces.push({ start, end });
    }
    return id;
  }

  /** Number of a call site; undefined when there are too many. */
  site(address: number): number | undefined {
    let id = this.siteIds.get(address);
    if (id === undefined) {
      if (this.siteIds.size === MOST_SITES) return undefined;
      this.siteIds.set(address, (id = this.siteIds.size));
    }
    return id;
  }

  /** The instruction at an address has taken cycles. */
  charge(row: number, pc: number, cycles: number): void {
    const half = (pc - this.code.origin) >>> 1;
    let id = half < this.single.length ? this.single[half] : 0;
    if (id === 0) {
      id = this.piece(pc, pc + 2);
      if (half < this.single.length) this.single[half] = id;
    }
    this.doubles[(row + ROW.cycles + 8 * id) >> 3] += cycles;
    this.sums[id] += cycles;
  }

  /** A call has gone to `callee`. */
  call(site: number, returnsTo: number, callee: number): void {
    const id = this.site(site);
    if (id === undefined) return;
    const { row, words } = this;
    const at = (row + ROW.callees + 4 * id) >> 2;
    const context = { parent: this.indexOf(row), site, callee, root: undefined };
    const object = this.about.has(callee) && returnsTo - site === BL_BYTES ? this.state[STATE.R] : undefined;
    if (object !== undefined) this.chooseObject(at, row, returnsTo, { ...context, object });
    else if (words[at] === 0) words[at] = this.add(context, row, returnsTo);
    const below = (this.state[STATE.CONTEXT] = words[at]);
    this.doubles[(below + ROW.calls) >> 3]++;
  }

  /** Brings the row of a call about an object to the front of that call's rows. */
  private chooseObject(at: number, row: number, returnsTo: number, context: CountedContext & { readonly object: number }): void {
    const { words } = this;
    const first = words[at];
    let count = 0;
    for (let [before, found] = [0, first]; found !== 0 && found !== row; [before, found] = [found, words[(found + ROW.next) >> 2]]) {
      if (words[(found + ROW.object) >> 2] === context.object || ++count === MOST_OBJECTS) {
        if (before === 0) return;
        words[(before + ROW.next) >> 2] = words[(found + ROW.next) >> 2];
        words[(found + ROW.next) >> 2] = first;
        words[at] = found;
        return;
      }
    }
    const added = this.add(context, row, returnsTo);
    words[at] = added;
    if (added === row) return;
    words[(added + ROW.object) >> 2] = context.object;
    words[(added + ROW.next) >> 2] = first;
  }

  /** A jump has gone to an address that was computed. */
  jump(target: number): void {
    const { row, words } = this;
    if (words[(row + ROW.returnsTo) >> 2] === target) this.state[STATE.CONTEXT] = words[(row + ROW.parent) >> 2];
  }

  exceptionEnter(vector: string): void {
    this.interrupted.push(this.row);
    const row = (this.state[STATE.CONTEXT] = this.root(vector));
    this.doubles[(row + ROW.calls) >> 3]++;
  }
  exceptionExit(): void {
    this.state[STATE.CONTEXT] = this.interrupted.pop()!;
  }
  sleep(): void {}
  blockBoundary(): void {}
  midiByte(): void {}

  take(copy: number): void {
    this.copies[copy].set(this.sums.subarray(0, this.pieces.length));
  }
  keepGrowth(copy: number): void {
    const [now, before] = [this.copies[copy], this.copies[1 - copy]];
    for (let i = 0; i < this.pieces.length; i++) this.kept[i] = now[i] - before[i];
  }

  /** Where there may be an instruction that has counted, or has called. */
  addresses(): Set<number> {
    const found = new Set(this.siteIds.keys());
    for (const { start, end } of this.pieces) for (let at = start; at < end; at += 2) found.add(at);
    return found;
  }

  /** How often a context was entered: by its call, a root by its exception. */
  callsOf(context: number): number {
    return this.doubles[(this.rowOf(context) + ROW.calls) >> 3];
  }

  /** All that was counted, by context. */
  cycles(): CountedCycles[] {
    const found: CountedCycles[] = [];
    for (let context = 0; context < this.contexts.length; context++) {
      const from = (this.rowOf(context) + ROW.cycles) >> 3;
      for (let piece = 0; piece < this.pieces.length; piece++) {
        const cycles = this.doubles[from + piece];
        if (cycles !== 0) found.push({ context, piece, cycles });
      }
    }
    return found;
  }

  private root(name: string): number {
    let row = this.roots.get(name);
    if (row === undefined) this.roots.set(name, (row = this.add({ parent: -1, site: 0, callee: 0, root: name }, 0, NOWHERE)));
    return row;
  }

  private rowOf(context: number): number {
    return this.rows + context * ROW_BYTES;
  }
  private indexOf(row: number): number {
    return (row - this.rows) / ROW_BYTES;
  }

  /** @returns its row; that of the one above when there are too many, so that calls from there stay in it. A root counts for the first one then */
  private add(context: CountedContext, parent: number, returnsTo: number): number {
    if (this.contexts.length === MOST_CONTEXTS) return parent || this.rows;
    const row = this.rowOf(this.contexts.length);
    this.contexts.push(context);
    this.words[(row + ROW.parent) >> 2] = parent || row;
    this.words[(row + ROW.returnsTo) >> 2] = returnsTo;
    return row;
  }
}
