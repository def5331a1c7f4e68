// SPDX-License-Identifier: MIT
// A firmware that traps in `main`, for a reason that the compiler cannot foresee.

import { load32 } from "../../assembly/shim/abi";

/** RCC_CR, which is never 0. */
const CLOCK_CONTROL: u32 = 0x40023800;

export function init(): void {}

export function main(): void {
  if (load32(CLOCK_CONTROL) != 0) unreachable();
}
