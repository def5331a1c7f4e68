// SPDX-License-Identifier: MIT
// For the benchmarks' firmware on QEMU's MPS2: a clock of executed instructions, and figures to the log, a name and a number in each line.

import { load32, log, store32 } from "../../assembly/shim/abi";

// CMSDK APB timer 1 (Arm DDI 0479, 4.4): counts down at 25 MHz.
const TIMER1: u32 = 0x40001000;
const CTRL: u32 = 0x0;
const VALUE: u32 = 0x4;
const RELOAD: u32 = 0x8;
/** QEMU runs one instruction a nanosecond (-icount shift=0). */
const TICK_INSTRUCTIONS: u32 = 40;

/** Longest name; a number has ten digits at most. */
const NAME_BYTES: i32 = 32;
const line = memory.data(64, 4);

export function startClock(): void {
  store32(TIMER1 + RELOAD, 0xffffffff);
  store32(TIMER1 + VALUE, 0xffffffff);
  store32(TIMER1 + CTRL, 1);
}

/** Instructions since the clock started, in steps of 40; of its low 32 bits only differences mean anything. */
export function instructions(): u32 {
  return (0xffffffff - load32(TIMER1 + VALUE)) * TICK_INSTRUCTIONS;
}

/** @param name of ASCII characters, cut after 32 */
export function report(name: string, value: u32): void {
  let at = line;
  for (let i = 0; i < name.length && i < NAME_BYTES; i++) store<u8>(at++, <u8>name.charCodeAt(i));
  store<u8>(at++, 32);
  let power: u32 = 1;
  while (value / power >= 10) power *= 10;
  for (; power > 0; power /= 10) store<u8>(at++, <u8>(48 + ((value / power) % 10)));
  store<u8>(at++, 10);
  log(<u32>line, <u32>(at - line));
}
