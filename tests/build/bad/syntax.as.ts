// SPDX-License-Identifier: MIT
export function init(): void { let x: i32 = "text"; }
export function main(): void {}
