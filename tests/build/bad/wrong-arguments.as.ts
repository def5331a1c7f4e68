// SPDX-License-Identifier: MIT
@isr("USART2")
function noPriority(): void {}
@isr("SPI3", 16)
function tooLow(): void {}
@isr("I2C1_EV", 3, { limit: 5 })
function noBudget(): void {}
@isr("TIM5", 3)
function parameters(n: i32): void {}
export function init(): void {}
export function main(): void {}
