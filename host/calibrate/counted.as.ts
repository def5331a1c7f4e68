// SPDX-License-Identifier: MIT
// A loop whose instructions are known, for the counting of features: first no turn, then ten.

import { cycleCounter, load32, waitForInterrupt } from "../../assembly/shim/abi";

const data = memory.data(16, 4);

function turns(count: i32): void {
  for (let i = 0; i < count; i++) store<u32>(data, rotl<u32>(load32(0x40020c14), i + 1));
}

function measure(count: i32): void {
  const before = cycleCounter();
  turns(count);
  store<u32>(data, cycleCounter() - before, 4);
}

export function init(): void {
  measure(0);
  measure(10);
}

export function main(): void {
  while (true) waitForInterrupt();
}
