// SPDX-License-Identifier: MIT
// Reset and clock control registers: RM0090 section 7 (STM32F405/407), RM0383 section 6 (STM32F411).

export const RCC_BASE: u32 = 0x40023800;

export const RCC_CR: u32 = 0x00;
export const RCC_PLLCFGR: u32 = 0x04;
export const RCC_CFGR: u32 = 0x08;
export const RCC_AHB1ENR: u32 = 0x30;
export const RCC_APB1ENR: u32 = 0x40;
export const RCC_APB2ENR: u32 = 0x44;
export const RCC_PLLI2SCFGR: u32 = 0x84;

export const CR_HSEON: u32 = 1 << 16; // external oscillator enable
export const CR_HSERDY: u32 = 1 << 17; // external oscillator ready
export const CR_PLLON: u32 = 1 << 24; // main PLL enable
export const CR_PLLRDY: u32 = 1 << 25; // main PLL locked
export const CR_PLLI2SON: u32 = 1 << 26; // PLLI2S enable
export const CR_PLLI2SRDY: u32 = 1 << 27; // PLLI2S locked

export const PLLCFGR_PLLM: u32 = 0; // input divider, 6 bits
export const PLLCFGR_PLLN: u32 = 6; // VCO multiplier, 9 bits
export const PLLCFGR_PLLP: u32 = 16; // system clock divider, 2 bits: 2, 4, 6, 8
export const PLLCFGR_PLLSRC_HSE: u32 = 1 << 22; // both PLLs run from HSE
export const PLLCFGR_PLLQ: u32 = 24; // 48 MHz domain divider, 4 bits

export const CFGR_SW: u32 = 0b11; // system clock switch
export const CFGR_SW_PLL: u32 = 0b10;
export const CFGR_SWS: u32 = 0b11 << 2; // system clock switch status
export const CFGR_SWS_PLL: u32 = 0b10 << 2;
export const CFGR_HPRE: u32 = 4; // AHB prescaler, 4 bits
export const CFGR_PPRE1: u32 = 10; // APB1 prescaler, 3 bits
export const CFGR_PPRE2: u32 = 13; // APB2 prescaler, 3 bits
export const CFGR_I2SSRC: u32 = 1 << 23; // I2S clock from the I2S_CKIN pin instead of PLLI2S

export const PLLI2SCFGR_PLLI2SM: u32 = 0; // input divider, 6 bits; reserved where PLLI2S has none of its own
export const PLLI2SCFGR_PLLI2SN: u32 = 6; // VCO multiplier, 9 bits
export const PLLI2SCFGR_PLLI2SR: u32 = 28; // I2S clock divider, 3 bits

export const AHB1ENR_GPIOAEN: u32 = 1 << 0; // ports B to I follow, one bit each
export const AHB1ENR_DMA1EN: u32 = 1 << 21;
export const AHB1ENR_DMA2EN: u32 = 1 << 22;

export const APB1ENR_TIM2EN: u32 = 1 << 0; // TIM3 to TIM7 follow, one bit each
export const APB1ENR_TIM5EN: u32 = 1 << 3;
export const APB1ENR_PWREN: u32 = 1 << 28;
