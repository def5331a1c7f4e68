// SPDX-License-Identifier: MIT
// Keeps the counters' growth in the block that took most cycles awake for its length, so far.

import type { CountKeeper } from '../cpu/wasm/count-keeper.js';
import type { MachineObserver } from '../machine/observer.js';

/** What is asked of the core: its counters, and whether it sleeps just now. */
export interface WatchedCore {
  readonly counts: CountKeeper;
  readonly asleepSince: number | undefined;
}

export class WorstBlockWatch implements MachineObserver {
  /** Of the run's blocks, from 0; -1: there was none. */
  index = -1;
  private load = -1;
  private blocks = 0;
  private slept = 0;
  private lastCycle = 0;
  private lastSlept = 0;
  private readonly growth: BigInt64Array;

  constructor(private readonly core: WatchedCore) {
    this.growth = new BigInt64Array(core.counts.blocks.length);
  }

  /** How often each basic block ran in the worst block. One that was under way at a boundary counts for the block that it began in. */
  get counts(): BigInt64Array {
    return this.growth;
  }

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
        const [now, before] = [counts.copy(this.blocks & 1), counts.copy(1 - (this.blocks & 1))];
        for (let i = 0; i < now.length; i++) this.growth[i] = now[i] - before[i];
      }
    }
    this.lastCycle = cycle;
    this.lastSlept = slept;
  }
}
