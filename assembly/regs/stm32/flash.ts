// SPDX-License-Identifier: MIT
// Flash interface registers: RM0090 section 3.9 (STM32F405/407).

export const FLASH_BASE: u32 = 0x40023c00;

export const FLASH_ACR: u32 = 0x00;

export const ACR_LATENCY: u32 = 0b111; // wait states
export const ACR_PRFTEN: u32 = 1 << 8; // prefetch enable
export const ACR_ICEN: u32 = 1 << 9; // instruction cache enable
export const ACR_DCEN: u32 = 1 << 10; // data cache enable
