// SPDX-License-Identifier: MIT
class Filter {
  @native
  static render(): void {}
}
@native("fast")
function loud(): void {}
@native
@inline
function quiet(): void {}
@native
function generic<T>(x: T): T { return x; }
export function init(): void { Filter.render(); loud(); }
export function main(): void { quiet(); generic<i32>(1); }
