// SPDX-License-Identifier: MIT
// Keeps the counters' growth in the block that took most cycles awake for its length, so far.

import type { CountKeeper } from '../cpu/wasm/count-keeper.js';
import type { MachineObserver } from '../machine/observer.js';

/** Counters of which two copies are kept, by turns. */
export interface WatchedCounts {
  /** Copies the counters as they are now. @param copy which copy it becomes, 0 or 1 */
  take(copy: number): void;
  /** Keeps for good by how much they have grown up to a copy since the other one was taken. */
  keepGrowth(copy: number): void;
}

/** What is asked of the core: its counters, and whether it sleeps just now. */
export interface WatchedCore {
  readonly counts: WatchedCounts;
  readonly asleepSince: number | undefined;
}

/** Of the counters of basic blocks of CPU wasm. One that was under way when a copy was taken counts for what it began in. */
export class BasicBlockGrowth implements WatchedCounts {
  readonly kept: BigInt64Array;

  constructor(private readonly counts: CountKeeper) {
    this.kept = new BigInt64Array(counts.blocks.length);
  }
  take(copy: number): void {
    this.counts.take(copy);
  }
  keepGrowth(copy: number): void {
    const [now, before] = [this.counts.copy(copy), this.counts.copy(1 - copy)];
    for (let i = 0; i < now.length; i++) this.kept[i] = now[i] - before[i];
  }
}

export class WorstBlockWatch implements MachineObserver {
  /** Of the run's blocks, from 0; -1: there was none. */
  index = -1;
  private load = -1;
  private blocks = 0;
  private slept = 0;
  private lastCycle = 0;
  private lastSlept = 0;

  constructor(private readonly core: WatchedCore) {}

  exceptionEnter(): void {}
  exceptionExit(): void {}
  midiByte(): void {}
  sleep(from: number, to: number): void {
    this.slept += to - from;
  }

  blockBoundary(cycle: number): void {
    const { counts, asleepSince } = this.core;
    const slept = this.slept + (asleepSince === undefined ? 0 : cycle - asleepSince);
    const block = this.blocks++ - 1;
    counts.take(this.blocks & 1);
    if (block >= 0) {
      const length = cycle - this.lastCycle;
      const load = (length - (slept - this.lastSlept)) / length;
      if (load > this.load) {
        this.load = load;
        this.index = block;
        counts.keepGrowth(this.blocks & 1);
      }
    }
    this.lastCycle = cycle;
    this.lastSlept = slept;
  }
}
