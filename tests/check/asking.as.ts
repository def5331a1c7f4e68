// SPDX-License-Identifier: MIT
// A firmware whose loops ask the drivers whether to go on, and one function of its own: for tests/check/asking.spec.ts. It says nothing of its loops. With strap 1 the timer
// that takes received characters lets more of them gather than the drivers say; with strap 2 there is more to do than is said of the firmware's own function.

import { clockInit } from "../../assembly/drivers/clock";
import { periodicInterrupt, periodicStart, timestampInit } from "../../assembly/drivers/timer";
import { uartByte, uartInit, uartInterrupt, uartReceive, uartStart } from "../../assembly/drivers/uart";
import { irqEnable, waitForInterrupt } from "../../assembly/shim/abi";
import { TICK_TIMER, TICK_TIMER_IRQ } from "../../assembly/shim/board";
import { readStraps } from "../scenarios/straps.as";

let choice: u32 = 0;
let ticks: u32 = 0;
let jobs: u32 = 0;
export let sum: u32 = 0;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  choice = readStraps();
  uartInit();
  uartStart();
  periodicStart(TICK_TIMER, 500);
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

// @turns(jobs: 3)
function anotherJob(): bool {
  if (jobs == 0) return false;
  jobs--;
  return true;
}

@isr("MIDI_UART", 2)
function characterMoved(): void {
  uartInterrupt();
}

@isr("TICK_TIMER", 3)
function tick(): void {
  periodicInterrupt(TICK_TIMER);
  jobs = choice == 2 ? 4 : 3;
  while (anotherJob()) sum = sum * 5 + jobs;
  if (choice == 1 && ++ticks % 4 != 0) return;
  while (uartReceive()) sum = sum * 5 + uartByte();
}
