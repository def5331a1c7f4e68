// SPDX-License-Identifier: MIT
// Power controller registers: RM0090 section 5.4 (STM32F405/407).

export const PWR_BASE: u32 = 0x40007000;

export const PWR_CR: u32 = 0x00;

export const CR_VOS: u32 = 1 << 14; // regulator voltage scaling: 1 = scale 1, needed above 144 MHz
