// SPDX-License-Identifier: MIT
// Cycles of calls by the object that they are about, on CPU wasm: what the meter has charged from a call to its return, less what handlers took meanwhile.

import type { MachineObserver } from '../../machine/observer.js';

export interface ObjectCycles {
  readonly functionIndex: number;
  /** What the call was about: its first argument. */
  readonly object: number;
  readonly calls: number;
  readonly cycles: number;
}

interface OpenCall {
  readonly functionIndex: number;
  readonly object: number;
  readonly since: number;
  /** Cycles of handlers since. */
  away: number;
}

export class ObjectCounter implements MachineObserver {
  /** Of main and of each active handler, innermost last: the call that goes on, and what had been charged when the handler was entered. */
  private readonly levels: { open: OpenCall | undefined; readonly enteredAt: number }[] = [{ open: undefined, enteredAt: 0 }];
  private readonly sums = new Map<string, ObjectCycles>();

  /** @param charged what the meter has charged since reset */
  constructor(private readonly charged: () => number) {}

  began(object: number, functionIndex: number): void {
    this.levels[this.levels.length - 1].open = { functionIndex, object, since: this.charged(), away: 0 };
  }

  ended(): void {
    const level = this.levels[this.levels.length - 1];
    const { functionIndex, object, since, away } = level.open!;
    level.open = undefined;
    const key = `${functionIndex} ${object}`;
    const { calls = 0, cycles = 0 } = this.sums.get(key) ?? {};
    this.sums.set(key, { functionIndex, object: object >>> 0, calls: calls + 1, cycles: cycles + this.charged() - since - away });
  }

  exceptionEnter(): void {
    this.levels.push({ open: undefined, enteredAt: this.charged() });
  }
  exceptionExit(): void {
    const { enteredAt } = this.levels.pop()!;
    const { open } = this.levels[this.levels.length - 1];
    if (open) open.away += this.charged() - enteredAt;
  }
  sleep(): void {}
  blockBoundary(): void {}
  midiByte(): void {}

  /** Calls that came to their end. */
  all(): ObjectCycles[] {
    return [...this.sums.values()];
  }
}
