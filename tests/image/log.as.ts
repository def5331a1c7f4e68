// SPDX-License-Identifier: MIT
// A firmware that logs more than its log can hold while nobody reads.

import { log, waitForInterrupt } from "../../assembly/shim/abi";

const text = memory.data<u8>([48, 49, 50, 51, 52, 53, 54, 55, 56, 10]);
const LINES: i32 = 200;

export function init(): void {
  for (let i = 0; i < LINES; i++) log(<u32>text, 10);
}

export function main(): void {
  while (true) waitForInterrupt();
}
