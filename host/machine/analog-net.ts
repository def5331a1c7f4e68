// SPDX-License-Identifier: MIT
// A net with a voltage: a potentiometer's wiper, an input of the ADC, an output of the DAC.

import type { Timeline } from './timeline.js';

export class AnalogNet {
  private value: number | undefined;
  private readonly listeners: ((volts: number, cycle: number) => void)[] = [];

  constructor(readonly name: string, private readonly timeline: Timeline) {}

  /** Volts that somebody puts on the net; undefined while nobody does. */
  get volts(): number | undefined {
    return this.value;
  }

  /** Puts a voltage on the net, as a source without resistance does. */
  set(volts: number): void {
    if (volts === this.value) return;
    this.value = volts;
    for (const listener of this.listeners) listener(volts, this.timeline.now);
  }

  /** Takes the voltage away. */
  release(): void {
    this.value = undefined;
  }

  /** Calls `listener` after each change of the voltage, with its core cycle. */
  onChange(listener: (volts: number, cycle: number) => void): void {
    this.listeners.push(listener);
  }
}
