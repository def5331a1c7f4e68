// SPDX-License-Identifier: MIT
// The STM32F4's ART accelerator as it costs time: what the core waits for flash when it fetches and when it reads data (RM0090, 3.5).

/** What the core's engines ask. Lines are flash lines of 16 bytes, as address >>> 4. */
export interface FlashTiming {
  /** Cycles that the core waits for the line its instructions come from; told at each change of line. @param sequential the line after the last one */
  fetch(line: number, sequential: boolean): number;
  /** Cycles that it waits for data (literal pools, tables). */
  data(line: number): number;
}
