// SPDX-License-Identifier: MIT
// The time base of a timer: prescaler, counter, auto-reload and repetition. RM0090 rev 18, 17.3.1 to 17.3.3 and 18.3.1 to 18.3.2.

import type { TimChannel } from './tim-channel.js';

export const CR1_CEN = 1 << 0; // counter enable
export const CR1_UDIS = 1 << 1; // update disable
export const CR1_URS = 1 << 2; // update request source: overflow alone sets UIF
export const CR1_OPM = 1 << 3; // one-pulse mode
export const CR1_DIR = 1 << 4; // counts down
const CR1_CMS_SHIFT = 5; // centre-aligned mode, and which direction raises compare flags
export const CR1_CMS = 3 << CR1_CMS_SHIFT;
export const CR1_ARPE = 1 << 7; // ARR is buffered

/** What a timer does when its counter gets somewhere. */
export interface CounterEvents {
  /** A compare value was met `times` times; `flag` says whether that raises the channel's flag. */
  matched(channel: number, times: number, flag: boolean): void;
  /** An update event at the counter's end: the counter's own buffers have been loaded. */
  updated(): void;
}

/**
 * Counts when it is told how much time has passed, or that a clock edge came from outside; it never asks for an appointment itself.
 *
 * `phase` is the prescaler's position in core cycles. An edge of an external clock counts as one tick of the internal one, so that both go
 * the same way.
 */
export class TimCounter {
  CR1 = 0;
  PSC = 0;
  ARR = 0;
  RCR = 0;
  count = 0;
  /** What the counter works with, as opposed to what was last written. */
  private activePSC = 0;
  private activeARR = 0;
  /** Ends still to come before the one that is an update, and their number from there on. */
  private repetition = 0;
  private activeRCR = 0;
  /** Core cycles since the last count; below 0 while the counter is about to start. */
  private phase = 0;
  /** Core cycles in a tick of the timer's clock: a whole number, because every divider between HCLK and the timers is. */
  tickCycles = 1;

  constructor(private readonly max: number, private readonly channels: readonly TimChannel[], private readonly events: CounterEvents) {}

  reset(): void {
    // ARR too (18.4.12), so that the counter is blocked until ARR is written.
    this.CR1 = this.PSC = this.ARR = this.RCR = this.count = this.activePSC = this.activeARR = this.repetition = this.activeRCR = this.phase = 0;
  }

  get enabled(): boolean {
    return (this.CR1 & CR1_CEN) !== 0;
  }
  /** Enabled, and not blocked by an auto-reload value of 0 (18.3.2). */
  get running(): boolean {
    return this.enabled && this.activeARR !== 0;
  }
  get down(): boolean {
    return (this.CR1 & CR1_DIR) !== 0;
  }
  set down(down: boolean) {
    this.CR1 = down ? this.CR1 | CR1_DIR : this.CR1 & ~CR1_DIR;
  }
  private get centred(): boolean {
    return (this.CR1 & CR1_CMS) !== 0;
  }
  private get cyclesPerCount(): number {
    return this.tickCycles * (this.activePSC + 1);
  }

  /** 18.3.2: the counter counts from one clock cycle after CEN was set. */
  started(): void {
    this.phase -= this.tickCycles;
  }

  setCount(value: number): void {
    this.count = (value & this.max) >>> 0;
    // 18.3.2, centre-aligned mode: writing 0 or ARR turns the counter round, with no update event.
    if (this.centred) this.turn();
  }

  setReload(value: number): void {
    this.ARR = (value & this.max) >>> 0;
    this.takeReload();
  }

  /** ARR takes effect at once unless it is buffered. */
  takeReload(): void {
    if (!(this.CR1 & CR1_ARPE)) this.activeARR = this.ARR;
  }

  /** The clock's frequency has changed: the prescaler keeps its position in ticks. */
  setTickCycles(cycles: number): void {
    this.phase = Math.floor((this.phase * cycles) / this.tickCycles);
    this.tickCycles = cycles;
  }

  /** UG, or the slave mode's reset: counter and prescaler start afresh, and buffers are loaded unless UDIS forbids. @returns whether they were */
  reinitialise(): boolean {
    this.phase = 0;
    const loaded = this.load();
    if (this.centred) this.down = false;
    this.count = this.down ? this.activeARR : 0;
    return loaded;
  }

  /** Lets `cycles` core cycles pass, or an external clock tick count as that many. */
  advance(cycles: number): void {
    if (!this.running) return;
    this.phase += cycles;
    while (this.running && this.phase >= this.cyclesPerCount) {
      const counts = Math.floor(this.phase / this.cyclesPerCount);
      const toEnd = this.countsToEnd();
      if (counts < toEnd) {
        this.walk(counts);
        this.phase -= counts * this.cyclesPerCount;
        return;
      }
      this.walk(toEnd - 1);
      this.phase -= toEnd * this.cyclesPerCount;
      if (!this.down && this.count > this.activeARR) {
        // Beyond ARR there is no end but the counter's own width.
        this.count = 0;
        this.arrive();
      } else this.end();
      this.skipPeriods();
    }
    if (!this.running) this.phase = 0;
  }

  /**
   * Core cycles until the counter next reaches its end, if `end`, or the compare value of a channel in `channels`; Infinity for never.
   * The end counts as well for a channel whose value is not on the way there.
   */
  cyclesToNext(end: boolean, channels: number): number {
    if (!this.running || (!end && channels === 0)) return Infinity;
    let counts = this.countsToEnd();
    if (channels !== 0) {
      this.channels.forEach((channel, i) => {
        const distance = this.down ? this.count - channel.compare : channel.compare - this.count;
        if (channels & (1 << i) && distance > 0) counts = Math.min(counts, distance);
      });
    }
    return counts * this.cyclesPerCount - this.phase;
  }

  private turn(): void {
    if (this.count === 0) this.down = false;
    else if (this.count === this.activeARR) this.down = true;
  }

  /** Counts until the counter overflows or underflows, or, beyond ARR, wraps without doing so. */
  private countsToEnd(): number {
    const { count, activeARR } = this;
    if (this.centred) {
      this.turn();
      if (this.down) return count;
      if (count < activeARR) return activeARR - count;
    } else {
      if (this.down) return count + 1;
      if (count <= activeARR) return activeARR - count + 1;
    }
    return this.max - count + 1;
  }

  /** Whether a match now raises flags: in centre-aligned modes 1 and 2 only one direction's does (18.4.1, CMS). */
  private get flagsNow(): boolean {
    const cms = (this.CR1 & CR1_CMS) >>> CR1_CMS_SHIFT;
    return cms === 0 || (cms & (this.down ? 1 : 2)) !== 0;
  }

  /** Moves the counter by `counts` without reaching its end, and marks the matches on the way. */
  private walk(counts: number): void {
    if (counts === 0) return;
    const { down, count: from } = this;
    this.count += down ? -counts : counts;
    this.channels.forEach((channel, i) => {
      const { compare } = channel;
      if (down ? compare < from && compare >= this.count : compare > from && compare <= this.count) this.events.matched(i, 1, this.flagsNow);
    });
  }

  /** The counter comes to its end: over- or underflow, and an update event unless repetitions are left. */
  private end(): void {
    const { down, centred } = this;
    // 18.4.5: a compare value above ARR raises its flag at the overflow.
    const beyond = this.channels.map((channel) => channel.compare > this.activeARR && !(centred && down));
    let updates = false;
    if (this.repetition > 0) this.repetition--;
    else updates = this.load();
    if (centred) {
      this.count = down ? 0 : this.activeARR;
      this.down = !down;
    } else this.count = down ? this.activeARR : 0;
    if (updates) {
      this.events.updated();
      if (this.CR1 & CR1_OPM) this.CR1 &= ~CR1_CEN;
    }
    beyond.forEach((is, i) => is && this.events.matched(i, 0, true));
    this.arrive();
  }

  /** The counter has come to a value by another way than one step: its ends belong to both directions. */
  private arrive(): void {
    this.channels.forEach((channel, i) => channel.compare === this.count && this.events.matched(i, 1, true));
  }

  /** An update event, unless UDIS holds it back: buffered values take effect. */
  private load(): boolean {
    if (this.CR1 & CR1_UDIS) {
      this.repetition = this.activeRCR;
      return false;
    }
    this.activePSC = this.PSC;
    this.activeARR = this.ARR;
    this.repetition = this.activeRCR = this.RCR;
    for (const channel of this.channels) channel.load();
    return true;
  }

  /** Whole periods in which nothing new can happen are taken at once, so that a long sleep costs nothing. */
  private skipPeriods(): void {
    const { activeARR } = this;
    const steady = this.activePSC === this.PSC && activeARR === this.ARR && this.activeRCR === this.RCR && !(this.CR1 & CR1_OPM) && this.channels.every((c) => c.steady);
    if (!steady || !this.running) return;
    const ends = this.centred ? 2 : 1;
    const period = (this.centred ? 2 * activeARR : activeARR + 1) * this.cyclesPerCount;
    const periods = Math.floor(this.phase / period);
    if (periods === 0) return;
    this.phase -= periods * period;
    const passed = periods * ends;
    if (passed > this.repetition) {
      this.repetition = this.activeRCR - ((passed - this.repetition - 1) % (this.activeRCR + 1));
      if (!(this.CR1 & CR1_UDIS)) this.events.updated();
    } else this.repetition -= passed;
    this.channels.forEach(({ compare }, i) => {
      const twice = this.centred && compare > 0 && compare < activeARR;
      this.events.matched(i, compare > activeARR ? 0 : periods * (twice ? 2 : 1), true);
    });
  }
}
