// SPDX-License-Identifier: MIT
// The STM32F4's ART accelerator as it costs time: what the core waits for flash when it fetches and when it reads data (RM0090, 3.5.1 and 3.5.2).
//
// Its tables lie in the engine's memory, since translated code looks into them itself: for each flash line its place in the cache, and for each place when
// it was last used.

import type { ArmMemory } from './memory.js';
import { STATE } from './state.js';

/** What the core's engines ask. Lines are flash lines of 16 bytes, counted from the start of flash. */
export interface FlashTiming {
  /** Cycles that the core waits for the line its instructions come from; told at each change of line. @param sequential the line after the last one */
  fetch(line: number, sequential: boolean): number;
  /** Cycles that it waits for data (literal pools, tables). */
  data(line: number): number;
  /** To be called at times that do not depend on the engine, at least every 2^24 accesses. */
  renumber(): void;
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
/** A stamp is the clock at an access, whose low bits are free, and there the place, counted from 1: so the oldest stamp says where it is. */
export const CLOCK_STEP = 128;
export const STAMP_PLACE = CLOCK_STEP - 1;
/** Access clocks are unsigned words; long before one wraps, ages are renumbered. */
const RENUMBER_AT = 2 ** 31;

/** Byte offsets in the WebAssembly memory of one cache's tables. */
export interface CacheTables {
  /** A word: goes on by CLOCK_STEP with each access. */
  readonly clock: number;
  /** A byte for each line of flash: its place in the cache + 1, or 0. */
  readonly placeOf: number;
  /** Words for each place: the stamp of its last use, of clock 0 when it is empty; and the line that is there, or -1. */
  readonly used: number;
  readonly lineAt: number;
  readonly places: number;
}

const align16 = (n: number): number => (n + 15) & ~15;

/** Bytes that the tables of a flash of this size want. */
export const acceleratorBytes = (flashBytes: number): number => 2 * (16 + align16(flashBytes >> 4)) + 8 * (INSTRUCTION_LINES + DATA_LINES);

export class FlashAccelerator implements FlashTiming {
  readonly instructions: CacheTables;
  readonly datas: CacheTables;
  private readonly state: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly uwords: Uint32Array;

  /** @param tables byte offset of `acceleratorBytes` free bytes, a multiple of 16 */
  constructor(memory: ArmMemory, flashBytes: number, tables: number) {
    const { buffer } = memory.wasm;
    this.state = memory.state;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.uwords = new Uint32Array(buffer);
    let at = tables;
    const take = (byteCount: number): number => (at += align16(byteCount)) - align16(byteCount);
    const lines = flashBytes >> 4;
    const cache = (places: number): CacheTables => ({ clock: take(4), placeOf: take(lines), used: take(4 * places), lineAt: take(4 * places), places });
    this.instructions = cache(INSTRUCTION_LINES);
    this.datas = cache(DATA_LINES);
    for (const { clock, lineAt, places } of [this.instructions, this.datas]) {
      this.uwords[clock >> 2] = CLOCK_STEP;
      this.words.fill(-1, lineAt >> 2, (lineAt >> 2) + places);
    }
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

  /** Keeps the access clocks from wrapping: ages are numbered anew. */
  renumber(): void {
    const { uwords } = this;
    for (const { clock, used, places } of [this.instructions, this.datas]) {
      if (uwords[clock >> 2] < RENUMBER_AT) continue;
      const order = [...uwords.subarray(used >> 2, (used >> 2) + places)].filter((stamp) => stamp >= CLOCK_STEP).sort((a, b) => a - b).map((stamp) => stamp & STAMP_PLACE);
      order.forEach((place, age) => { uwords[(used >> 2) + place - 1] = (age + 1) * CLOCK_STEP + place; });
      uwords[clock >> 2] = (order.length + 1) * CLOCK_STEP;
    }
  }

  private access({ clock, placeOf, used, lineAt, places }: CacheTables, line: number, enable: number, missCost: number): number {
    const { bytes, words, uwords, state } = this;
    const now = uwords[clock >> 2];
    uwords[clock >> 2] = now + CLOCK_STEP;
    let place = bytes[placeOf + line] - 1;
    let cost = 0;
    if (place < 0) {
      cost = state[missCost];
      if (!(state[STATE.CACHES] & enable)) return cost;
      place = 0;
      for (let i = 1; i < places; i++) if (uwords[(used >> 2) + i] < uwords[(used >> 2) + place]) place = i;
      const evicted = words[(lineAt >> 2) + place];
      if (evicted >= 0) bytes[placeOf + evicted] = 0;
      words[(lineAt >> 2) + place] = line;
      bytes[placeOf + line] = place + 1;
    }
    uwords[(used >> 2) + place] = now + place + 1;
    return cost;
  }

  private clear({ placeOf, used, lineAt, places }: CacheTables): void {
    for (let place = 0; place < places; place++) {
      const line = this.words[(lineAt >> 2) + place];
      if (line >= 0) this.bytes[placeOf + line] = 0;
      this.words[(lineAt >> 2) + place] = -1;
      this.uwords[(used >> 2) + place] = place + 1;
    }
  }
}
