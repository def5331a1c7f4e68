// SPDX-License-Identifier: MIT
// General-purpose timer registers: RM0090 section 18.4 (TIM2 to TIM5), 20.4 (TIM6 and TIM7: a subset at the same offsets).

export const TIM2_BASE: u32 = 0x40000000; // TIM3 to TIM7 follow at steps of 0x400
export const TIM5_BASE: u32 = 0x40000c00;

export const TIM_CR1: u32 = 0x00;
export const TIM_DIER: u32 = 0x0c;
export const TIM_SR: u32 = 0x10;
export const TIM_EGR: u32 = 0x14;
export const TIM_CNT: u32 = 0x24;
export const TIM_PSC: u32 = 0x28;
export const TIM_ARR: u32 = 0x2c;

export const CR1_CEN: u32 = 1 << 0; // counter enable
export const CR1_URS: u32 = 1 << 2; // only overflow raises an update interrupt, not UG
export const DIER_UIE: u32 = 1 << 0; // update interrupt enable
export const SR_UIF: u32 = 1 << 0; // update interrupt flag; cleared by writing 0
export const EGR_UG: u32 = 1 << 0; // loads prescaler and reload value at once
