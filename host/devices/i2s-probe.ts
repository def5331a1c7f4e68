// SPDX-License-Identifier: MIT
// An I2S bus as its three lines, bit by bit (RM0090 section 28.4.3: supported audio protocols).

import { toNumber } from '../machine/fraction.js';
import type { I2sListener, I2sStream } from '../machine/links.js';
import type { Level } from '../machine/wire.js';

export type I2sLine = 'CK' | 'WS' | 'SD';

/** Gets every edge in order of time. Cycles may have fractions: bit times do. */
export type I2sEdge = (line: I2sLine, level: Level, cycle: number) => void;

/** RM0090: the pulse of long frame synchronisation is 13 bits in master mode. */
const LONG_SYNC_BITS = 13;

/**
 * CK rests low; SD and WS change at its falling edge and are sampled at its rising edge. Philips: WS low for left, changing one bit before the
 * most significant bit. Left- and right-justified: WS high for left, changing with the slot. PCM: a pulse for each slot, of one bit before
 * the slot (short) or of 13 bits from its first bit on (long).
 */
export class I2sProbe implements I2sListener {
  private from = 0;
  private to = Infinity;
  /** WS at the last rising edge of CK: undefined before the first. */
  private clockedWs: Level | undefined;
  private stream: I2sStream | undefined;
  private bitCycles = 0;
  /** Slots of the stream that have been seen. */
  private seen = 0;

  /** @param window the cycles to show, asked when they matter: only whole frames inside are shown */
  constructor(private readonly edge: I2sEdge, private readonly window: (stream: I2sStream) => { from: number; to: number }) {}

  /** All edges before this cycle have been given out; Infinity while the transmitter is off. */
  get completeTo(): number {
    return this.stream === undefined ? Infinity : this.cycleOf(this.seen) - this.bitCycles;
  }

  start(stream: I2sStream): void {
    this.stream = stream;
    this.seen = 0;
    this.bitCycles = toNumber(stream.slotCycles) / stream.slotBits;
  }

  slots(stream: I2sStream, firstSlot: number, values: Int32Array, count: number): void {
    ({ from: this.from, to: this.to } = this.window(stream));
    for (let i = 0; i < count; i++) {
      const slot = firstSlot + i;
      const frame = slot & ~1;
      if (this.cycleOf(frame) >= this.from && this.cycleOf(frame + 2) <= this.to) this.show(stream, slot, values[i]);
    }
    this.seen = firstSlot + count;
  }

  stop(): void {
    this.stream = undefined;
  }

  private cycleOf(slot: number): number {
    const { originCycle, slotCycles } = this.stream!;
    return originCycle + (slot * slotCycles.n) / slotCycles.d;
  }

  private show(stream: I2sStream, slot: number, value: number): void {
    const { slotBits, dataBits, standard } = stream;
    const { bitCycles } = this;
    const start = this.cycleOf(slot);
    const early = standard === 'philips' || standard === 'pcm-short';
    const ws = wsLevels[standard](slot);
    // The bit before the slot: what Philips and short PCM have their edge of WS in. In a running stream it belongs to the slot before.
    if (early && this.clockedWs !== ws.first) this.bit(start - bitCycles, ws.first, 0);
    const pad = standard === 'lsb' ? slotBits - dataBits : 0;
    for (let bit = 0; bit < slotBits; bit++) {
      const position = bit - pad;
      const data = position >= 0 && position < dataBits ? ((value >> (dataBits - 1 - position)) & 1) as Level : 0;
      const level = bit < ws.firstBits ? ws.first : bit === slotBits - 1 ? ws.last : ws.rest;
      this.bit(start + bit * bitCycles, level, data);
    }
    // Nothing may follow, so the last falling edge is made now; another slot makes none.
    this.edge('CK', 0, start + slotBits * bitCycles);
  }

  private bit(cycle: number, ws: Level, data: Level): void {
    this.edge('CK', 0, cycle);
    this.edge('WS', ws, cycle);
    this.edge('SD', data, cycle);
    this.edge('CK', 1, cycle + this.bitCycles / 2);
    this.clockedWs = ws;
  }
}

/** Levels of WS in a slot: `first` in its first bits (and, where WS is early, in the bit before it), `last` in its last bit, else `rest`. */
interface WsLevels {
  readonly first: Level;
  readonly firstBits: number;
  readonly rest: Level;
  readonly last: Level;
}

const even = (slot: number): Level => ((slot & 1) === 0 ? 1 : 0);
const odd = (slot: number): Level => ((slot & 1) === 0 ? 0 : 1);
const justified = (slot: number): WsLevels => ({ first: even(slot), firstBits: 0, rest: even(slot), last: even(slot) });

const wsLevels: Readonly<Record<I2sStream['standard'], (slot: number) => WsLevels>> = {
  philips: (slot) => ({ first: odd(slot), firstBits: 0, rest: odd(slot), last: even(slot) }),
  msb: justified,
  lsb: justified,
  'pcm-short': () => ({ first: 1, firstBits: 0, rest: 0, last: 1 }),
  'pcm-long': () => ({ first: 1, firstBits: LONG_SYNC_BITS, rest: 0, last: 0 }),
};
