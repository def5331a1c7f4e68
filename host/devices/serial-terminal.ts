// SPDX-License-Identifier: MIT
// A terminal at a UART of the chip that sets itself to whatever baud rate and format the firmware has programmed: reads what is sent, from the pads,
// and types into the receiver.

import { floorTimes, toNumber } from '../machine/fraction.js';
import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import type { Wire } from '../machine/wire.js';
import { LineTransmitter } from '../peripherals/stm32/usart-line.js';
import type { Usart } from '../peripherals/stm32/usart.js';

export interface TerminalConfig {
  readonly timeline: Timeline;
  readonly time: RealTime;
  /** Pads that the UART's output and input can be routed to. */
  readonly pads: { readonly tx: readonly string[]; readonly rx: readonly string[] };
  readonly pin: (pad: string) => Wire;
  /** Pads that a signal is routed to now. */
  readonly padsOf: (signal: string) => readonly string[];
}

/** Positions in a character are in 1/32 bit, as LineFormat has them. */
const BIT = 32;
/** From the receiver's being ready until the first key: the firmware has something to say, or to set up, first. */
const FIRST_KEY_SECONDS = 0.01;
/** How soon to look again whether the receiver's pad is routed, when the firmware enables the receiver before it. */
const ROUTE_SECONDS = 0.001;

/** A character to be typed: not before `atSeconds` since reset, and a pause after it. */
interface Key {
  readonly byte: number;
  readonly atSeconds: number;
  readonly pauseSeconds: number;
}

const parityOf = (word: number): number => {
  let ones = 0;
  for (let w = word; w !== 0; w >>>= 1) ones ^= w & 1;
  return ones;
};

export class SerialTerminal {
  /** Characters received, those with an error among them. */
  bytesOut = 0;
  /** Characters whose stop bit was low; a break is one. */
  framingErrors = 0;
  parityErrors = 0;
  /** Characters typed to their end. */
  bytesIn = 0;
  /** Bits a second of the last character, either way; 0 before the first. */
  baud = 0;
  private readonly listeners: ((byte: number, cycle: number) => void)[] = [];
  private receiving = false;
  private readonly input: Key[] = [];
  private typed = 0;
  private typing = false;

  constructor(readonly name: string, private readonly usart: Usart, private readonly config: TerminalConfig) {
    for (const pad of config.pads.tx) {
      const wire = config.pin(pad);
      wire.onEdge((level, cycle) => {
        if (level === 0 && !this.receiving && config.padsOf(`${name}_TX`).includes(pad)) this.startBit(wire, cycle);
      });
    }
    usart.onReceiver = () => this.begin(FIRST_KEY_SECONDS);
  }

  /** Calls `listener` in the middle of each stop bit that is high, with the cycle of the start edge. */
  onByte(listener: (byte: number, cycle: number) => void): void {
    this.listeners.push(listener);
  }

  /**
   * Types bytes as soon as the firmware's receiver is ready and what was to be typed before them is.
   * @param atSeconds not before, in seconds since reset
   * @param pauseSeconds from the end of one character to the next; 0: one directly after the other
   */
  type(bytes: Iterable<number>, atSeconds = 0, pauseSeconds = 0): void {
    for (const byte of bytes) this.input.push({ byte, atSeconds, pauseSeconds });
    this.begin(0);
  }

  private startBit(wire: Wire, start: number): void {
    const format = this.usart.wireFormat;
    if (format === undefined) return;
    this.receiving = true;
    const middle = (bit: number): number => start + floorTimes(bit * BIT + BIT / 2, format.unit);
    const { timeline } = this.config;
    this.baud = this.baudOf(format.unit);
    timeline.at(Math.max(timeline.now, middle(format.wordBits + 1)), () => {
      this.receiving = false;
      this.bytesOut++;
      let word = 0;
      for (let bit = 0; bit < format.wordBits; bit++) word |= wire.levelAt(middle(bit + 1)) << bit;
      if (wire.levelAt(middle(format.wordBits + 1)) === 0) {
        this.framingErrors++;
        return;
      }
      if (format.parity !== 'none') {
        if (parityOf(word) !== (format.parity === 'odd' ? 1 : 0)) this.parityErrors++;
        word &= (1 << (format.wordBits - 1)) - 1;
      }
      for (const listener of this.listeners) listener(word & 0xff, start);
    });
  }

  private baudOf(unit: { n: number; d: number }): number {
    return toNumber(this.config.time.coreHertz) / (BIT * toNumber(unit));
  }

  /** Begins to type when there is something to type and somebody to read it. */
  private begin(delaySeconds: number): void {
    if (this.typing || this.typed === this.input.length || !this.usart.receives) return;
    const { time, timeline } = this.config;
    this.typing = true;
    const at = Math.max(time.now + delaySeconds, this.input[this.typed].atSeconds);
    timeline.at(Math.max(timeline.now, time.cycleAt(at)), () => this.next());
  }

  private next(): void {
    const { config: { timeline, time, padsOf, pin }, usart, name } = this;
    this.typing = false;
    const format = usart.wireFormat;
    if (this.typed === this.input.length || !usart.receives || format === undefined) return;
    const [pad] = padsOf(`${name}_RX`);
    this.typing = true;
    if (pad === undefined) {
      timeline.after(time.cyclesFor(ROUTE_SECONDS), () => this.next());
      return;
    }
    const { byte, pauseSeconds } = this.input[this.typed];
    this.baud = this.baudOf(format.unit);
    let word = byte;
    if (format.parity !== 'none') {
      const data = byte & ((1 << (format.wordBits - 1)) - 1);
      word = data | ((parityOf(data) ^ (format.parity === 'odd' ? 1 : 0)) << (format.wordBits - 1));
    }
    const line = new LineTransmitter(pin(pad), timeline);
    line.character(word, { ...format, stopUnits: Math.max(BIT, format.stopUnits) }, () => {
      this.typed++;
      this.bytesIn++;
      if (pauseSeconds === 0 && !(this.input[this.typed]?.atSeconds > time.now)) return this.next();
      this.typing = false;
      this.begin(pauseSeconds);
    });
  }
}
