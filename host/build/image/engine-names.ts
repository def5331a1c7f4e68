// SPDX-License-Identifier: MIT
// What can execute a firmware on a board; engines.ts builds them.

export const engineNames = ['wasm3', 'kernels', 'aot'] as const;
export type EngineName = (typeof engineNames)[number];
