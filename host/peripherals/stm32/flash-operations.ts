// SPDX-License-Identifier: MIT
// What the flash memory is doing: one operation at a time, and behind it what the bus holds up until it has ended (RM0090 rev 18, 3.6).

import type { ModelContext } from '../../machine/peripheral.js';
import { ClockTicks, type TickAlarm } from './clock-ticks.js';

export interface FlashOperation {
  /** How long it takes; 0 for an access that only waits for its turn. */
  readonly microseconds: number;
  /** What has happened at its end. It may add another operation, which then goes before those that wait. */
  readonly run: () => void;
}

export class FlashOperations {
  private readonly queue: FlashOperation[] = [];
  private readonly micros: ClockTicks;
  private alarm: TickAlarm | undefined;
  private readonly listeners: (() => void)[] = [];

  /** @param ended called after each operation */
  constructor(ctx: ModelContext, private readonly ended: () => void) {
    this.micros = new ClockTicks(ctx, 1e6);
  }

  get busy(): boolean {
    return this.queue.length > 0;
  }

  /** Cycle at which the present one ends, at the present clock; -1 when there is none. */
  get until(): number {
    return this.alarm?.appointment?.cycle ?? -1;
  }

  /** Calls `listener` when an operation begins that takes time. */
  onStart(listener: () => void): void {
    this.listeners.push(listener);
  }

  add(operation: FlashOperation): void {
    this.queue.push(operation);
    if (this.queue.length === 1) this.begin();
  }

  /** All are gone, without effect. */
  abort(): void {
    this.micros.restart();
    this.queue.length = 0;
    this.alarm = undefined;
  }

  private begin(): void {
    const { microseconds } = this.queue[0];
    this.micros.restart();
    this.alarm = this.micros.at(Math.ceil(microseconds), () => this.end());
    if (microseconds > 0) for (const listener of this.listeners) listener();
  }

  private end(): void {
    this.alarm = undefined;
    const [{ run }, ...waiting] = this.queue.splice(0);
    run();
    const idle = this.queue.length === 0;
    this.queue.push(...waiting);
    if (idle && waiting.length > 0) this.begin();
    this.ended();
  }
}
