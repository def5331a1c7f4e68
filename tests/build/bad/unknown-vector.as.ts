// SPDX-License-Identifier: MIT
@isr("USRT2", 1)
function onCharacter(): void {}
export function init(): void {}
export function main(): void {}
