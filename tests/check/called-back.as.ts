// SPDX-License-Identifier: MIT
// Main calls a function by reference, of which nobody knows that it is not the one that calls by reference itself.

import { irqEnable } from "../../assembly/shim/abi";
import { IRQ_TIM2 } from "../../assembly/shim/board";
import { clockInit } from "../../assembly/drivers/clock";
import { periodicInterrupt, periodicStart } from "../../assembly/drivers/timer";

export let sum: u32 = 0;
type Step = (n: u32) => void;
let step: Step | null = null;

function count(n: u32): void {
  sum += n;
  if (n > 2) step!(n - 1);
}

function other(n: u32): void {
  sum -= n;
}

export function init(): void {
  step = count;
  clockInit();
  periodicStart(0x40000000, 1000);
  irqEnable(IRQ_TIM2);
}

export function main(): void {
  if (sum > 5) step = other;
  step!(8);
}

@isr("TIM2", 1)
function onTimer(): void {
  periodicInterrupt(0x40000000);
  sum++;
}
