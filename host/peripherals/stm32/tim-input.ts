// SPDX-License-Identifier: MIT
// A timer's inputs up to their edges: digital filter and the external trigger's prescaler. RM0090 rev 18, 17.3.5, 17.4.3 (ETF, ETPS), 17.4.7 (ICxF).

import type { Appointment, Timeline } from '../../machine/timeline.js';
import type { Level } from '../../machine/wire.js';

/** ICxF and ETF: dividers from fDTS (0: from CK_INT itself) and the number of equal samples that make a level valid. */
const FILTERS: readonly (readonly [divider: number, samples: number])[] = [
  [1, 0], [0, 2], [0, 4], [0, 8], [2, 6], [2, 8], [4, 6], [4, 8], [8, 6], [8, 8], [16, 5], [16, 6], [16, 8], [32, 5], [32, 6], [32, 8],
];

/**
 * The digital filter: a level is passed on once it has been the same in N samples, taken at a steady rate. Without a filter it passes at
 * once; the two or three cycles of resynchronisation that the manual's figures show are not modelled.
 */
export class TimFilter {
  level: Level = 0;
  private raw: Level = 0;
  private period = 0;
  private samples = 0;
  private due: Appointment | undefined;

  constructor(private readonly timeline: Timeline, private readonly onEdge: (level: Level) => void) {}

  /** @param code ICxF or ETF @param tickCycles core cycles of CK_INT @param dtsTicks ticks of CK_INT in one of fDTS (CKD) */
  configure(code: number, tickCycles: number, dtsTicks: number): void {
    const [divider, samples] = FILTERS[code];
    const period = tickCycles * (divider === 0 ? 1 : divider * dtsTicks);
    if (period === this.period && samples === this.samples) return;
    this.period = period;
    this.samples = samples;
    this.timeline.cancel(this.due);
    this.sample();
  }

  set(level: Level): void {
    if (level === this.raw) return;
    this.raw = level;
    this.timeline.cancel(this.due);
    this.sample();
  }

  private sample(): void {
    if (this.raw === this.level) return;
    if (this.samples === 0) return this.pass();
    const { now } = this.timeline;
    const first = (Math.floor(now / this.period) + 1) * this.period;
    this.due = this.timeline.at(first + (this.samples - 1) * this.period, () => this.pass());
  }

  private pass(): void {
    this.level = this.raw;
    this.onEdge(this.level);
  }
}

/** ETR's polarity and prescaler (ETP, ETPS), ahead of its filter: one period of the output for every 1, 2, 4 or 8 of the input. */
export class TriggerPrescaler {
  private input: Level = 0;
  private edges = 0;
  private output: Level = 0;

  /** @returns level after the prescaler */
  set(level: Level, exponent: number): Level {
    const rising = level === 1 && this.input === 0;
    this.input = level;
    if (exponent === 0) {
      this.edges = 0;
      this.output = level;
    } else if (rising) {
      this.edges = (this.edges + 1) % (1 << exponent);
      if (this.edges === 0) this.output = 0;
      else if (this.edges === 1 << (exponent - 1)) this.output = 1;
    }
    return this.output;
  }
}
