// SPDX-License-Identifier: MIT
// I2S words in step with a clock that runs anyway: a receiver, and a transmitter that is no master. RM0090 rev 18, 28.4.

import { fraction, floorTimes, times, type Fraction } from '../../machine/fraction.js';
import type { I2sListener, I2sStream } from '../../machine/links.js';
import type { Appointment, Timeline } from '../../machine/timeline.js';

/** Words as DR has them: one a slot for 16-bit data, else two. */
class WordClock {
  readonly wordsPerSlot: 1 | 2;
  readonly wordCycles: Fraction;
  /** First slot of the stream that is taken part in: the first one of a frame. */
  readonly firstSlot: number;
  readonly origin: number;
  readonly slotsPerFrame: 1 | 2;

  constructor(readonly stream: I2sStream, now: number) {
    this.wordsPerSlot = stream.dataBits > 16 ? 2 : 1;
    this.slotsPerFrame = stream.standard.startsWith('pcm') ? 1 : 2;
    this.wordCycles = times(stream.slotCycles, fraction(1, this.wordsPerSlot));
    const { n, d } = stream.slotCycles;
    const passed = Math.ceil(((now - stream.originCycle) * d) / n);
    this.firstSlot = Math.max(0, Math.ceil(passed / this.slotsPerFrame) * this.slotsPerFrame);
    this.origin = stream.originCycle + floorTimes(this.firstSlot, stream.slotCycles);
  }

  wordStart(word: number): number {
    return this.stream.originCycle + floorTimes(this.firstSlot * this.wordsPerSlot + word, this.wordCycles);
  }

  /** 0 left, 1 right. */
  side(word: number): 0 | 1 {
    return this.slotsPerFrame === 1 ? 0 : ((Math.floor(word / this.wordsPerSlot) & 1) as 0 | 1);
  }
}

/** 28.4.3: where 24-bit data stand in the two words of a slot. */
function wordsOf(value: number, { dataBits, standard }: I2sStream): number[] {
  if (dataBits === 16) return [value & 0xffff];
  const aligned = dataBits === 32 || standard === 'lsb' ? value : value << 8;
  return dataBits === 24 && standard === 'lsb' ? [(aligned >>> 16) & 0xff, aligned & 0xffff] : [aligned >>> 16, aligned & 0xffff];
}

function valueOf(words: readonly number[], { dataBits, standard }: I2sStream): number {
  if (dataBits === 16) return (words[0] << 16) >> 16;
  const value = (words[0] << 16) | words[1];
  if (dataBits === 32) return value;
  return standard === 'lsb' ? (value << 8) >> 8 : value >> 8;
}

/** What the follower shares: one event a word, from the first frame that begins while it is on. */
abstract class I2sWords {
  protected clock: WordClock | undefined;
  protected word = 0;
  private due: Appointment | undefined;

  constructor(protected readonly timeline: Timeline) {}

  get running(): boolean {
    return this.clock !== undefined;
  }

  start(stream: I2sStream): void {
    this.stop();
    this.clock = new WordClock(stream, this.timeline.now);
    this.word = 0;
    this.begin(this.clock);
    this.next();
  }

  stop(): void {
    this.timeline.cancel(this.due);
    const { clock } = this;
    this.clock = undefined;
    if (clock !== undefined) this.end();
  }

  protected abstract readonly lead: 0 | 1;
  protected abstract onWord(clock: WordClock, word: number): void;
  protected begin(_clock: WordClock): void {}
  protected end(): void {}

  private next(): void {
    const clock = this.clock!;
    this.due = this.timeline.at(Math.max(this.timeline.now, clock.wordStart(this.word + this.lead)), () => {
      const word = this.word++;
      this.next();
      this.onWord(clock, word);
    });
  }
}

/** Hands each word on when its time on the wire is over. */
export class I2sReceiver extends I2sWords {
  protected readonly lead = 1;
  private words: number[] = [];

  /** @param sample what the wire carried in a slot @param onReceived a word for DR, with its channel */
  constructor(timeline: Timeline, private readonly sample: (stream: I2sStream, slot: number) => number, private readonly onReceived: (word: number, side: 0 | 1) => void) {
    super(timeline);
  }

  protected onWord(clock: WordClock, word: number): void {
    const part = word % clock.wordsPerSlot;
    if (part === 0) this.words = wordsOf(this.sample(clock.stream, clock.firstSlot + Math.floor(word / clock.wordsPerSlot)), clock.stream);
    this.onReceived(this.words[part], clock.side(word));
  }
}

/** Takes each word when its time on the wire begins. */
export class I2sFollowingTransmitter extends I2sWords {
  protected readonly lead = 0;
  private stream: I2sStream | undefined;
  private words: number[] = [];
  private slots = 0;
  private last = 0;
  private readonly value = new Int32Array(1);

  /** @param take the word for the wire; undefined when software has not given any @param listener whoever hears the data line */
  constructor(timeline: Timeline, private readonly take: () => number | undefined, private readonly listener: I2sListener) {
    super(timeline);
  }

  /** Channel of the word that is wanted next. */
  get side(): 0 | 1 {
    return this.clock?.side(this.word) ?? 0;
  }

  protected override begin(clock: WordClock): void {
    this.stream = { ...clock.stream, originCycle: clock.origin };
    this.slots = 0;
    this.words = [];
    this.listener.start(this.stream);
  }

  protected override end(): void {
    this.listener.stop(this.stream!, this.slots);
  }

  protected onWord(clock: WordClock): void {
    // An underrun sends the last word again (28.4.8, UDR).
    this.last = this.take() ?? this.last;
    this.words.push(this.last);
    if (this.words.length < clock.wordsPerSlot) return;
    this.value[0] = valueOf(this.words, clock.stream);
    this.words = [];
    this.listener.slots(this.stream!, this.slots++, this.value, 1);
  }
}
