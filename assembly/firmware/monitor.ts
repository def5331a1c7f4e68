// SPDX-License-Identifier: MIT
// MIDI monitor: one line of the log for each message, its time stamp in microseconds and its bytes in hex; of a SysEx, how long it is.

import { clockInit } from "../drivers/clock";
import { timestampInit } from "../drivers/timer";
import { uartAfterGap, uartByte, uartInit, uartInterrupt, uartReceive, uartStart, uartTimestamp } from "../drivers/uart";
import { messageByteCount, SYSEX_ABORTED } from "../midi/events";
import { createParser, parseByte, parseGap, publishLosses } from "../midi/parser";
import { irqPend, log, waitForInterrupt } from "../shim/abi";

const parser = createParser(1024);
const line = memory.data(64);
let end: usize = line;
/** Taken in one go; if more wait, the handler comes again. */
const BYTES_AT_ONCE: i32 = 2;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  uartInit();
  uartStart();
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("MIDI_UART", 1, { budget: 2000 })
function byteReceived(): void {
  uartInterrupt();
  irqPend(-2); // PendSV
}

@isr("PendSV", 15)
function report(): void {
  let bytes = 0;
  for (; bytes < BYTES_AT_ONCE && uartReceive(); bytes++) {
    const aborted = uartAfterGap() ? parseGap(parser) : 0;
    const event = aborted | parseByte(parser, uartByte());
    if (event != 0) writeLine(uartTimestamp(), event);
  }
  publishLosses(parser);
  if (bytes == BYTES_AT_ONCE) irqPend(-2); // there may be more
}

function writeLine(microseconds: u32, event: u32): void {
  end = line;
  putDecimal(microseconds, 10);
  const status = event & 0xff;
  if (event & SYSEX_ABORTED) put(0x21); // !
  if (status == 0xf0) {
    putHex(status);
    put(0x20);
    putDecimal((event >> 8) & 0xffff, 0);
  } else if (status != 0) {
    const byteCount = messageByteCount(event);
    // A short message has its status and two bytes at most. @bound(3)
    for (let i: u32 = 0; i < byteCount; i++) putHex((event >> (i << 3)) & 0xff);
  }
  put(0x0a);
  log(<u32>line, <u32>(end - line));
}

function put(character: u8): void {
  store<u8>(end++, character);
}

/** A space and two digits. */
function putHex(byte: u32): void {
  put(0x20);
  for (let shift: i32 = 4; shift >= 0; shift -= 4) {
    const digit = (byte >> shift) & 15;
    put(<u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
  }
}

/** Right-aligned in `width`. */
function putDecimal(value: u32, width: i32): void {
  let divisor: u32 = 1_000_000_000;
  let digitsLeft = 10;
  for (; divisor > 1 && value < divisor; divisor /= 10, digitsLeft--) if (digitsLeft <= width) put(0x20);
  for (; divisor > 0; divisor /= 10) put(<u8>(0x30 + ((value / divisor) % 10)));
}
