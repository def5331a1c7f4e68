// SPDX-License-Identifier: MIT
// The dual timer (ARM DDI 0479, section 4.5): its first half is the time stamp, its second a periodic interrupt. All times are stretched by the
// board's SLOWDOWN, as the audio clock is, so that a second holds as many frames as it should.

import { irqMask, irqRestore } from "../../shim/abi";
import { HCLK_HZ, SLOWDOWN, TIMESTAMP_TIMER_BASE } from "../../shim/board";
import { read, write } from "../../shim/registers";
import {
  CONTROL_32_BIT, CONTROL_ENABLE, CONTROL_INTERRUPT, CONTROL_PERIODIC, DUAL_BGLOAD, DUAL_CONTROL, DUAL_INTCLR, DUAL_LOAD, DUAL_VALUE,
} from "../../regs/mps2/timer";

const TICKS_PER_MICROSECOND: u32 = (HCLK_HZ / 1_000_000) * SLOWDOWN;

// Ticks since `timestampInit`, as far as the counter has been looked at, and what it read then. Touched with interrupts masked only.
let ticks: u64 = 0;
let lastCount: u32 = 0;

/** Starts the time stamp at 0. */
export function timestampInit(): void {
  write(TIMESTAMP_TIMER_BASE + DUAL_CONTROL, CONTROL_32_BIT);
  write(TIMESTAMP_TIMER_BASE + DUAL_LOAD, 0xffffffff);
  write(TIMESTAMP_TIMER_BASE + DUAL_CONTROL, CONTROL_ENABLE | CONTROL_32_BIT);
  ticks = 0;
  lastCount = read(TIMESTAMP_TIMER_BASE + DUAL_VALUE);
}

/** Microseconds since `timestampInit`, modulo 2^32. To be asked once in 2^32 ticks (171 s of 25 MHz) at least; the UART's interrupt does. */
export function timestamp(): u32 {
  const state = irqMask();
  const count = read(TIMESTAMP_TIMER_BASE + DUAL_VALUE);
  ticks += lastCount - count; // counts down
  lastCount = count;
  const result = <u32>(ticks / TICKS_PER_MICROSECOND);
  irqRestore(state);
  return result;
}

/** Waits, doing nothing, `microseconds` or up to one more. For set-up only. */
export function delay(microseconds: u32): void {
  const start = timestamp();
  while (timestamp() - start <= microseconds) {}
}

/**
 * Makes a timer interrupt periodically. The firmware enables its line and calls `periodicInterrupt` in the handler.
 * @param timer TICK_TIMER
 * @param microseconds period: 1 to 2^32 / 25 / SLOWDOWN (10 s at a slowdown of 16)
 */
export function periodicStart(timer: u32, microseconds: u32): void {
  write(timer + DUAL_CONTROL, CONTROL_32_BIT);
  write(timer + DUAL_LOAD, microseconds * TICKS_PER_MICROSECOND - 1);
  write(timer + DUAL_INTCLR, 1);
  write(timer + DUAL_CONTROL, CONTROL_ENABLE | CONTROL_PERIODIC | CONTROL_INTERRUPT | CONTROL_32_BIT);
}

/** Changes the period, from the end of the present one on. */
export function periodicSet(timer: u32, microseconds: u32): void {
  write(timer + DUAL_BGLOAD, microseconds * TICKS_PER_MICROSECOND - 1);
}

/** Takes the interrupt back; call first in the handler. */
// @ts-ignore: decorator
@inline
export function periodicInterrupt(timer: u32): void {
  write(timer + DUAL_INTCLR, 1);
}
