// SPDX-License-Identifier: MIT
import { irqEnable } from "../../../assembly/shim/abi";
let depth: i32 = 0;
function down(n: i32): i32 {
  return n < 2 ? n : down(n - 1) + up(n - 2);
}
function up(n: i32): i32 {
  return n < 2 ? n : down(n - 1);
}
@isr("PendSV", 15)
function render(): void {
  depth = down(depth + 9);
}
export function init(): void { irqEnable(-2); }
export function main(): void {}
