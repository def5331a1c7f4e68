// SPDX-License-Identifier: MIT
import { irqEnable } from "../../../assembly/shim/abi";
let kept: StaticArray<i32> | null = null;
function remember(n: i32): void {
  kept = new StaticArray<i32>(n);
}
function helper(n: i32): void {
  if (n > 3) remember(n);
}
@isr("USART2", 1)
function onCharacter(): void {
  helper(7);
}
export function init(): void { irqEnable(38); }
export function main(): void {}
