// SPDX-License-Identifier: MIT
// A UART's view of its two wires: waveform to characters and back. RM0090 30.3.2 (transmitter), 30.3.3 (receiver), STM32F405/407.

import { floorTimes, type Fraction } from '../../machine/fraction.js';
import type { Appointment, Timeline } from '../../machine/timeline.js';
import type { Level, Wire } from '../../machine/wire.js';

/** Positions on the line are counted in 1/32 of a bit: fine enough for the middle of a sixteenth. */
const BIT = 32;

/** How characters look on the wire. */
export interface LineFormat {
  /** Core cycles in 1/32 of a bit, exact. */
  readonly unit: Fraction;
  /** Bits between start and stop bit, a parity bit included. */
  readonly wordBits: 8 | 9;
  /** Stop bits sent, in units of 1/32 bit (32 for one stop bit). */
  readonly stopUnits: number;
  /** Eight samples a bit instead of sixteen (CR1.OVER8). */
  readonly over8: boolean;
  /** One sample a bit instead of a majority of three (CR3.ONEBIT). */
  readonly oneBit: boolean;
  /** Low bits of a break, if they are not those of a whole frame (LIN: 13). */
  readonly breakBits?: number;
  /** Tell the line of every bit, although two in a row have the same level (IrDA has a pulse for each). */
  readonly eachBit?: boolean;
}

export interface ReceivedCharacter {
  readonly word: number;
  /** The three samples of some bit were not all the same. */
  readonly noise: boolean;
  /** The stop bit was low. */
  readonly framingError: boolean;
}

/** Middle of sample `i` (1…16) of a start bit, and of a data bit at sixteen samples a bit. */
const sixteenth = (i: number): number => 2 * i - 1;
/** Middle of sample `i` (1…8) of a data bit at eight samples a bit. */
const eighth = (i: number): number => 4 * i - 2;

// A start bit needs two zeros out of three in both groups; the figure is the same for 16 and for 8 samples a bit (figure 300).
const START_FIRST = [3, 5, 7].map(sixteenth);
const START_SECOND = [8, 9, 10].map(sixteenth);
const DATA_16 = [8, 9, 10].map(sixteenth);
const DATA_8 = [4, 5, 6].map(eighth);

/** Whole character times on the wire, in 1/32 bit: start bit, word, stop bits. */
const frameUnits = (format: LineFormat): number => (1 + format.wordBits) * BIT + format.stopUnits;

/**
 * Finds characters on a wire. Samples are looked up once their time has passed, so a character costs three appointments.
 *
 * A character is handed over at the end of its (first) stop bit, while the search for the next start bit begins right after the stop
 * bit's last sample: that is what lets a sender be a few per cent fast.
 */
export class LineReceiver {
  private format: LineFormat | undefined;
  /** Edges since the start edge that is being looked at; empty while searching. */
  private edges: { readonly cycle: number; readonly level: Level }[] = [];
  private sampling: Appointment | undefined;
  private completion: Appointment | undefined;
  private idle: Appointment | undefined;

  private wire: Wire;

  /** @param wires what it can listen to, the first one first */
  constructor(
    wires: readonly Wire[],
    private readonly timeline: Timeline,
    private readonly onCharacter: (character: ReceivedCharacter) => void,
    /** The line has been high for a whole character time after something else. */
    private readonly onIdle: () => void,
    /** The stop bit has been sampled: the character will be handed over at its end. */
    private readonly onStopBit: () => void = () => {},
  ) {
    [this.wire] = wires;
    for (const wire of wires) wire.onEdge((level, cycle) => wire === this.wire && this.edge(level, cycle));
  }

  /** Listens to another of its wires from now on. */
  select(wire: Wire): void {
    if (wire === this.wire) return;
    const { format } = this;
    this.listen(undefined);
    this.wire = wire;
    this.listen(format);
  }

  /** Starts listening, or with undefined stops and forgets what was under way. A format taken on during a character counts from the next. */
  listen(format: LineFormat | undefined): void {
    const wasListening = this.format !== undefined;
    this.format = format;
    if (format === undefined) {
      for (const appointment of [this.sampling, this.completion, this.idle]) this.timeline.cancel(appointment);
      this.edges = [];
    } else if (!wasListening && this.wire.level === 1) {
      this.awaitIdle(format);
    }
  }

  private edge(level: Level, cycle: number): void {
    if (this.format === undefined) return;
    if (this.edges.length > 0) this.edges.push({ cycle, level });
    else if (level === 0) this.startEdge(this.format, cycle);
    else if (!this.completion?.pending) this.awaitIdle(this.format);
  }

  private startEdge(format: LineFormat, start: number): void {
    const at = (units: number) => start + floorTimes(units, format.unit);
    // The pattern searched for begins with three high samples.
    for (const i of [1, 2, 3]) if (this.wire.levelAt(at(-sixteenth(i))) === 0) return;
    this.timeline.cancel(this.idle);
    this.edges.push({ cycle: start, level: 0 });
    this.sampling = this.timeline.at(at(START_SECOND[2]), () => this.checkStartBit(format, start));
  }

  private checkStartBit(format: LineFormat, start: number): void {
    const [first, second] = [START_FIRST, START_SECOND].map((group) => this.ones(format, start, group));
    if (first > 1 || second > 1) return this.resumeSearch(format);
    const lastSample = BIT * (1 + format.wordBits) + (format.over8 ? DATA_8 : DATA_16)[2];
    const noise = first + second > 0;
    this.sampling = this.timeline.at(start + floorTimes(lastSample, format.unit), () => this.readWord(format, start, noise));
  }

  /** No start bit after all: what fell since then may be one. */
  private resumeSearch(format: LineFormat): void {
    const later = this.edges.slice(1);
    this.edges = [];
    for (const edge of later) this.edge(edge.level, edge.cycle);
    if (this.edges.length === 0 && this.wire.level === 1 && !this.completion?.pending) this.awaitIdle(format);
  }

  private readWord(format: LineFormat, start: number, startNoise: boolean): void {
    const positions = format.over8 ? DATA_8 : DATA_16;
    let noise = startNoise;
    const bit = (index: number): number => {
      const group = (format.oneBit ? positions.slice(1, 2) : positions).map((p) => p + BIT * index);
      const ones = this.ones(format, start, group);
      if (ones % group.length !== 0) noise = true;
      return ones * 2 > group.length ? 1 : 0;
    };
    let word = 0;
    for (let i = 0; i < format.wordBits; i++) word |= bit(1 + i) << i;
    const framingError = bit(1 + format.wordBits) === 0;
    this.edges = [];
    this.onStopBit();
    const character = { word, noise: noise && !format.oneBit, framingError };
    const end = start + floorTimes(BIT * (2 + format.wordBits), format.unit);
    this.completion = this.timeline.at(end, () => {
      this.onCharacter(character);
      if (this.format !== undefined && this.edges.length === 0 && this.wire.level === 1) this.awaitIdle(this.format);
    });
  }

  private awaitIdle(format: LineFormat): void {
    this.timeline.cancel(this.idle);
    this.idle = this.timeline.after(floorTimes(frameUnits(format), format.unit), this.onIdle);
  }

  /** How many of the samples at these positions were high. */
  private ones(format: LineFormat, start: number, positions: readonly number[]): number {
    let ones = 0;
    for (const units of positions) {
      const cycle = start + floorTimes(units, format.unit);
      let i = this.edges.length - 1;
      while (i > 0 && this.edges[i].cycle > cycle) i--;
      ones += this.edges[i].level;
    }
    return ones;
  }
}

/** What a transmitter puts its bits on. */
export interface LineOutput {
  set(level: Level): void;
}

/** Puts frames on a line, edge by edge. */
export class LineTransmitter {
  private active = false;

  constructor(private readonly line: LineOutput, private readonly timeline: Timeline) {}

  get busy(): boolean {
    return this.active;
  }

  /** A character: start bit, word with its lowest bit first, stop bits. */
  character(word: number, format: LineFormat, done: () => void): void {
    const levels: Level[] = [0];
    for (let i = 0; i < format.wordBits; i++) levels.push(((word >>> i) & 1) as Level);
    this.frame(levels, format, done);
  }

  /** A break: low for start bit, word and one stop bit, then the stop bits that let the next start bit be seen. */
  break(format: LineFormat, done: () => void): void {
    this.frame(new Array<Level>(format.breakBits ?? 2 + format.wordBits).fill(0), format, done);
  }

  /** A frame of ones. */
  idle(format: LineFormat, done: () => void): void {
    this.frame(new Array<Level>(1 + format.wordBits).fill(1), format, done);
  }

  private frame(levels: readonly Level[], format: LineFormat, done: () => void): void {
    const start = this.timeline.now;
    const bit = (index: number) => {
      this.line.set(levels[index]);
      let next = index + 1;
      while (!format.eachBit && next < levels.length && levels[next] === levels[index]) next++;
      this.timeline.at(start + floorTimes(next * BIT, format.unit), next < levels.length ? () => bit(next) : stop);
    };
    const stop = () => {
      this.line.set(1);
      this.timeline.at(start + floorTimes(levels.length * BIT + format.stopUnits, format.unit), () => {
        this.active = false;
        done();
      });
    };
    this.active = true;
    bit(0);
  }
}
