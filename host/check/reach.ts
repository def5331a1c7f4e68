// SPDX-License-Identifier: MIT
// Which functions of a module an export can come to.

import { forEachInstruction, type WasmModule } from '../cpu/wasm/decode.js';

const known = new WeakMap<WasmModule, ReadonlyMap<number, readonly number[]>>();

/** Functions that each one calls; an indirect call may lead to any that is there, since tables are not looked into. */
function callsOf(module: WasmModule): ReadonlyMap<number, readonly number[]> {
  let calls = known.get(module);
  if (!calls) known.set(module, calls = readCalls(module));
  return calls;
}

function readCalls(module: WasmModule): ReadonlyMap<number, readonly number[]> {
  const all = module.functions.map(({ index }) => index);
  return new Map(module.functions.map(({ index: owner, code, end }) => {
    const calls = new Set<number>();
    forEachInstruction(module.bytes, code, end, ({ operator: { name }, index }) => {
      if (name === 'call') calls.add(index);
      else if (name === 'call_indirect') for (const any of all) calls.add(any);
    });
    return [owner, [...calls]];
  }));
}

/** @param exports names; those that the module has not are left out */
export function reachableFrom(module: WasmModule, exports: readonly string[]): ReadonlySet<number> {
  const calls = callsOf(module);
  const reached = new Set<number>();
  const open = module.exports.filter(({ kind, name }) => kind === 'func' && exports.includes(name)).map(({ index }) => index);
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    open.push(...calls.get(index) ?? []);
  }
  return reached;
}
