// SPDX-License-Identifier: MIT
// The board on which costs are measured, and the core whose table they make.

export const BOARD = 'stm32f4-discovery';
export const CORE = 'cortex-m4f';
