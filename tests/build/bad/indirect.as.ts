// SPDX-License-Identifier: MIT
import { irqEnable } from "../../../assembly/shim/abi";
type Voice = (n: i32) => i32;
const saw: Voice = (n: i32): i32 => n + 1;
const sine: Voice = (n: i32): i32 => n + 2;
let voice: Voice = saw;
let out: i32 = 0;
function play(n: i32): i32 {
  return voice(n);
}
export function render(): void {
  out = play(3);
}
export function init(): void { voice = sine; irqEnable(-2); }
export function main(): void {}
