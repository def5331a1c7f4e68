// SPDX-License-Identifier: MIT
// Arpeggiator: the held notes, upwards and round again, sixteen to the bar at 120 beats a minute, from MIDI IN to MIDI OUT.

import { clockInit } from "../drivers/clock";
import { periodicInterrupt, periodicStart, timestampInit } from "../drivers/timer";
import { uartAfterGap, uartByte, uartInit, uartInterrupt, uartReceive, uartSend, uartStart } from "../drivers/uart";
import { createParser, parseByte, parseGap, publishLosses } from "../midi/parser";
import { irqEnable, irqPend, waitForInterrupt } from "../shim/abi";
import { TICK_TIMER, TICK_TIMER_IRQ } from "../shim/board";
import { NoteSet } from "../voice/note-set";

const STEP_MICROSECONDS: u32 = 125_000;
const NOTE_OFF: u32 = 0x80;
const NOTE_ON: u32 = 0x90;
const VELOCITY: u32 = 100;
const NONE: i32 = -1;
/** Taken in one go; if more wait, the handler comes again. */
const BYTES_AT_ONCE: i32 = 2;

const parser = createParser(64);
const held = new NoteSet();
let sounding: i32 = NONE;
let last: i32 = NONE;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
  periodicStart(TICK_TIMER, STEP_MICROSECONDS);
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 1, { budget: 2000 })
function byteReceived(): void {
  uartInterrupt();
  irqPend(-2); // PendSV
}

// The two below share the held notes and the transmitter. They have the same priority, so neither pre-empts the other.

@isr("PendSV", 15)
function follow(): void {
  let bytes = 0;
  for (; bytes < BYTES_AT_ONCE && uartReceive(); bytes++) {
    if (uartAfterGap()) parseGap(parser);
    const message = parseByte(parser, uartByte());
    const note = <i32>((message >> 8) & 0x7f);
    const kind = message & 0xf0;
    if (kind == NOTE_ON && ((message >> 16) & 0x7f) != 0) held.add(note);
    else if (kind == NOTE_ON || kind == NOTE_OFF) held.remove(note);
  }
  publishLosses(parser);
  if (bytes == BYTES_AT_ONCE) irqPend(-2); // there may be more
}

@isr("TICK_TIMER", 15)
function step(): void {
  periodicInterrupt(TICK_TIMER);
  if (sounding != NONE) uartSend(NOTE_OFF | (<u32>sounding << 8));
  sounding = held.next(last + 1);
  if (sounding == NONE) sounding = held.next(0);
  last = sounding;
  if (sounding != NONE) uartSend(NOTE_ON | (<u32>sounding << 8) | (VELOCITY << 16));
}
