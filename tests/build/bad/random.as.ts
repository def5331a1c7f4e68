// SPDX-License-Identifier: MIT
let x: f64 = 0;
export function init(): void { x = Math.random(); }
export function main(): void {}
