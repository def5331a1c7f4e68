// SPDX-License-Identifier: MIT
function up(x: i32): i32 { return x + 1; }
function down(x: i32): i32 { return x - 1; }
// @ts-ignore: decorator
@native
function apply(f: (x: i32) => i32, x: i32): i32 {
  return f(x);
}
export function init(): void { apply(up, 1); }
export function main(): void { apply(down, 2); }
