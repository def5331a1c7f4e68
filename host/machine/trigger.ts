// SPDX-License-Identifier: MIT
// A line inside of the chip by which one block starts another: a timer's TRGO into another timer, an ADC or a DAC.

import type { Level } from './wire.js';

/**
 * A level, of which most listeners take the rising edge. A source makes the appointments for it only while somebody listens, so that a
 * timer whose trigger goes nowhere costs nothing.
 */
export class TriggerLine {
  private readonly listeners = new Set<(level: Level) => void>();
  private now: Level = 0;
  /** Called when the line begins or ceases to have listeners: set by the source. */
  onDemand: () => void = () => {};

  constructor(readonly name: string) {}

  get level(): Level {
    return this.now;
  }
  /** Whether anybody listens. */
  get wanted(): boolean {
    return this.listeners.size > 0;
  }

  /** A pulse: one rising edge, over before the next thing happens. */
  fire(): void {
    this.set(1);
    this.set(0);
  }

  set(level: Level): void {
    if (level === this.now) return;
    this.now = level;
    for (const listener of [...this.listeners]) listener(level);
  }

  /** Calls `listener` at each edge from now on. */
  listen(listener: (level: Level) => void): void {
    const before = this.wanted;
    this.listeners.add(listener);
    if (!before) this.onDemand();
  }

  unlisten(listener: (level: Level) => void): void {
    if (this.listeners.delete(listener) && !this.wanted) this.onDemand();
  }
}
