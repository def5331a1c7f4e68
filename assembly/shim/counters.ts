// SPDX-License-Identifier: MIT
// Counters of losses and gauges, at a fixed place of linear memory where host, shim and debugger find them.

import { Counter, COUNTERS_OFFSET } from "./abi";

export { Counter };

// @ts-ignore: decorator
@inline
export function count(counter: Counter): void {
  const address = COUNTERS_OFFSET + (<usize>counter << 2);
  store<u32>(address, load<u32>(address) + 1);
}

// @ts-ignore: decorator
@inline
export function setGauge(counter: Counter, value: u32): void {
  store<u32>(COUNTERS_OFFSET + (<usize>counter << 2), value);
}

/** Keeps the highest value seen. */
// @ts-ignore: decorator
@inline
export function raiseGauge(counter: Counter, value: u32): void {
  const address = COUNTERS_OFFSET + (<usize>counter << 2);
  if (value > load<u32>(address)) store<u32>(address, value);
}

export function counterValue(counter: Counter): u32 {
  return load<u32>(COUNTERS_OFFSET + (<usize>counter << 2));
}
