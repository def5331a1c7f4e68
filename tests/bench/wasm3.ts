// SPDX-License-Identifier: MIT
// wasm3's variants against native C, in instructions on QEMU's Cortex-M4, and their flash.

import { missingForQemu } from '../wasm3/programs.js';
import { measureWasm3 } from '../wasm3/measure.js';
import type { BenchRow } from './row.js';

/** Eight voices of saw and state-variable filter in blocks of 32 frames. No rows where the tools are missing. */
export async function benchWasm3(): Promise<BenchRow[]> {
  const missing = await missingForQemu();
  if (missing) {
    console.error(`wasm3: skipped, ${missing}`);
    return [];
  }
  const [tuned, reference] = [await measureWasm3('tuned'), await measureWasm3('reference')];
  const row = (name: string, unit: string, value: number, peer: string, peerValue: number): BenchRow => ({ name, value, unit, peer, peerValue,
    ratio: value / peerValue });
  return [
    row('wasm3 tuned, a sample of a voice', 'instructions', tuned.interpreted, 'native C -O2', tuned.native),
    row('wasm3 as it comes, a sample of a voice', 'instructions', reference.interpreted, 'native C -O2', reference.native),
    row('wasm3 tuned, load and compile', 'instructions', tuned.boot, 'as it comes', reference.boot),
    row('wasm3 tuned, flash', 'bytes', tuned.textBytes, 'as it comes', reference.textBytes),
  ];
}
