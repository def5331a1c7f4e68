// SPDX-License-Identifier: MIT
let level: f32 = 0.5;
// @ts-ignore: decorator
@native
function scale(at: usize): void {
  store<f32>(at, load<f32>(at) * level);
}
export function init(): void { level = 0.25; }
export function main(): void { scale(1024); }
