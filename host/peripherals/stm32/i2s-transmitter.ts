// SPDX-License-Identifier: MIT
// The I2S master transmitter behind SPI2 and SPI3: transmit buffer, shift register, and the slots on the wire. RM0090 28.4 (STM32F405/407).

import { fraction, type Fraction, times } from '../../machine/fraction.js';
import type { I2sListener, I2sStream } from '../../machine/links.js';
import type { DmaFeeder, DmaPacer } from '../../machine/peripheral.js';
import type { Appointment, Timeline } from '../../machine/timeline.js';

/** The slots' format, as the registers give it. */
export type I2sFormat = Omit<I2sStream, 'originCycle'>;

/** Words kept: those not yet handed to the bus, and what a DMA may promise at once. */
const KEPT = 64;

/**
 * Moves words from the transmit buffer to the wire at the slots' exact times, and hands complete slots to the bus.
 *
 * A word is one write to DR. Word w starts at origin + floor(w · wordCycles); with two words a slot (24 and 32-bit data) the second one
 * moves into the shift register in the middle of the slot. When a DMA promises words, no event is made until it does so again:
 * every question is answered from the present cycle.
 */
export class I2sTransmitter implements DmaPacer {
  readonly itemBytes = 2;
  /** Undefined while the clock rests. */
  private stream: I2sStream | undefined;
  private wordsPerSlot: 1 | 2 = 1;
  private wordsPerFrame = 2;
  private wordCycles: Fraction = fraction(1);
  private wholeCycles = 1;
  private restNumerator = 0;
  private origin = 0;
  /** Words written to the buffer in this run, promised ones included, and words that have reached the shift register by the last event. */
  private written = 0;
  private started = 0;
  private readonly words = new Uint16Array(KEPT);
  private readonly slots = new Int32Array(KEPT);
  private delivered = 0;
  private boundary: Appointment | undefined;
  // What a DMA promised last.
  private feeder: DmaFeeder | undefined;
  private promised = 0;
  private promisedSince = 0;
  private latency = 0;
  /** An event is needed at each word, as when TXE interrupts, or no DMA is to feed it. */
  watched = false;

  constructor(
    readonly address: number,
    private readonly timeline: Timeline,
    /** Whoever hears the bus. */
    private readonly listener: I2sListener,
    /** The present format when the transmitter is enabled, or undefined: asked when a run starts. */
    private readonly format: () => I2sFormat | undefined,
    /** The buffer's state has changed by itself. */
    private readonly onChange: () => void,
    /** The frame is over and there is nothing to send: the clock stops. */
    private readonly onUnderrun: () => void,
  ) {}

  get running(): boolean {
    return this.stream !== undefined;
  }

  /** Whether the transmit buffer can take a word. */
  get bufferEmpty(): boolean {
    return this.stream === undefined || this.writtenNow() <= this.startedNow();
  }

  /** Channel of the word that the buffer wants, or holds: 0 left, 1 right. */
  get channelSide(): 0 | 1 {
    return this.stream === undefined ? 0 : ((Math.floor(this.startedNow() / this.wordsPerSlot) & 1) as 0 | 1);
  }

  /** A write to DR, by software or by a DMA that promises nothing. */
  write(word: number): void {
    if (this.stream === undefined) {
      const format = this.format();
      if (format === undefined) return;
      this.begin(format, word);
      return;
    }
    // A word that the shift register has not yet taken is overwritten.
    if (this.written > this.started) this.written--;
    this.put(word);
  }

  /** Stops the clock at once; the slot under way is cut short but counts as sent. */
  stop(): void {
    const { stream } = this;
    if (stream === undefined) return;
    this.timeline.cancel(this.boundary);
    this.deliver(this.started);
    this.stream = undefined;
    this.listener.stop(stream, Math.ceil(this.started / this.wordsPerSlot));
  }

  /** Hands over the slots that have started by now, which otherwise waits for the next event. */
  settle(): void {
    if (this.stream !== undefined) this.deliver(this.startedNow());
  }

  /** Ends a DMA's promise, so that settings can be changed. */
  takeOver(): void {
    this.feeder?.withdraw();
  }

  promise(items: Uint16Array, count: number, latency: number, feeder: DmaFeeder): number {
    if (this.stream === undefined || this.watched || this.wholeCycles <= latency) return -1;
    const { now } = this.timeline;
    const { words, written } = this;
    // The next request is, or was, the start of the last word written; before that start, the buffer holds that word.
    const request = this.wordStart(written - 1);
    if (now > request && now + latency >= this.wordStart(written)) return -1;
    const last = count === 1 ? Math.max(now, request) : this.wordStart(written + count - 2);
    if (this.feeder === undefined) this.timeline.cancel(this.boundary);
    this.feeder = feeder;
    this.deliver(now < request ? written - 1 : written);
    this.promised = count;
    this.promisedSince = now;
    this.latency = latency;
    for (let i = 0; i < count; i++) words[(written + i) & (KEPT - 1)] = items[i];
    this.written = written + count;
    return last + latency;
  }

  arrived(): number {
    const base = this.written - this.promised;
    const { now } = this.timeline;
    if (now < Math.max(this.promisedSince, this.wordStart(base - 1)) + this.latency) return 0;
    return Math.min(this.promised, Math.max(1, this.startedBy(now - this.latency) - base + 1));
  }

  promisedRequestCycle(index: number): number {
    return this.wordStart(this.written - this.promised + index - 1);
  }

  release(): void {
    this.written -= this.promised - this.arrived();
    this.feeder = undefined;
    this.promised = 0;
    this.started = this.startedBy(this.timeline.now);
    this.deliver(this.started);
    this.scheduleBoundary();
    this.onChange();
  }

  private begin(format: I2sFormat, word: number): void {
    const { now } = this.timeline;
    this.stream = { originCycle: now, ...format };
    this.origin = now;
    this.wordsPerSlot = format.dataBits > 16 ? 2 : 1;
    // PCM frames have one slot, all others a left and a right one.
    this.wordsPerFrame = this.wordsPerSlot * (format.standard.startsWith('pcm') ? 1 : 2);
    this.wordCycles = times(format.slotCycles, fraction(1, this.wordsPerSlot));
    this.wholeCycles = Math.floor(this.wordCycles.n / this.wordCycles.d);
    this.restNumerator = this.wordCycles.n - this.wholeCycles * this.wordCycles.d;
    this.written = 0;
    this.started = 1;
    this.delivered = 0;
    this.listener.start(this.stream);
    this.put(word);
    this.scheduleBoundary();
    this.deliver(this.started);
  }

  private put(word: number): void {
    this.words[this.written++ & (KEPT - 1)] = word;
  }

  private scheduleBoundary(): void {
    this.boundary = this.timeline.at(this.wordStart(this.started), () => this.wordBoundary());
  }

  private wordBoundary(): void {
    if (this.written > this.started) {
      this.started++;
    } else if (this.started % this.wordsPerFrame !== 0) {
      // A frame is never left half sent (28.4.5): what the buffer still holds goes out again.
      this.put(this.words[(this.written - 1) & (KEPT - 1)]);
      this.started++;
    } else {
      this.stop();
      this.onUnderrun();
      this.onChange();
      return;
    }
    this.deliver(this.started);
    this.scheduleBoundary();
    this.onChange();
  }

  /** `floorTimes` with the division of the fraction done beforehand: this is asked some million times a second. */
  private wordStart(word: number): number {
    return this.origin + word * this.wholeCycles + Math.floor((word * this.restNumerator) / this.wordCycles.d);
  }

  /** Words whose start is not after `cycle`, if none is missing. */
  private startedBy(cycle: number): number {
    const { n, d } = this.wordCycles;
    let word = Math.floor(((cycle - this.origin) * d) / n);
    while (this.wordStart(word + 1) <= cycle) word++;
    return word + 1;
  }

  private startedNow(): number {
    return this.feeder === undefined ? this.started : this.startedBy(this.timeline.now);
  }

  private writtenNow(): number {
    return this.feeder === undefined ? this.written : this.written - this.promised + this.arrived();
  }

  /** Hands over the slots whose words have all started. */
  private deliver(started: number): void {
    const { words, slots, wordsPerSlot, delivered } = this;
    const count = Math.floor(started / wordsPerSlot) - delivered;
    if (count <= 0) return;
    if (wordsPerSlot === 1) for (let i = 0; i < count; i++) slots[i] = (words[(delivered + i) & (KEPT - 1)] << 16) >> 16;
    else for (let i = 0; i < count; i++) slots[i] = this.wideSlot(2 * (delivered + i));
    this.delivered = delivered + count;
    this.listener.slots(this.stream!, delivered, slots, count);
  }

  /** 28.4.3: 24-bit data are left-aligned in the two words, except in the LSB-justified standard. */
  private wideSlot(first: number): number {
    const value = (this.words[first & (KEPT - 1)] << 16) | this.words[(first + 1) & (KEPT - 1)];
    if (this.stream!.dataBits === 32) return value;
    return this.stream!.standard === 'lsb' ? (value << 8) >> 8 : value >> 8;
  }
}
