// SPDX-License-Identifier: MIT
// Watches a run and keeps what the report needs: statistics of each handler, busy cycles of each block, every MIDI character.

import type { MachineObserver } from '../machine/observer.js';
import { growingFloat64, growingUint32, growingUint8 } from './growing.js';
import type { CyclesPerFrame, IsrResult } from './run-result.js';

/** Sums over all runs of one handler, in core cycles. */
interface Handler {
  readonly vector: string;
  readonly budget: number;
  count: number;
  ownCycles: number;
  maxOwnCycles: number;
  maxElapsedCycles: number;
  latencyCycles: number;
  maxLatencyCycles: number;
  overBudget: number;
}

/** A run more of a handler. */
function add(handler: Handler, own: number, elapsed: number, latency: number): void {
  handler.count++;
  handler.ownCycles += own;
  handler.latencyCycles += latency;
  if (own > handler.maxOwnCycles) handler.maxOwnCycles = own;
  if (own > handler.budget) handler.overBudget++;
  if (elapsed > handler.maxElapsedCycles) handler.maxElapsedCycles = elapsed;
  if (latency > handler.maxLatencyCycles) handler.maxLatencyCycles = latency;
}

/** Whole blocks of the run: from one boundary to the next. Arrays are views, good until the machine runs on. */
export interface BlockRecord {
  readonly count: number;
  /** `count` + 1 boundaries: block i lasts from [i] to [i + 1]. */
  readonly boundaryCycles: Float64Array;
  /** Cycles awake in block i. */
  readonly busyCycles: Float64Array;
  /** Voices sounding at the end of block i. */
  readonly voices: Uint8Array;
}

export interface MidiRecord {
  readonly bytes: Uint8Array;
  /** End of each byte's stop bit. */
  readonly endCycles: Float64Array;
}

/** What the vector table says of a handler: see `@isr`. */
export interface VectorFacts {
  readonly priority: number | null;
  readonly budget: number | null;
}

/** Vectors times priorities is small; a Cortex-M cannot nest deeper than its 16 priorities, NMI and HardFault. */
const MAX_NESTING = 18;

export class Recorder implements MachineObserver {
  private readonly handlers = new Map<string, Handler>();
  private depth = 0;
  private readonly active: Handler[] = [];
  private readonly enteredAt = new Float64Array(MAX_NESTING);
  private readonly latency = new Float64Array(MAX_NESTING);
  /** Cycles of the active handler at this depth that went to handlers above it. */
  private readonly preempted = new Float64Array(MAX_NESTING);

  private readonly boundaries = growingFloat64();
  private readonly sleepOfBlock = growingUint32();
  private readonly voices = growingUint8();
  /** Sleep since the last boundary, as far as it has been reported. */
  private openSleep = 0;
  private lastSleepFrom = 0;
  private lastSleepTo = 0;

  private readonly midiBytes = growingUint8();
  private readonly midiEnds = growingFloat64();

  /**
   * @param vectors what is known of each vector by name; others are recorded with no priority and no budget
   * @param activeVoices read at each block boundary: the firmware's gauge of voices that sound
   */
  constructor(private readonly vectors: Readonly<Record<string, VectorFacts>> = {}, private readonly activeVoices: () => number = () => 0) {}

  exceptionEnter(vector: string, cycle: number, pendedAt: number): void {
    const d = this.depth++;
    this.active[d] = this.handlers.get(vector) ?? this.addHandler(vector);
    this.enteredAt[d] = cycle;
    this.latency[d] = cycle - pendedAt;
    this.preempted[d] = 0;
  }

  exceptionExit(vector: string, cycle: number): void {
    const d = --this.depth;
    const handler = this.active[d];
    if (d < 0 || handler.vector !== vector) throw new Error(`exit of ${vector}, but ${d < 0 ? 'no handler' : handler.vector} was active`);
    const elapsed = cycle - this.enteredAt[d];
    if (d > 0) this.preempted[d - 1] += elapsed;
    add(handler, elapsed - this.preempted[d], elapsed, this.latency[d]);
  }

  /** The core was reset: no handler is active any more, and those that were have not come to their end. */
  abandon(): void {
    this.depth = 0;
  }

  sleep(fromCycle: number, toCycle: number): void {
    this.lastSleepFrom = fromCycle;
    this.lastSleepTo = toCycle;
    const { boundaries } = this;
    // Boundaries that were reported while the core slept: their blocks get their part.
    let end = toCycle;
    for (let i = boundaries.length - 1; i >= 0; i--) {
      const start = boundaries.at(i);
      if (end > start) {
        const part = end - Math.max(start, fromCycle);
        if (i === boundaries.length - 1) this.openSleep += part;
        else this.sleepOfBlock.add(i, part);
        end = start;
      }
      if (fromCycle >= start) return;
    }
  }

  blockBoundary(cycle: number): void {
    // A sleep may have been reported beyond this boundary; that part belongs to the next block.
    const ahead = Math.max(0, this.lastSleepTo - Math.max(cycle, this.lastSleepFrom));
    if (this.boundaries.length > 0) {
      this.sleepOfBlock.push(this.openSleep - ahead);
      this.voices.push(this.activeVoices());
    }
    this.boundaries.push(cycle);
    this.openSleep = ahead;
  }

  midiByte(byte: number, _startCycle: number, endCycle: number): void {
    this.midiBytes.push(byte);
    this.midiEnds.push(endCycle);
  }

  /**
   * Statistics of every handler that ran or stands in the vector table, by vector. A handler that is still active is in them if it has taken longer already than any run of its
   * that ended: it may never come to an end.
   * @param now the present cycle; without it what is active does not count
   */
  isr(now?: number): Record<string, IsrResult> {
    for (const vector of Object.keys(this.vectors)) if (!this.handlers.has(vector)) this.addHandler(vector);
    const handlers = new Map([...this.handlers].map(([vector, handler]) => [vector, { ...handler }]));
    let above = 0;
    for (let d = this.depth - 1; d >= 0 && now !== undefined; d--) {
      const elapsed = now - this.enteredAt[d];
      const own = elapsed - this.preempted[d] - above;
      above = elapsed;
      const handler = handlers.get(this.active[d].vector)!;
      if (own > handler.maxOwnCycles) add(handler, own, elapsed, this.latency[d]);
    }
    const result: Record<string, IsrResult> = {};
    for (const h of handlers.values()) {
      const { priority = null, budget = null } = this.vectors[h.vector] ?? {};
      const mean = (sum: number) => (h.count === 0 ? 0 : sum / h.count);
      result[h.vector] = {
        priority, budget, count: h.count,
        meanCycles: mean(h.ownCycles), maxCycles: h.maxOwnCycles, totalCycles: h.ownCycles, overBudget: h.overBudget,
        maxElapsedCycles: h.maxElapsedCycles, meanLatencyCycles: mean(h.latencyCycles), maxLatencyCycles: h.maxLatencyCycles,
      };
    }
    return result;
  }

  blocks(): BlockRecord {
    const boundaryCycles = this.boundaries.values();
    const asleep = this.sleepOfBlock.values();
    const busyCycles = new Float64Array(asleep.length);
    for (let i = 0; i < asleep.length; i++) busyCycles[i] = boundaryCycles[i + 1] - boundaryCycles[i] - asleep[i];
    return { count: asleep.length, boundaryCycles, busyCycles, voices: this.voices.values() };
  }

  midi(): MidiRecord {
    return { bytes: this.midiBytes.values(), endCycles: this.midiEnds.values() };
  }

  private addHandler(vector: string): Handler {
    const handler: Handler = {
      vector, budget: this.vectors[vector]?.budget ?? Infinity, count: 0, ownCycles: 0, maxOwnCycles: 0, maxElapsedCycles: 0,
      latencyCycles: 0, maxLatencyCycles: 0, overBudget: 0,
    };
    this.handlers.set(vector, handler);
    return handler;
  }
}

/**
 * Cycles awake for each frame, one value a block. A block that a restart of the stream made longer or shorter has no frame count of its
 * own, so each is its share of time awake times the budget.
 * @param budget core cycles from one frame to the next
 */
export function cyclesPerFrameOfBlocks(blocks: BlockRecord, budget: number): Float64Array {
  const values = new Float64Array(blocks.count);
  for (let i = 0; i < blocks.count; i++) {
    const length = blocks.boundaryCycles[i + 1] - blocks.boundaryCycles[i];
    values[i] = (blocks.busyCycles[i] / length) * budget;
  }
  return values;
}

/** Mean, nearest-rank 99th percentile and maximum; zeros when there is no block. */
export function cyclesPerFrame(blocks: BlockRecord, budget: number): CyclesPerFrame {
  const sorted = cyclesPerFrameOfBlocks(blocks, budget).sort();
  if (sorted.length === 0) return { mean: 0, p99: 0, max: 0, budget };
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { mean, p99: sorted[Math.ceil(0.99 * sorted.length) - 1], max: sorted[sorted.length - 1], budget };
}
