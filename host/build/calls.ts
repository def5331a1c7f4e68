// SPDX-License-Identifier: MIT
// Whom each function of a module calls, calls by reference included: such a call may lead to any function of the table that has its type.

import { forEachInstruction, type FunctionBody, type WasmModule } from '../cpu/wasm/decode.js';
import { readSections, type ModuleSections } from './aot/sections.js';

export interface Call {
  /** Byte offset of the instruction. */
  readonly offset: number;
  readonly isIndirect: boolean;
  /** Type of what is called, an index into the module's types. */
  readonly type: number;
  /** All functions that it may lead to, imports included. */
  readonly callees: readonly number[];
}

export const typeOf = (module: WasmModule, index: number): number => (module.imports[index] ?? module.functions[index - module.imports.length]).type;

/** Types with the same parameters and results are the same (Core Specification, 4.4.8.1): each type's first equal. */
export function equalTypes({ signatures }: ModuleSections): number[] {
  const keys = signatures.map(({ parameters, results }) => `${parameters}>${results}`);
  return keys.map((key) => keys.indexOf(key));
}

/**
 * Functions that an indirect call of a type may reach. Firmware has one table, which nothing changes.
 * @param type index into the module's types
 */
export function indirectTargets(module: WasmModule, sections = readSections(module)): (type: number) => readonly number[] {
  const same = equalTypes(sections);
  const held = [...new Set(sections.table)].filter((index) => index !== undefined);
  return (type) => held.filter((index) => same[typeOf(module, index)] === same[type]);
}

const known = new WeakMap<WasmModule, ReadonlyMap<number, readonly Call[]>>();

/** Calls of each function with code, in order, by its index. */
export function callsOf(module: WasmModule): ReadonlyMap<number, readonly Call[]> {
  let calls = known.get(module);
  if (!calls) known.set(module, calls = readCalls(module));
  return calls;
}

function readCalls(module: WasmModule): ReadonlyMap<number, readonly Call[]> {
  // Only modules with such calls need a table that can be read.
  let targets: ReturnType<typeof indirectTargets> | undefined;
  const of = ({ code, end }: FunctionBody): Call[] => {
    const calls: Call[] = [];
    forEachInstruction(module.bytes, code, end, ({ operator: { name }, offset, index }) => {
      if (name === 'call') calls.push({ offset, isIndirect: false, type: typeOf(module, index), callees: [index] });
      else if (name === 'call_indirect') calls.push({ offset, isIndirect: true, type: index, callees: (targets ??= indirectTargets(module))(index) });
    });
    return calls;
  };
  return new Map(module.functions.map((body) => [body.index, of(body)]));
}
