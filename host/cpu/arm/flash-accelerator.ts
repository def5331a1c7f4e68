// SPDX-License-Identifier: MIT
// The STM32F4's ART accelerator as it costs time: what the core waits for flash when it fetches and when it reads data (RM0090, 3.5.1 and 3.5.2).
//
// Its tables lie in the engine's memory, since translated code looks into them itself. The least recently used line gives way; time is
// counted in misses, and a line becomes the latest at its first use after each. So a line that has been used since the last miss needs nothing but a look.

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
/** The epoch is an unsigned word; long before it wraps, ages are renumbered. */
const RENUMBER_AT = 2 ** 31;

/** Byte offsets in the WebAssembly memory of one cache's tables. */
export interface CacheTables {
  /** A word: the number of misses so far, plus one. */
  readonly epoch: number;
  /** A word for each line of flash: the epoch in which it was last used, when it is in the cache and that is known; else 0. */
  readonly seen: number;
  /** A byte for each line of flash: its place in the cache + 1, or 0. */
  readonly placeOf: number;
  /** Words for each place: the line that is there, or -1; and the places used next later and next earlier. */
  readonly lineAt: number;
  readonly later: number;
  readonly earlier: number;
  /** Stands in the ring of places between the latest and the earliest: the number of places. */
  readonly places: number;
}

const align16 = (n: number): number => (n + 15) & ~15;

/** Bytes that the tables of a flash of this size want. */
export const acceleratorBytes = (flashBytes: number): number => 2 * (16 + 5 * align16(flashBytes >> 4)) + 12 * (INSTRUCTION_LINES + DATA_LINES) + 6 * 16;

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
    const cache = (places: number): CacheTables => (
      { epoch: take(4), seen: take(4 * lines), placeOf: take(lines), lineAt: take(4 * places), later: take(4 * places + 4), earlier: take(4 * places + 4), places });
    this.instructions = cache(INSTRUCTION_LINES);
    this.datas = cache(DATA_LINES);
    for (const { epoch, lineAt, places } of [this.instructions, this.datas]) {
      this.uwords[epoch >> 2] = 1;
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

  /** Keeps the epochs from wrapping. To be called now and then, at times that do not depend on the engine. */
  renumber(): void {
    const { uwords, words } = this;
    for (const { epoch, seen, lineAt, places } of [this.instructions, this.datas]) {
      if (uwords[epoch >> 2] < RENUMBER_AT) continue;
      for (let place = 0; place < places; place++) {
        const line = words[(lineAt >> 2) + place];
        if (line >= 0) uwords[(seen >> 2) + line] = 0;
      }
      uwords[epoch >> 2] = 1;
    }
  }

  private access(cache: CacheTables, line: number, enable: number, missCost: number): number {
    const { uwords } = this;
    return uwords[(cache.seen >> 2) + line] === uwords[cache.epoch >> 2] ? 0 : this.touch(cache, line, enable, missCost);
  }

  /** A line that has not been used since the last miss. */
  private touch({ epoch, seen, placeOf, lineAt, later, earlier, places }: CacheTables, line: number, enable: number, missCost: number): number {
    const { bytes, words, uwords, state } = this;
    let place = bytes[placeOf + line] - 1;
    let cost = 0;
    if (place < 0) {
      cost = state[missCost];
      if (!(state[STATE.CACHES] & enable)) return cost;
      uwords[epoch >> 2]++;
      place = words[(later >> 2) + places];
      const evicted = words[(lineAt >> 2) + place];
      if (evicted >= 0) uwords[(seen >> 2) + evicted] = bytes[placeOf + evicted] = 0;
      words[(lineAt >> 2) + place] = line;
      bytes[placeOf + line] = place + 1;
    }
    const before = words[(earlier >> 2) + place];
    const after = words[(later >> 2) + place];
    words[(later >> 2) + before] = after;
    words[(earlier >> 2) + after] = before;
    const latest = words[(earlier >> 2) + places];
    words[(later >> 2) + latest] = words[(earlier >> 2) + places] = place;
    words[(earlier >> 2) + place] = latest;
    words[(later >> 2) + place] = places;
    uwords[(seen >> 2) + line] = uwords[epoch >> 2];
    return cost;
  }

  private clear({ seen, placeOf, lineAt, later, earlier, places }: CacheTables): void {
    const { words, uwords, bytes } = this;
    for (let place = 0; place <= places; place++) {
      words[(later >> 2) + place] = (place + 1) % (places + 1);
      words[(earlier >> 2) + place] = (place + places) % (places + 1);
      if (place === places) break;
      const line = words[(lineAt >> 2) + place];
      if (line >= 0) uwords[(seen >> 2) + line] = bytes[placeOf + line] = 0;
      words[(lineAt >> 2) + place] = -1;
    }
  }
}
