// SPDX-License-Identifier: MIT
// Who pends whom by software: calls of `irqPend` with a constant, in reach of a handler.

import type { Vector } from '../../vectors.js';
import { forEachInstruction, type WasmModule } from '../../cpu/wasm/decode.js';
import { reachableFrom } from '../reach.js';

export interface Pend {
  /** Vector of the handler that pends. */
  readonly by: string;
  readonly vector: string;
  /** Whether every run of it does. */
  readonly always: boolean;
}

/** A small constant in front of a call: the value of an i32.const (Core Specification, 5.2.2: signed LEB128). */
function constantAt(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return shift + 7 < 32 && byte & 0x40 ? value | (-1 << (shift + 7)) : value;
  }
}

/** Numbers that each function pends; NaN for one that is not a constant. */
function pendsByFunction(module: WasmModule): Map<number, Set<number>> {
  const pend = module.imports.findIndex(({ name }) => name === 'irqPend');
  const found = new Map<number, Set<number>>();
  if (pend < 0) return found;
  for (const { index: owner, code, end } of module.functions) {
    let constant = NaN;
    forEachInstruction(module.bytes, code, end, ({ operator: { name }, offset, index }) => {
      if (name === 'call' && index === pend) found.set(owner, (found.get(owner) ?? new Set()).add(constant));
      constant = name === 'i32.const' ? constantAt(module.bytes, offset + 1) : NaN;
    });
  }
  return found;
}

/**
 * Every pair of handlers of which one pends the other. One that pends a number that it computes may pend any.
 * @param alwaysPends whether every way through an export that returns pends a number
 */
export function pendsOf(module: WasmModule, vectors: readonly Vector[], alwaysPends: (exportName: string, irq: number) => boolean): Pend[] {
  const byFunction = pendsByFunction(module);
  return vectors.flatMap(({ name: by, exportName }) => {
    const numbers = new Set([...reachableFrom(module, [exportName])].flatMap((index) => [...byFunction.get(index) ?? []]));
    return vectors.filter(({ irq }) => numbers.has(irq) || numbers.has(NaN)).map(({ name, irq }) => ({ by, vector: name, always: alwaysPends(exportName, irq) }));
  });
}
