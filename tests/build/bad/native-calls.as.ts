// SPDX-License-Identifier: MIT
import { load32 } from "../../../assembly/shim/abi";
class Pair { constructor(public a: i32) {} }
function twice(x: i32): i32 { return x + x; }
function status(): u32 { return load32(0x40000000); }
function made(x: i32): i32 { return new Pair(x).a; }
// @ts-ignore: decorator
@native
function inner(x: i32): i32 {
  return twice(x);
}
// @ts-ignore: decorator
@native
function outer(x: i32): i32 {
  return inner(x) + <i32>status();
}
// @ts-ignore: decorator
@native
function allocates(x: i32): i32 {
  return made(x);
}
export function init(): void { outer(1); }
export function main(): void { allocates(2); }
