// SPDX-License-Identifier: MIT
// How often a UART can interrupt, and what MIDI comes in on: RM0090, sections cited.

import type { BoardPeripheral } from '../../boards/index.js';
import { add, type Chip, type Found } from './chip.js';
import type { MidiLine } from './rates.js';

/** MIDI 1.0, Hardware: 31.25 (+/- 1 %) kbaud. Whoever sends to us may be that much faster, at any rate. */
const SENDER_TOLERANCE = 0.01;

/** RM0090 30.6.4, 30.6.6. */
const CR1 = 0x0c;
const UE = 1 << 13;
const RXNEIE = 1 << 5;
const IDLEIE = 1 << 4;
const TE = 1 << 3;
const RE = 1 << 2;
const CR3 = 0x14;
const EIE = 1 << 0;

/** Bits and core cycles of one character: RM0090 30.3.4 (baud rate), 30.6.4 to 30.6.6 (word length, stop bits). */
export function characterCycles({ read, ticks }: Chip, uart: BoardPeripheral): number {
  const brr = read(uart, 0x08);
  const cr1 = read(uart, CR1);
  const oversamplesBy8 = (cr1 & (1 << 15)) !== 0;
  // USARTDIV in sixteenths; with 8 samples a bit the fraction has three bits, and a bit is 8 ticks for 1.0.
  const bitTicks = oversamplesBy8 ? (brr >> 4) * 8 + (brr & 7) : brr;
  const stopBits = [1, 0.5, 2, 1.5][(read(uart, 0x10) >> 12) & 3];
  return (1 + (cr1 & (1 << 12) ? 9 : 8) + stopBits) * bitTicks * ticks(uart.clock!);
}

/** Least core cycles from a received character to the next. */
export const receivedCycles = (chip: Chip, uart: BoardPeripheral): number => characterCycles(chip, uart) * (1 - SENDER_TOLERANCE);

export function uartSources(chip: Chip, uart: BoardPeripheral, found: Found): void {
  const cr1 = chip.read(uart, CR1);
  if (!(cr1 & UE)) return;
  const character = characterCycles(chip, uart);
  const [vector] = uart.vectors;
  const of = { peripheral: uart.name, always: false };
  // RXNEIE may be set at any time.
  if (cr1 & (RE | RXNEIE | IDLEIE) || chip.read(uart, CR3) & EIE) {
    const each = RE | RXNEIE;
    add(found, vector, { ...of, what: 'a character received', kind: 'received', periodCycles: receivedCycles(chip, uart), always: (cr1 & each) === each });
  }
  if (cr1 & TE) { // TXEIE may be set at any time. DR and the shift register take a character each at once.
    add(found, vector, { ...of, what: 'a character sent', kind: 'sent', periodCycles: character, jitterCycles: character });
    add(found, vector, { ...of, what: 'nothing left to send', kind: 'idle', periodCycles: character });
  }
}

/** The UART that MIDI comes in on, as far as it listens. */
export function midiLine(chip: Chip): MidiLine | undefined {
  const { peripherals, midi } = chip.board;
  const uart = peripherals.find(({ name }) => name === midi.uart)!;
  const cr1 = chip.read(uart, CR1);
  if (!(cr1 & UE) || !(cr1 & RE)) return undefined;
  const [vector] = uart.vectors;
  return { peripheral: uart.name, vector, characterCycles: receivedCycles(chip, uart), interrupts: (cr1 & RXNEIE) !== 0 && chip.isEnabled(vector), lagCycles: 0 };
}
