// SPDX-License-Identifier: MIT
// Power controller registers: RM0090 section 5.4 (STM32F405/407), RM0383 section 5.4 (STM32F411). Where VOS lies differs by chip: shim/board.ts.

export const PWR_BASE: u32 = 0x40007000;

export const PWR_CR: u32 = 0x00;
