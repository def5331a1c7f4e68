// SPDX-License-Identifier: MIT
// What an as-pect spec may ask of the emulated board besides the ABI (host/as-pect/spec.ts answers). Firmware cannot: no board offers it.

import { cycleCounter } from "../shim/abi";

/** Level of a pad, 0 or 1, by its name: "PD12". */
// @ts-ignore: decorator
@external("testing", "pinLevel")
export declare function pinLevel(pad: string): i32;

/** Drives a pad from outside, as a button does. The firmware reads it if the pad is an input. */
// @ts-ignore: decorator
@external("testing", "drivePin")
export declare function drivePin(pad: string, level: i32): void;

/** How often the handler of an interrupt has run since the spec file's start. */
// @ts-ignore: decorator
@external("testing", "handlerRuns")
export declare function handlerRuns(irq: i32): u32;

/** The longest that the handler of an interrupt has taken, in cycles, without what pre-empted it. */
// @ts-ignore: decorator
@external("testing", "handlerCycles")
export declare function handlerCycles(irq: i32): u32;

function nothing(): void {}

/** Core cycles that a call takes, without those of calling it and of reading the counter. Interrupts that fall meanwhile are counted in. */
export function cyclesOf(call: () => void): u32 {
  let empty: u32 = 0;
  let cycles: u32 = 0;
  // Both are measured by the same instructions, which the compiler would specialise if they stood twice.
  for (let i = 0; i < 2; i++) {
    const measured = i == 0 ? nothing : call;
    const before = cycleCounter();
    measured();
    cycles = cycleCounter() - before;
    if (i == 0) empty = cycles;
  }
  return cycles - empty;
}
