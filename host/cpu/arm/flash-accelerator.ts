// SPDX-License-Identifier: MIT
// The STM32F4's ART accelerator as it costs time: what the core waits for flash when it fetches and when it reads data (RM0090, 3.5.1 and 3.5.2).
//
// Its tables lie in the engine's memory, since translated code looks into them itself: for each flash line a byte that says in which place of the
// cache it is, and for each place when it was last used.

import type { ArmMemory } from './memory.js';
import { STATE } from './state.js';

/** What the core's engines ask. Lines are flash lines of 16 bytes, counted from the start of flash. */
export interface FlashTiming {
  /** Cycles that the core waits for the line its instructions come from; told at each change of line. @param sequential the line after the last one */
  fetch(line: number, sequential: boolean): number;
  /** Cycles that it waits for data (literal pools, tables). */
  data(line: number): number;
}

/** FLASH_ACR, as far as it costs time. */
export interface FlashAccess {
  /** Wait states. */
  readonly latency: number;
  readonly prefetch: boolean;
  readonly instructionCache: boolean;
  readonly dataCache: boolean;
}

/** Lines of 128 bits that each cache holds (RM0090, 3.5.2). */
const INSTRUCTION_LINES = 64;
const DATA_LINES = 8;
/** Wait states that ACR can ask for, plus one: a wait is always shorter. */
export const LONGEST_WAIT = 16;
/** Cycles in which the core gets through a line of straight code: four to eight instructions; meanwhile the prefetcher reads the next one. */
const CYCLES_A_LINE = 5;
/** The access clock is an unsigned word; long before it wraps, ages are renumbered. */
const RENUMBER_AT = 2 ** 31;

/** Byte offsets in the WebAssembly memory of one cache's tables. */
export interface CacheTables {
  /** A byte for each line of flash: its place in the cache + 1, or 0. */
  readonly placeOf: number;
  /** A word for each place: the access clock when it was last used; 0 for an empty place. */
  readonly used: number;
  /** A word for each place: the line that is there, or -1. */
  readonly lineAt: number;
  readonly places: number;
}

const align16 = (n: number): number => (n + 15) & ~15;

/** Bytes that the tables of a flash of this size want. */
export const acceleratorBytes = (flashBytes: number): number => 2 * align16(flashBytes >> 4) + 8 * (INSTRUCTION_LINES + DATA_LINES);

export class FlashAccelerator implements FlashTiming {
  readonly instructions: CacheTables;
  readonly datas: CacheTables;
  private readonly state: Int32Array;
  private readonly clock: Uint32Array;
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly uwords: Uint32Array;

  /** @param tables byte offset of `acceleratorBytes` free bytes, a multiple of 16 */
  constructor(memory: ArmMemory, flashBytes: number, tables: number) {
    const { buffer } = memory.wasm;
    this.state = memory.state;
    this.clock = new Uint32Array(buffer, 4 * STATE.LINE_CLOCK, 1);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.uwords = new Uint32Array(buffer);
    let at = tables;
    const take = (byteCount: number): number => (at += align16(byteCount)) - align16(byteCount);
    const cache = (places: number): CacheTables => ({ placeOf: take(flashBytes >> 4), used: take(4 * places), lineAt: take(4 * places), places });
    this.instructions = cache(INSTRUCTION_LINES);
    this.datas = cache(DATA_LINES);
    this.reset();
    this.configure({ latency: 0, prefetch: false, instructionCache: false, dataCache: false });
  }

  /** Takes over what FLASH_ACR says. A cache that is off keeps what it holds (RM0090, 3.9.1: it can be reset only while it is off). */
  configure({ latency, prefetch, instructionCache, dataCache }: FlashAccess): void {
    const { state } = this;
    state[STATE.MISS] = latency;
    state[STATE.MISS_SEQUENTIAL] = prefetch ? Math.max(0, latency + 1 - CYCLES_A_LINE) : latency;
    state[STATE.CACHES] = (instructionCache ? 1 : 0) | (dataCache ? 2 : 0);
    // What a switched-off cache holds is not looked at.
    if (!instructionCache) this.clear(this.instructions);
    if (!dataCache) this.clear(this.datas);
  }

  reset(): void {
    this.clear(this.instructions);
    this.clear(this.datas);
    this.state[STATE.LINE] = -1;
  }

  fetch(line: number, sequential: boolean): number {
    return this.access(this.instructions, line, 1, sequential ? STATE.MISS_SEQUENTIAL : STATE.MISS);
  }

  data(line: number): number {
    return this.access(this.datas, line, 2, STATE.MISS);
  }

  /** Keeps the access clock from wrapping. To be called now and then, at times that do not depend on the engine. */
  renumber(): void {
    if (this.clock[0] < RENUMBER_AT) return;
    let ages = 0;
    for (const { used, places } of [this.instructions, this.datas]) {
      const order = Array.from({ length: places }, (_, i) => (used >> 2) + i).filter((at) => this.uwords[at] !== 0).sort((a, b) => this.uwords[a] - this.uwords[b]);
      order.forEach((at, age) => { this.uwords[at] = age + 1; });
      ages = Math.max(ages, order.length);
    }
    this.clock[0] = ages + 1;
  }

  private access({ placeOf, used, lineAt, places }: CacheTables, line: number, enable: number, missCost: number): number {
    const { bytes, words, uwords, state, clock } = this;
    const now = clock[0]++;
    const place = bytes[placeOf + line];
    if (place !== 0) {
      uwords[(used >> 2) + place - 1] = now;
      return 0;
    }
    if (state[STATE.CACHES] & enable) {
      let oldest = 0;
      for (let i = 1; i < places; i++) if (uwords[(used >> 2) + i] < uwords[(used >> 2) + oldest]) oldest = i;
      const evicted = words[(lineAt >> 2) + oldest];
      if (evicted >= 0) bytes[placeOf + evicted] = 0;
      words[(lineAt >> 2) + oldest] = line;
      bytes[placeOf + line] = oldest + 1;
      uwords[(used >> 2) + oldest] = now;
    }
    return state[missCost];
  }

  private clear({ placeOf, used, lineAt, places }: CacheTables): void {
    for (let i = 0; i < places; i++) {
      const line = this.words[(lineAt >> 2) + i];
      // All lines are -1 after this; the first time they are 0, and clearing line 0 does no harm.
      if (line >= 0) this.bytes[placeOf + line] = 0;
      this.words[(lineAt >> 2) + i] = -1;
      this.words[(used >> 2) + i] = 0;
    }
    if (this.clock[0] === 0) this.clock[0] = 1;
  }
}
