// SPDX-License-Identifier: MIT
// The MIDI line of a board in QEMU: characters come in from a list in memory, each at its audio frame, and go out of a UART.

/*
 QEMU cannot feed a UART at exact virtual times, so MIDI IN is a list of pairs of words at MIDI_EVENTS_ADDRESS, in the order of their frames, which
 QEMU's loader puts there (host/testing/qemu-events.ts writes it):

   frame, byte          the character arrives in that frame, and has exactly that frame for its stamp
   frame, 0x100         the run ends at the first block boundary from that frame on (`audioOutEnd`)
   0xFFFFFFFF           end of the list. So is frame 0, byte 0: what memory without a list holds.

 The timer of the line falls once a character's time, as a UART's interrupt would; at each block boundary the audio handler pends it besides, so that
 all characters of a block are there before the next block is rendered.
*/

import { irqEnable } from "../../shim/abi";
import { HCLK_HZ, MIDI_EVENTS_ADDRESS, MIDI_TIMER_BASE, MIDI_UART_BASE, MIDI_UART_IRQ, SLOWDOWN } from "../../shim/board";
import { read, write } from "../../shim/registers";
import { CTRL_ENABLE, CTRL_INTERRUPT, TIMER_CTRL, TIMER_INTCLEAR, TIMER_RELOAD } from "../../regs/mps2/timer";
import { createTransmitter } from "../../midi/transmit";
import { queueReceived } from "../common/received";
import { audioOutEnd, audioOutPlayedFrames, framePosition } from "./audio-out";
import { serialInit, serialWrite } from "./serial";
import { timestamp } from "./timer";

export { uartAfterGap, uartByte, uartFrame, uartReceive, uartTimestamp } from "../common/received";

const CHARACTER_TICKS: u32 = (HCLK_HZ / 31250) * 10 * SLOWDOWN;

const TRANSMIT_CAPACITY: u32 = 1024;
const REAL_TIME_CAPACITY: u32 = 16;

const END_OF_LIST: u32 = 0xffffffff;
const END_OF_RUN: u32 = 0x100;

/** What goes out. Every status is sent, so that a receiver plugged in later understands at once. After queueing here, call `uartKick`. */
export const uartTransmitter = createTransmitter(TRANSMIT_CAPACITY, REAL_TIME_CAPACITY, false);

// The handler's own: address of the entry that comes next, and whether bytes were lost before it.
let entry: u32 = MIDI_EVENTS_ADDRESS;
let gap: bool = false;

/** Sets the line up, from the start of the list. */
export function uartInit(): void {
  write(MIDI_TIMER_BASE + TIMER_CTRL, 0);
  serialInit(MIDI_UART_BASE);
  entry = MIDI_EVENTS_ADDRESS;
}

/** Starts the line and enables its interrupt, whose handler calls `uartInterrupt`. The time stamp must run. */
export function uartStart(): void {
  write(MIDI_TIMER_BASE + TIMER_RELOAD, CHARACTER_TICKS - 1);
  write(MIDI_TIMER_BASE + TIMER_INTCLEAR, 1);
  write(MIDI_TIMER_BASE + TIMER_CTRL, CTRL_ENABLE | CTRL_INTERRUPT);
  irqEnable(MIDI_UART_IRQ);
}

/** The line's interrupt: what has arrived comes in, and a character's time after the last one a byte goes out. */
export function uartInterrupt(): void {
  timestamp(); // which must be asked now and then
  receive();
  if (!(read(MIDI_TIMER_BASE + TIMER_INTCLEAR) & 1)) return;
  write(MIDI_TIMER_BASE + TIMER_INTCLEAR, 1);
  const byte = uartTransmitter.nextByte();
  if (byte >= 0) serialWrite(MIDI_UART_BASE, byte);
}

function receive(): void {
  const now = framePosition();
  // Called once a character's time, and characters are no less apart: two may come due in between, and two more when the call before came late.
  // @bound(4)
  while (true) {
    const frame = read(entry);
    const value = read(entry + 4);
    if (frame == END_OF_LIST || (frame | value) == 0 || <i32>(frame - now) > 0) return;
    if (value == END_OF_RUN) {
      if (<i32>(frame - audioOutPlayedFrames()) <= 0) audioOutEnd();
      return;
    }
    gap = !queueReceived(frame, value, gap);
    entry += 8;
  }
}

/** Lets the line send what is queued. Never blocks. */
export function uartKick(): void {
  uartTransmitter.publish();
}

/**
 * Sends a short message, whole or not at all; real time overtakes what waits, even a SysEx. Never blocks. From one context only, or several that
 * cannot pre-empt each other.
 * @param message status | data1 << 8 | data2 << 16
 * @returns bytes queued, or a negative code of assembly/midi/encoder.ts; E_FULL is counted
 */
export function uartSend(message: u32): i32 {
  const result = (message & 0xff) >= 0xf8 ? uartTransmitter.sendRealTime(message & 0xff) : uartTransmitter.send(message);
  uartKick();
  return result;
}

/** Sends a SysEx, F0 to F7 or a piece of one, whole or not at all; else like `uartSend`. */
export function uartSendSysex(bytes: usize, byteCount: i32): i32 {
  const result = uartTransmitter.sendSysex(bytes, byteCount);
  uartKick();
  return result;
}
