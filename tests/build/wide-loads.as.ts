// SPDX-License-Identifier: MIT
// A 64-bit word from two 32-bit halves, spelled in two ways.

const word = memory.data(8, 8);

export function put(low: u32, high: u32): void {
  store<u32>(word, low);
  store<u32>(word, high, 4);
}

/** The low half is loaded as signed and then made unsigned. */
export function signedLoad(): i32 {
  const value = (<i64>load<i32>(word, 4) << 32) | <i64>(<u64>(<u32>load<i32>(word)));
  return <i32>(value >> 32);
}

export function unsignedLoad(): i32 {
  const value = (<i64>load<i32>(word, 4) << 32) | <i64>load<u32>(word);
  return <i32>(value >> 32);
}
