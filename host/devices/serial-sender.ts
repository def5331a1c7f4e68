// SPDX-License-Identifier: MIT
// An asynchronous serial transmitter (8N1) outside the chip: drives a wire edge by edge, and can misbehave on request.

import { toNumber } from '../machine/fraction.js';
import type { RealTime } from '../machine/real-time.js';
import type { Appointment, Timeline } from '../machine/timeline.js';
import type { Level, Wire } from '../machine/wire.js';

/** A point in time: seconds since reset, or a core cycle. */
export type Moment = { readonly seconds: number } | { readonly cycle: number };

/** What may go wrong with one character. */
export type CharacterFault =
  /** The stop bit is low; the line then rests high for one bit, so that the next start bit has an edge. */
  | { readonly kind: 'bad-stop' }
  /**
   * The line is inverted for a moment inside a bit (0 start, 1 to 8 data, 9 stop). `from` and `to` are parts of that bit; the default
   * covers exactly one of the three samples that a receiver with 16 samples a bit takes in its middle (8, 9 and 10).
   */
  | { readonly kind: 'glitch'; readonly bit: number; readonly from?: number; readonly to?: number };

export interface SendOptions {
  /** Earliest start of the start bit; default now. */
  readonly at?: Moment;
  /** Goes ahead of everything that waits, as real-time bytes do. */
  readonly urgent?: boolean;
  readonly fault?: CharacterFault;
  /** Asked when the byte's turn has come: true leaves it out. */
  readonly unless?: () => boolean;
}

/** Where characters complete, relative to the frames of the audio stream. */
export interface Alignment {
  /** First frame boundary at or after a cycle; undefined while there are no frames, when characters go out as they come. */
  nextBoundary(cycle: number): number | undefined;
  /** Cycles from the boundary to the completion of the character. */
  readonly delayCycles: number;
}

/** Called at the end of a character's stop bit, with the cycle of its start edge and of its end. */
export type CharacterListener = (byte: number, startCycle: number, endCycle: number) => void;

/** Bits of a character: start, eight data, stop. It is complete at the end of its stop bit. */
const CHARACTER_BITS = 10;

/** Level changes, in bit times from the start edge, and the length in bits. */
interface Shape {
  readonly edges: readonly (readonly [position: number, level: Level])[];
  readonly bits: number;
}

interface Item extends Omit<SendOptions, 'at'> {
  readonly at: Moment;
  /** Start in seconds when it was queued: what the queue is sorted by. */
  readonly seconds: number;
  /** Undefined for a break. */
  readonly byte: number | undefined;
  readonly shape: Shape;
}

function shapeOf(byte: number, fault: CharacterFault | undefined): Shape {
  const edges: [number, Level][] = [];
  let level: Level = 1;
  const levels = [0, ...Array.from({ length: 8 }, (_, i) => (byte >> i) & 1), fault?.kind === 'bad-stop' ? 0 : 1, 1] as Level[];
  levels.forEach((next, bit) => {
    if (next !== level) edges.push([bit, next]);
    level = next;
    if (fault?.kind !== 'glitch' || fault.bit !== bit) return;
    const { from = 8.5 / 16, to = 9.5 / 16 } = fault;
    edges.push([bit + from, (1 - level) as Level], [bit + to, level]);
  });
  return { edges, bits: fault?.kind === 'bad-stop' ? 11 : 10 };
}

/** A queue sorted by time, equal times in order of arrival. Taking the first is cheap however long it is. */
class Waiting {
  private items: Item[] = [];
  private head = 0;

  get length(): number {
    return this.items.length - this.head;
  }
  get first(): Item | undefined {
    return this.items[this.head];
  }
  add(item: Item): void {
    let i = this.items.length;
    while (i > this.head && this.items[i - 1].seconds > item.seconds) i--;
    if (i === this.items.length) this.items.push(item);
    else this.items.splice(i, 0, item);
  }
  take(): Item {
    const item = this.items[this.head++];
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}

export class SerialSender {
  /** How much faster (positive) or slower this device's clock is than its nominal baud rate, in per cent. Takes effect with the next character. */
  deviationPercent = 0;
  private readonly waiting = new Waiting();
  private readonly urgent = new Waiting();
  private readonly listeners: CharacterListener[] = [];
  /** What is on the wire, or committed to go there. */
  private current: Item | undefined;
  private appointment: Appointment | undefined;
  /** Whether `current` has begun: it may also be waiting for its place against the frames. */
  private sending = false;
  private nextEdge = 0;
  private startCycle = 0;
  private endCycle = -1;
  private bitCycles: number;
  /** Bit time `anchor.bits` is at cycle `anchor.cycle`. Kept over characters that follow each other directly: their rounding does not add up. */
  private anchor = { cycle: 0, bits: 0 };
  /** Bit times of the current (or last) character's start edge and end. */
  private startBits = 0;
  private endBits = 0;

  /** @param baud nominal bits a second @param align places characters against the audio frames (default: they go as they come) */
  constructor(
    private readonly timeline: Timeline,
    private readonly time: RealTime,
    readonly wire: Wire,
    readonly baud: number,
    private readonly align?: Alignment,
  ) {
    if (!(baud > 0)) throw new RangeError(`baud rate ${baud}: wanted a positive number`);
    this.bitCycles = this.nominalBitCycles();
    wire.set(1);
    time.onChange(() => this.clockChanged());
  }

  /** Characters and breaks that have not been sent to their end. */
  get pending(): number {
    return this.waiting.length + this.urgent.length + (this.current === undefined ? 0 : 1);
  }

  /** Calls `listener` at the end of every character (breaks are none). */
  onCharacter(listener: CharacterListener): void {
    this.listeners.push(listener);
  }

  /** Queues a character. Those of equal time go in the order in which they were queued. @throws RangeError unless 0 <= byte <= 255 */
  send(byte: number, options: SendOptions = {}): void {
    if (!Number.isInteger(byte) || byte < 0 || byte > 255) throw new RangeError(`byte ${byte}: wanted 0 to 255`);
    this.enqueue(byte, shapeOf(byte, options.fault), options);
  }

  /** Queues a break: the line low for `bits` bit times (10 or more, or a receiver sees a character), then high for one. */
  sendBreak(bits: number, options: SendOptions = {}): void {
    if (!(bits >= 10)) throw new RangeError(`break of ${bits} bits: wanted at least 10`);
    this.enqueue(undefined, { edges: [[0, 0], [bits, 1]], bits: bits + 1 }, options);
  }

  private enqueue(byte: number | undefined, shape: Shape, options: SendOptions): void {
    const at = options.at ?? { cycle: this.timeline.now };
    const seconds = Math.max(this.time.now, 'seconds' in at ? at.seconds : this.time.secondsAt(at.cycle));
    (options.urgent ? this.urgent : this.waiting).add({ ...options, at, seconds, byte, shape });
    this.plan();
  }

  /** Makes the appointment for the next start, unless something is on its way. */
  private plan(): void {
    if (this.current !== undefined) return;
    this.timeline.cancel(this.appointment);
    this.appointment = undefined;
    const starts = [this.urgent.first, this.waiting.first].map((item) => (item === undefined ? Infinity : this.earliest(item)));
    const start = Math.min(...starts);
    if (start !== Infinity) this.appointment = this.timeline.at(start, () => this.begin());
  }

  private earliest(item: Item): number {
    return Math.max(this.timeline.now, 'cycle' in item.at ? item.at.cycle : this.time.cycleAt(item.at.seconds));
  }

  /** Takes what is due now, if anything, and starts it or, when aligning, waits for its place. */
  private begin(): void {
    const { now } = this.timeline;
    const from = [this.urgent, this.waiting].find((queue) => queue.first !== undefined && this.earliest(queue.first) <= now);
    if (from === undefined) return this.plan();
    const item = from.take();
    if (item.unless?.()) return this.begin();
    this.current = item;
    const completion = Math.round(CHARACTER_BITS * this.nominalBitCycles());
    const boundary = item.byte === undefined ? undefined : this.align?.nextBoundary(now + completion - this.align.delayCycles);
    const start = boundary === undefined ? now : boundary + this.align!.delayCycles - completion;
    if (start <= now) this.transmit(item);
    else this.appointment = this.timeline.at(start, () => this.transmit(item));
  }

  private transmit(item: Item): void {
    const { now } = this.timeline;
    const bitCycles = this.nominalBitCycles();
    if (now !== this.endCycle || bitCycles !== this.bitCycles) {
      this.anchor = { cycle: now, bits: 0 };
      this.endBits = 0;
      this.bitCycles = bitCycles;
    }
    this.startBits = this.endBits;
    this.endBits += item.shape.bits;
    this.startCycle = now;
    this.sending = true;
    this.nextEdge = 0;
    this.step(item);
  }

  /** Makes all edges that are due, then the appointment for the next one, or for the end. */
  private step(item: Item): void {
    const { edges } = item.shape;
    for (;;) {
      const edge = this.nextEdge < edges.length ? edges[this.nextEdge] : undefined;
      const cycle = this.cycleOfBit(edge === undefined ? this.endBits : this.startBits + edge[0]);
      if (cycle > this.timeline.now) {
        this.appointment = this.timeline.at(cycle, () => this.step(item));
        return;
      }
      if (edge === undefined) return this.finish(item);
      this.wire.set(edge[1]);
      this.nextEdge++;
    }
  }

  private finish(item: Item): void {
    this.sending = false;
    this.current = undefined;
    this.appointment = undefined;
    this.endCycle = this.timeline.now;
    if (item.byte !== undefined) for (const listener of this.listeners) listener(item.byte, this.startCycle, this.endCycle);
    // A listener may have queued something and so have planned already.
    this.timeline.cancel(this.appointment);
    this.begin();
  }

  private nominalBitCycles(): number {
    return toNumber(this.time.coreHertz) / (this.baud * (1 + this.deviationPercent / 100));
  }

  private cycleOfBit(bits: number): number {
    return this.anchor.cycle + Math.round((bits - this.anchor.bits) * this.bitCycles);
  }

  /** The wire keeps its own time: what is left of a character takes other numbers of cycles from now on. */
  private clockChanged(): void {
    if (this.sending) {
      const { now } = this.timeline;
      this.anchor = { cycle: now, bits: this.anchor.bits + (now - this.anchor.cycle) / this.bitCycles };
      this.bitCycles = this.nominalBitCycles();
      this.timeline.cancel(this.appointment);
      this.step(this.current!);
    } else {
      this.plan();
    }
  }
}
