// SPDX-License-Identifier: MIT
// Timers: TIM5 as a free-running time stamp, any of TIM2 to TIM7 as a periodic interrupt. RM0090 sections 18.3.1, 18.3.2 and 18.4.

import { TIMCLK1_HZ } from "../../shim/board";
import { read, setBits, write } from "../../shim/registers";
import { APB1ENR_TIM2EN, APB1ENR_TIM5EN, RCC_APB1ENR, RCC_BASE } from "../../regs/stm32/rcc";
import {
  CR1_CEN, CR1_URS, DIER_UIE, EGR_UG, SR_UIF, TIM5_BASE, TIM_ARR, TIM_CNT, TIM_CR1, TIM_DIER, TIM_EGR, TIM_PSC, TIM_SR,
} from "../../regs/stm32/tim";

// Both uses count microseconds.
const PRESCALER: u32 = TIMCLK1_HZ / 1_000_000 - 1;

/** Starts the time stamp at 0. The clock tree must stand. */
export function timestampInit(): void {
  setBits(RCC_BASE + RCC_APB1ENR, APB1ENR_TIM5EN);
  write(TIM5_BASE + TIM_PSC, PRESCALER);
  write(TIM5_BASE + TIM_ARR, 0xffffffff);
  write(TIM5_BASE + TIM_EGR, EGR_UG); // the prescaler is taken over at an update only
  write(TIM5_BASE + TIM_CR1, CR1_CEN);
}

/** Microseconds since `timestampInit`, modulo 2^32 (71 minutes). */
// @ts-ignore: decorator
@inline
export function timestamp(): u32 {
  return read(TIM5_BASE + TIM_CNT);
}

/** Waits, doing nothing, `microseconds` or up to one more. For set-up only. */
export function delay(microseconds: u32): void {
  const start = timestamp();
  while (timestamp() - start <= microseconds) {}
}

/**
 * Makes a timer interrupt periodically. The firmware enables its line and calls `periodicInterrupt` in the handler.
 * @param timer TIM2_BASE or one of the five that follow at steps of 0x400; not TIM5, which is the time stamp
 * @param microseconds period: 1 to 65,536 (TIM2: to 2^32 - 1)
 */
export function periodicStart(timer: u32, microseconds: u32): void {
  setBits(RCC_BASE + RCC_APB1ENR, APB1ENR_TIM2EN << ((timer >> 10) & 0b111));
  write(timer + TIM_PSC, PRESCALER);
  write(timer + TIM_ARR, microseconds - 1);
  write(timer + TIM_CR1, CR1_URS); // so that UG does not count as a period
  write(timer + TIM_EGR, EGR_UG);
  write(timer + TIM_DIER, DIER_UIE);
  write(timer + TIM_CR1, CR1_URS | CR1_CEN);
}

/** Changes the period: the counter takes it over at once, so a period that has passed already ends after a full turn of 65,536. */
export function periodicSet(timer: u32, microseconds: u32): void {
  write(timer + TIM_ARR, microseconds - 1);
}

/** Takes the interrupt back; call first in the handler. */
// @ts-ignore: decorator
@inline
export function periodicInterrupt(timer: u32): void {
  write(timer + TIM_SR, ~SR_UIF);
}
