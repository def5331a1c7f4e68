// SPDX-License-Identifier: MIT
// How much of the interpreter's stack a call takes at most, with all that it calls.

import { forEachInstruction, type FunctionBody, type FunctionType, type WasmModule } from '../../cpu/wasm/decode.js';
import { callsOf, typeOf } from '../calls.js';

/** wasm3 keeps the constants of a function on its frame, up to this many slots (d_m3MaxConstantTableSize). */
const MAX_CONSTANT_SLOTS = 120;
const SLOT_BYTES = 4;
/** A block type without results (Core Specification, 5.4.1). */
const EMPTY_TYPE = 0x40;

/** By how much an instruction changes the number of operands, apart from those whose effect depends on a type or a label. */
function effect(name: string): number {
  if (name === 'drop' || name === 'local.set' || name === 'global.set' || name === 'br_if' || name === 'if' || name === 'br_table') return -1;
  if (name === 'local.get' || name === 'global.get' || name === 'memory.size' || name.endsWith('.const') || name === 'ref.null' || name === 'ref.func') return 1;
  if (name.startsWith('select')) return -2;
  if (name === 'memory.copy' || name === 'memory.fill' || name === 'memory.init') return -3;
  if (/\.store\d*$/.test(name)) return -2;
  if (/\.(load|extend|trunc|convert|wrap|demote|promote|reinterpret)/.test(name)) return 0;
  if (/\.(eqz|clz|ctz|popcnt|abs|neg|ceil|floor|nearest|sqrt)$/.test(name)) return 0;
  return /^[if](32|64)\./.test(name) ? -1 : 0;
}

/** Local variables that a function declares, arguments not included. */
function localsOf(module: WasmModule, body: FunctionBody): number {
  const { bytes } = module;
  let at = body.start;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  let locals = 0;
  for (let groups = u32(); groups > 0; groups--) {
    locals += u32();
    at++;
  }
  return locals;
}

/**
 * Slots of one function's frame, each value taken as two slots, as an i64 or f64 is. An upper bound: code behind an
 * unconditional branch counts as if it were reached.
 */
function slotsOf(module: WasmModule, body: FunctionBody): number {
  const type = module.types[body.type];
  let depth = 0;
  let deepest = 0;
  let constants = 0;
  const labels: { readonly depth: number; readonly results: number }[] = [];
  let calledSlots = 0;
  const call = ({ parameters, results }: FunctionType): void => {
    calledSlots = Math.max(calledSlots, 2 * (parameters + results));
    depth += results - parameters;
  };
  const open = (offset: number): void => void labels.push({ depth, results: module.bytes[offset + 1] === EMPTY_TYPE ? 0 : 1 });
  forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, offset, index }) => {
    if (name === 'block' || name === 'loop') open(offset);
    else if (name === 'if') {
      depth--;
      open(offset);
    } else if (name === 'else') depth = labels[labels.length - 1].depth;
    else if (name === 'end') {
      const label = labels.pop();
      if (label) depth = label.depth + label.results;
    } else if (name === 'call') call(module.types[typeOf(module, index)]);
    else if (name === 'call_indirect') {
      depth--;
      call(module.types[index]);
    } else depth += effect(name);
    if (name.endsWith('.const')) constants += 2;
    deepest = Math.max(deepest, depth);
  });
  const values = type.parameters + type.results + localsOf(module, body) + deepest;
  return 2 * values + Math.min(constants, MAX_CONSTANT_SLOTS) + calledSlots;
}

/** Bytes of interpreter stack for each function with all that it calls, by reference too; Infinity for one that may come to call itself. */
export function stackBounds(module: WasmModule): ReadonlyMap<number, number> {
  const calls = callsOf(module);
  const slots = new Map(module.functions.map((body) => [body.index, slotsOf(module, body)]));
  const bounds = new Map<number, number>();
  const open = new Set<number>();
  const visit = (index: number): number => {
    const known = bounds.get(index);
    if (known !== undefined) return known;
    const own = slots.get(index);
    if (own === undefined) return 0; // an import: its arguments lie on the caller's frame
    if (open.has(index)) return Infinity;
    open.add(index);
    const bytes = own * SLOT_BYTES + Math.max(0, ...calls.get(index)!.flatMap(({ callees }) => callees.map(visit)));
    open.delete(index);
    bounds.set(index, bytes);
    return bytes;
  };
  for (const body of module.functions) visit(body.index);
  return bounds;
}

/** How deep blocks nest at most in any function. */
export function nestingDepth(module: WasmModule): number {
  let deepest = 0;
  for (const { code, end } of module.functions) {
    let depth = 0;
    forEachInstruction(module.bytes, code, end, ({ operator: { name } }) => {
      if (name === 'block' || name === 'loop' || name === 'if') deepest = Math.max(deepest, ++depth);
      else if (name === 'end') depth--;
    });
  }
  return deepest;
}
