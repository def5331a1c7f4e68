// SPDX-License-Identifier: MIT
// Words that a handler and the main loop share. WASM has no volatile, and an optimiser may keep a plain load in a local for ever; these go
// through the ABI's volatile load and store, which no engine may hoist or merge.

import { load32, memoryAddress, store32 } from "./abi";

const base: u32 = memoryAddress();

/** Reads a shared 32-bit word of linear memory, at this very moment. */
// @ts-ignore: decorator
@inline
export function loadShared(offset: usize): u32 {
  return load32(base + <u32>offset);
}

/** Writes a shared 32-bit word of linear memory; everything stored before it is visible to whoever reads it. */
// @ts-ignore: decorator
@inline
export function storeShared(offset: usize, value: u32): void {
  store32(base + <u32>offset, value);
}
