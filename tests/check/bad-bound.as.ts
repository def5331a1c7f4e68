// SPDX-License-Identifier: MIT
// A firmware that says of its loops what is not so: which of them runs is set by the straps of tests/check/firmware-bounds.spec.ts.

import { clockInit } from "../../assembly/drivers/clock";
import { periodicInterrupt, periodicStart, timestampInit } from "../../assembly/drivers/timer";
import { irqEnable, waitForInterrupt } from "../../assembly/shim/abi";
import { TICK_TIMER, TICK_TIMER_IRQ } from "../../assembly/shim/board";
import { readStraps } from "../scenarios/straps.as";

let turns: u32 = 0;
let choice: u32 = 0;
let sum: u32 = 0;

export function init(): void {
  assert(clockInit() == 0);
  timestampInit();
  choice = readStraps();
  turns = 5;
  periodicStart(TICK_TIMER, 1000);
  irqEnable(TICK_TIMER_IRQ);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("TICK_TIMER", 3)
function tick(): void {
  periodicInterrupt(TICK_TIMER);
  if (choice == 1) {
    // @bound(4)
    for (let i: u32 = 0; i < turns; i++) sum += store8(i);
  } else if (choice == 2) {
    for (let n: u32 = 0; n < 3; n++) {
      // @bound(5, 14 in all)
      for (let i: u32 = 0; i < turns; i++) sum += store8(i);
    }
  } else if (choice == 3) {
    // @bound(5)
    for (let i: u32 = 0; i < turns; i++) {
      // @max(4)
      sum += store8(i + 7);
    }
  } else {
    // @bound(5, 5 in all)
    for (let i: u32 = 0; i < turns; i++) {
      // @max(5)
      sum += store8(i);
    }
  }
}

// @ts-ignore: decorator
@native
function store8(value: u32): u32 {
  store<u8>(64, <u8>value);
  return value;
}
