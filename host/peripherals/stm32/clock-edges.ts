// SPDX-License-Identifier: MIT
// A clock of the chip as edges in time: what a timer measures, and what goes out on a pin.

import { floorTimes, type Fraction, fraction, times } from '../../machine/fraction.js';
import type { ModelContext } from '../../machine/peripheral.js';
import type { Appointment, Timeline } from '../../machine/timeline.js';
import type { Level } from '../../machine/wire.js';

/** The edges of a clock of the chip, made only while somebody wants them. */
export class ClockEdges {
  private half: Fraction = fraction(1);
  private origin = 0;
  private index = 0;
  private due: Appointment | undefined;

  constructor(private readonly timeline: Timeline, private readonly onEdge: (level: Level) => void) {}

  /** @param cyclesPerTick of the clock; undefined for no clock */
  run(cyclesPerTick: Fraction | undefined): void {
    this.timeline.cancel(this.due);
    this.due = undefined;
    if (cyclesPerTick === undefined) return;
    this.half = times(cyclesPerTick, fraction(1, 2));
    this.origin = this.timeline.now;
    this.index = 0;
    this.next();
  }

  private next(): void {
    this.index++;
    this.due = this.timeline.at(this.origin + floorTimes(this.index, this.half), () => {
      const level: Level = this.index % 2 === 1 ? 1 : 0;
      this.next();
      this.onEdge(level);
    });
  }
}

/** A clock output (MCO1, MCO2): RM0090 rev 18, 7.2.10. Its edges are made only if somebody looks at the pad when it is set up. */
export class ClockOutput {
  private readonly edges: ClockEdges;
  private ratio: Fraction | undefined;

  constructor(private readonly ctx: ModelContext, private readonly signal: string) {
    this.edges = new ClockEdges(ctx.timeline, (level) => ctx.signal(signal).set(level));
  }

  /** @param cyclesPerTick core cycles in a period; undefined for no clock. More than one edge a core cycle cannot be shown. */
  run(cyclesPerTick: Fraction | undefined): void {
    const shown = cyclesPerTick !== undefined && cyclesPerTick.n >= 2 * cyclesPerTick.d && this.ctx.signal(this.signal).watched ? cyclesPerTick : undefined;
    if (shown?.n === this.ratio?.n && shown?.d === this.ratio?.d) return;
    this.ratio = shown;
    this.edges.run(shown);
  }
}
