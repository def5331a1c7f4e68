// SPDX-License-Identifier: MIT
// Seconds and core cycles, across changes of the core clock: piecewise linear, one stretch for each frequency.

import { toNumber, type Fraction } from './fraction.js';
import type { ClockTree } from './peripheral.js';
import type { Timeline } from './timeline.js';

/** A stretch of time at one core frequency. */
interface Stretch {
  readonly cycle: number;
  /** Seconds at `cycle`, exact: n / d. Big integers, because the denominators of odd clocks multiply. */
  readonly n: bigint;
  readonly d: bigint;
  /** n / d as a number, rounded once. */
  readonly seconds: number;
  readonly hertz: Fraction;
}

function reduced(n: bigint, d: bigint): { n: bigint; d: bigint } {
  let [a, b] = [n, d];
  while (b !== 0n) [a, b] = [b, a % b];
  return { n: n / a, d: d / a };
}

/** n / d to the nearest double or its neighbour, however large both are. */
function quotient(n: bigint, d: bigint): number {
  const whole = n / d;
  return Number(whole) + Number(((n - whole * d) << 64n) / d) / 2 ** 64;
}

/** Real time since reset. Devices on the wires count in it, since they know nothing of the chip's clock. */
export class RealTime {
  private readonly stretches: Stretch[];
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly timeline: Timeline, private readonly clocks: ClockTree) {
    this.stretches = [{ cycle: timeline.now, n: 0n, d: 1n, seconds: 0, hertz: clocks.hertz('HCLK') }];
    clocks.onChange(() => this.clockChanged());
  }

  /** Core frequency now, in hertz. */
  get coreHertz(): Fraction {
    return this.latest.hertz;
  }

  /** The present, in seconds. */
  get now(): number {
    return this.secondsAt(this.timeline.now);
  }

  /** Seconds since reset at a core cycle, past or, if the clock stays as it is, future. Fractions of a cycle are allowed. */
  secondsAt(cycle: number): number {
    const stretch = this.stretchOf((s) => s.cycle <= cycle);
    return stretch.seconds + ((cycle - stretch.cycle) * stretch.hertz.d) / stretch.hertz.n;
  }

  /** The core cycle nearest to a time in seconds since reset; for the future, if the clock stays as it is. */
  cycleAt(seconds: number): number {
    const stretch = this.stretchOf((s) => s.seconds <= seconds);
    return stretch.cycle + Math.round((seconds - stretch.seconds) * toNumber(stretch.hertz));
  }

  /** Core cycles in a duration at the present clock, to the nearest whole. */
  cyclesFor(seconds: number): number {
    return Math.round(seconds * toNumber(this.coreHertz));
  }

  /** Calls `listener` after each change of the core frequency: appointments made from seconds must be made anew. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  private get latest(): Stretch {
    return this.stretches[this.stretches.length - 1];
  }

  /** The last stretch that `begun` holds for, or the first one. */
  private stretchOf(begun: (stretch: Stretch) => boolean): Stretch {
    let i = this.stretches.length - 1;
    while (i > 0 && !begun(this.stretches[i])) i--;
    return this.stretches[i];
  }

  private clockChanged(): void {
    const hertz = this.clocks.hertz('HCLK');
    const old = this.latest;
    if (hertz.n === old.hertz.n && hertz.d === old.hertz.d) return;
    const cycle = this.timeline.now;
    // old.n / old.d + (cycle - old.cycle) · hertz.d / hertz.n
    const [hn, hd] = [BigInt(old.hertz.n), BigInt(old.hertz.d)];
    const { n, d } = reduced(old.n * hn + BigInt(cycle - old.cycle) * hd * old.d, old.d * hn);
    const next: Stretch = { cycle, n, d, seconds: quotient(n, d), hertz };
    if (cycle === old.cycle) this.stretches.pop();
    this.stretches.push(next);
    for (const listener of this.listeners) listener();
  }
}
