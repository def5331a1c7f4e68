// SPDX-License-Identifier: MIT
// A trigger line between blocks of the chip: a timer's TRGO that starts a conversion, an EXTI line that starts a DAC.

import type { Level } from './wire.js';

export class TriggerLine {
  private readonly listeners: ((level: Level) => void)[] = [];
  private state: Level = 0;

  constructor(readonly name: string) {}

  get level(): Level {
    return this.state;
  }

  /** Sets the line's level; a level that it has already is no edge. */
  set(level: Level): void {
    if (level === this.state) return;
    this.state = level;
    for (const listener of this.listeners) listener(level);
  }

  /** A pulse: a rise and, within the same cycle, a fall. */
  fire(): void {
    this.set(1);
    this.set(0);
  }

  /** Calls `listener` at every edge with the level after it. */
  listen(listener: (level: Level) => void): void {
    this.listeners.push(listener);
  }
}
