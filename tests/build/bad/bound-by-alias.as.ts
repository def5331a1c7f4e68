// SPDX-License-Identifier: MIT
@isr("MIDI_UART", 1)
function first(): void {}
@isr("USART2", 2)
function second(): void {}
export function init(): void {}
export function main(): void {}
