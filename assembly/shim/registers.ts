// SPDX-License-Identifier: MIT
// The verbs of register access. All go through the ABI's volatile loads and stores, so none is merged, moved or left out.

import { load32, store32 } from "./abi";

// @ts-ignore: decorator
@inline
export function read(address: u32): u32 {
  return load32(address);
}

// @ts-ignore: decorator
@inline
export function write(address: u32, value: u32): void {
  store32(address, value);
}

/** Read-modify-write: a handler that writes the same register in between is undone, so share such registers with none. */
// @ts-ignore: decorator
@inline
export function setBits(address: u32, bits: u32): void {
  store32(address, load32(address) | bits);
}

/** Read-modify-write, see `setBits`. */
// @ts-ignore: decorator
@inline
export function clearBits(address: u32, bits: u32): void {
  store32(address, load32(address) & ~bits);
}

/** Replaces the bits of `mask` by those of `value`, in one store. */
// @ts-ignore: decorator
@inline
export function modify(address: u32, mask: u32, value: u32): void {
  store32(address, (load32(address) & ~mask) | value);
}

/**
 * Reads until `(register & mask) == value`, at most `attempts` times.
 * @returns false when it never was
 */
export function waitUntil(address: u32, mask: u32, value: u32, attempts: i32): bool {
  for (let i = 0; i < attempts; i++) if ((load32(address) & mask) == value) return true;
  return false;
}
