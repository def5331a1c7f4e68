// SPDX-License-Identifier: MIT
// IrDA's SIR encoder and decoder between a USART and its pins: RM0090 rev 18, 30.3.12. A zero is a pulse of 3/16 bit; nothing is a one.

import type { Appointment, Timeline } from '../../machine/timeline.js';
import { Wire, type Level } from '../../machine/wire.js';

/** Puts a high pulse in the middle of each zero; the line rests low. */
export class IrdaEncoder {
  constructor(private readonly tx: Wire, private readonly timeline: Timeline) {}

  /** A bit begins. @param bitCycles core cycles in a bit @param pulseCycles width of the pulse, if it is not 3/16 bit */
  set(level: Level, bitCycles: number, pulseCycles = Math.floor((3 * bitCycles) / 16)): void {
    this.tx.drive(0);
    if (level === 1) return;
    const start = Math.floor((7 * bitCycles) / 16);
    this.timeline.after(start, () => this.tx.drive(1));
    this.timeline.after(start + pulseCycles, () => this.tx.drive(0));
  }
}

/** Makes a low bit of each low pulse on RX, which rests high: the demodulator on the board inverts. */
export class IrdaDecoder {
  /** What an asynchronous receiver can listen to. */
  readonly line: Wire;
  private bitCycles: number | undefined;
  private end: Appointment | undefined;

  constructor(rx: Wire, private readonly timeline: Timeline) {
    this.line = new Wire(`${rx.name} (IrDA)`, timeline);
    rx.onEdge((level) => {
      if (level === 1 || this.bitCycles === undefined) return;
      timeline.cancel(this.end);
      this.line.set(0);
      this.end = timeline.after(this.bitCycles, () => this.line.set(1));
    });
  }

  /** @param bitCycles core cycles in a bit; undefined: not at all */
  listen(bitCycles: number | undefined): void {
    this.bitCycles = bitCycles;
    if (bitCycles !== undefined) return;
    this.timeline.cancel(this.end);
    this.line.set(1);
  }
}
