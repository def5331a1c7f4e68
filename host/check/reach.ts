// SPDX-License-Identifier: MIT
// Which functions of a module an export can come to.

import { callsOf } from '../build/calls.js';
import type { WasmModule } from '../cpu/wasm/decode.js';

/** @param exports names; those that the module has not are left out */
export function reachableFrom(module: WasmModule, exports: readonly string[]): ReadonlySet<number> {
  const calls = callsOf(module);
  const reached = new Set<number>();
  const open = module.exports.filter(({ kind, name }) => kind === 'func' && exports.includes(name)).map(({ index }) => index);
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    for (const { callees } of calls.get(index) ?? []) open.push(...callees);
  }
  return reached;
}
