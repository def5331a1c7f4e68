// SPDX-License-Identifier: MIT
// Finds out during a run what renders, by what it does: whose code the firmware's count of rendered blocks grows under, and by when.

import type { MachineObserver } from '../machine/observer.js';
import { MAIN } from './context-names.js';
import { type Growing, growingFloat64 } from './growing.js';

/** Core cycles from one look at code outside of handlers to the next: it may poll without ever sleeping. */
export const LOOK_CYCLES = 512;

export interface WatchedRendering {
  /** Blocks that the firmware has rendered in time so far. */
  rendered(): number;
  /** The cycle from which on the core sleeps; undefined when it is awake. */
  asleepSince(): number | undefined;
  /** Calls `look` so many core cycles from now. */
  after(cycles: number, look: () => void): void;
}

/** When blocks were ready, by the context that rendered them. */
export interface RenderedBlocks {
  /** A vector, or `main`. */
  readonly context: string;
  /** Of a handler: when each run returned that rendered a block or more. Of `main`: by when each block was there, `LOOK_CYCLES` too late at most. In order. */
  readonly readyAt: Float64Array;
}

export class RenderWatch implements MachineObserver {
  /** Active handlers, outermost first, and whether each has rendered in this run. */
  private readonly active: string[] = [];
  private readonly wrote: boolean[] = [];
  private depth = 0;
  private readonly ready = new Map<string, Growing<Float64Array>>();
  private count = 0;
  private looking = false;

  constructor(private readonly board: WatchedRendering) {}

  /** What has been rendered since the last look was by the code that ran until now. @param by when it was there, at the latest */
  private look(by: number): void {
    const rendered = this.board.rendered();
    if (rendered === this.count) return;
    this.count = rendered;
    if (this.depth > 0) this.wrote[this.depth - 1] = true;
    else this.add(MAIN, by);
  }

  private add(context: string, cycle: number): void {
    let ready = this.ready.get(context);
    if (!ready) this.ready.set(context, ready = growingFloat64());
    ready.push(cycle);
  }

  exceptionEnter(vector: string, cycle: number): void {
    this.look(cycle);
    this.wrote[this.depth] = false;
    this.active[this.depth++] = vector;
  }

  exceptionExit(_vector: string, cycle: number): void {
    this.look(cycle);
    if (this.wrote[--this.depth]) this.add(this.active[this.depth], cycle);
  }

  sleep(from: number): void {
    this.look(from);
  }

  blockBoundary(cycle: number): void {
    if (this.looking || (this.ready.size > 0 && !this.ready.has(MAIN))) return;
    this.looking = true;
    this.lookAgain(cycle);
  }

  /** Until the block is there, or the code sleeps, which tells as well. */
  private lookAgain(cycle: number): void {
    const { board, count } = this;
    board.after(LOOK_CYCLES, () => {
      const asleep = board.asleepSince();
      this.look(asleep ?? cycle + LOOK_CYCLES);
      if (this.count === count && asleep === undefined) this.lookAgain(cycle + LOOK_CYCLES);
      else this.looking = false;
    });
  }

  midiByte(): void {}

  /** The context that rendered most blocks; undefined when none did, or nothing counts them. */
  rendered(): RenderedBlocks | undefined {
    const [most] = [...this.ready].sort((a, b) => b[1].length - a[1].length);
    return most && { context: most[0], readyAt: most[1].values() };
  }
}
