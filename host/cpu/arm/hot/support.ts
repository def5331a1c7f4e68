// SPDX-License-Identifier: MIT
// What translated regions call: flash lines that the caches have not, loads from elsewhere than RAM, and the way in from JavaScript.

import { ByteWriter } from '../../wasm/writer.js';
import { SECTION } from '../../wasm/decode.js';
import { CLOCK_STEP, LONGEST_WAIT, STAMP_PLACE, type CacheTables } from '../flash-accelerator.js';
import { STATE } from '../state.js';
import { PIPE } from '../timing.js';
import type { Hint } from './function-emitter.js';
import { FUNCTION, GLOBAL, LOCAL, PARAMETERS, type MemoryLayout } from './layout.js';
import { binary, constant, emit, get, I32, op, OP, VOID, type Node } from './node.js';

const CALL_INDIRECT = 0x11;
const MUTABLE = 1;

/** Types of functions, by index: a region, the slow paths of three parameters and of two, the way in. */
export const TYPE = { region: 0, ternary: 1, binary: 2, enter: 3 } as const;

/** The types, as both kinds of modules declare them. */
export function typeSection(): ByteWriter {
  const of = (parameters: number, results: number) => (out: ByteWriter): ByteWriter => {
    out.u8(0x60).u32(parameters);
    for (let i = 0; i < parameters; i++) out.u8(I32);
    out.u32(results);
    return results ? out.u8(I32) : out;
  };
  const out = new ByteWriter().u32(4);
  for (const write of [of(PARAMETERS, 0), of(3, 1), of(2, 1), of(1, 0)]) write(out);
  return out;
}

/** Vector instructions, after their prefix (WebAssembly Core Specification 2.0, 5.4.9). */
const SIMD = { prefix: 0xfd, load: [0x00], shuffle: [0x0d], extractI32x4: [0x1b], minUI32x4: [0xb7, 0x01] } as const;
const V128 = 0x7b;

export const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A small function under construction. */
class Body {
  readonly out = new ByteWriter();
  w(...nodes: Node[]): this {
    for (const node of nodes) emit(node, this.out);
    return this;
  }
  op(...codes: number[]): this {
    for (const code of codes) this.out.u8(code);
    return this;
  }
  set(local: number, value: Node): this {
    this.w(value).out.u8(OP.set).u32(local);
    return this;
  }
  memory(code: number, align: number, offset: number): this {
    this.out.u8(code).u8(align).u32(offset);
    return this;
  }
  simd(code: readonly number[]): this {
    return this.op(SIMD.prefix, ...code);
  }
  vectorLoad(offset: number): this {
    this.w(constant(0)).simd(SIMD.load).out.u8(4).u32(offset);
    return this;
  }
  setLocal(index: number): this {
    this.out.u8(OP.set).u32(index);
    return this;
  }
  setGlobal(index: number, value: Node): this {
    this.w(value).out.u8(OP.globalSet).u32(index);
    return this;
  }
}

const word = (b: Body, index: number): Body => b.w(constant(0)).memory(OP.load, 2, 4 * index);

/** The place used least recently gives way to the line, as in FlashAccelerator. Parameters: line, clock, and for instructions `sequential`. */
function miss({ placeOf, used, lineAt, places }: CacheTables, enable: number, parameters: 2 | 3): Body {
  const [line, clock, sequential] = [get(0), get(1), get(2)];
  const [four, evicted, least] = [0, 1, 2].map((i) => parameters + i);
  const b = new Body();
  // Locals: two words and a vector.
  b.out.u32(2).u32(2).u8(I32).u32(1).u8(V128);
  word(b, STATE.CACHES).w(constant(enable)).op(OP.and, OP.if, VOID);
  b.vectorLoad(used);
  for (let i = 4; i < places; i += 4) b.vectorLoad(used + 4 * i).simd(SIMD.minUI32x4);
  b.setLocal(least);
  for (const lanes of [[2, 3, 0, 1], [1, 0, 3, 2]]) {
    b.w(get(least), get(least), get(least)).simd(SIMD.shuffle);
    for (const lane of lanes) for (let byte = 0; byte < 4; byte++) b.op(4 * lane + byte);
    b.simd(SIMD.minUI32x4).setLocal(least);
  }
  // Four times the place of the oldest stamp, counted from 1.
  b.w(get(least)).simd(SIMD.extractI32x4).op(0).w(constant(STAMP_PLACE)).op(OP.and).w(constant(2)).op(OP.shl).setLocal(four);
  b.w(get(four)).memory(OP.load, 2, lineAt - 4).out.u8(OP.tee).u32(evicted);
  b.w(constant(0)).op(OP.geS, OP.if, VOID).w(get(evicted), constant(0)).memory(OP.store8, 0, placeOf).op(OP.end);
  b.w(get(four), line).memory(OP.store, 2, lineAt - 4);
  b.w(line, binary(OP.shrU, get(four), constant(2))).memory(OP.store8, 0, placeOf);
  b.w(get(four), binary(OP.add, clock, binary(OP.shrU, get(four), constant(2)))).memory(OP.store, 2, used - 4);
  b.op(OP.end);
  if (parameters === 2) return word(b, STATE.MISS).op(OP.end);
  return word(word(b, STATE.MISS_SEQUENTIAL), STATE.MISS).w(sequential).op(OP.select, OP.end);
}

/** A load that is not from RAM: parameters address and cycles left. What is not plain memory, or not aligned, is the interpreter's. */
function slowLoad({ code, datas }: MemoryLayout, size: 1 | 2 | 4): Body {
  const [address, left, offset] = [get(0), get(1), get(2)];
  const loadOp = size === 4 ? OP.load : size === 2 ? OP.load16 : OP.load8;
  const b = new Body();
  b.out.u32(1).u32(2).u8(I32);
  b.setGlobal(GLOBAL.extra, constant(0));
  b.set(2, binary(OP.sub, address, constant(code.origin)));
  b.w(op(OP.ltU, binary(OP.rotr, offset, constant(size >> 1)), constant(code.byteCount / size))).op(OP.if, VOID);
  const line = binary(OP.shrU, offset, constant(4));
  b.w(line).memory(OP.load8, 0, datas.placeOf).out.u8(OP.tee).u32(3).u8(OP.if).u8(VOID);
  b.w(binary(OP.shl, get(3), constant(2))).w(constant(0)).memory(OP.load, 2, datas.clock).w(get(3)).op(OP.add).memory(OP.store, 2, datas.used - 4);
  b.op(OP.else);
  b.w(op(OP.leS, left, constant(LONGEST_WAIT))).op(OP.if, VOID).setGlobal(GLOBAL.extra, constant(-1)).w(constant(0)).op(OP.return, OP.end);
  b.w(line).w(constant(0)).memory(OP.load, 2, datas.clock).op(OP.call, FUNCTION.missData).out.u8(OP.globalSet).u32(GLOBAL.extra);
  b.op(OP.end);
  b.w(constant(0), constant(0)).memory(OP.load, 2, datas.clock).w(constant(CLOCK_STEP)).op(OP.add).memory(OP.store, 2, datas.clock);
  b.w(offset).memory(loadOp, size >> 1, code.offset).op(OP.return, OP.end);
  return b.setGlobal(GLOBAL.extra, constant(-1)).w(constant(0)).op(OP.end);
}

/** Calls a region by its number with what STATE holds, as if from a branch. */
function enter({ instructions }: MemoryLayout): Body {
  const b = new Body();
  b.out.u32(0);
  b.w(constant(0), constant(PIPE.branched)).memory(OP.store, 2, 4 * STATE.PIPE);
  word(b, STATE.LEFT).w(constant(0)).memory(OP.load, 2, instructions.clock);
  for (let n = 0; n < PARAMETERS - LOCAL.R; n++) word(b, STATE.R + n);
  b.w(get(0)).out.u8(CALL_INDIRECT).u32(TYPE.region).u32(0);
  return b.op(OP.end);
}

/** What stands in the table for code without a region: keeps what regions hand on, and ends translated code. */
function nowhere({ instructions }: MemoryLayout): Body {
  const b = new Body();
  b.out.u32(0);
  const keep = (local: number, offset: number): void => void b.w(constant(0), get(local)).memory(OP.store, 2, offset);
  keep(LOCAL.LEFT, 4 * STATE.LEFT);
  keep(LOCAL.CLOCK, instructions.clock);
  for (let local: number = LOCAL.R; local < PARAMETERS; local++) keep(local, 4 * (STATE.R + local - LOCAL.R));
  return b.op(OP.end);
}

/** Names under which support exports its functions and globals, and regions import them: functions by FUNCTION, globals by GLOBAL. */
export const functionNames = Object.keys(FUNCTION).filter((name) => name !== 'count');
export const globalNames = Object.keys(GLOBAL);
export const functionType = (name: string): number => (name === 'missInstruction' ? TYPE.ternary : TYPE.binary);

/** Writes the imports of memory and table that every module has. */
export function importMemoryAndTable(out: ByteWriter): ByteWriter {
  out.name('e').name('memory').u8(2).u8(0).u32(1);
  return out.name('e').name('table').u8(1).u8(0x70).u8(0).u32(1);
}

/** @returns the support module's bytes */
export function supportModule(layout: MemoryLayout): Uint8Array<ArrayBuffer> {
  const bodies = [
    miss(layout.instructions, 1, 3), miss(layout.datas, 2, 2), slowLoad(layout, 1), slowLoad(layout, 2), slowLoad(layout, 4), enter(layout), nowhere(layout),
  ];
  const imports = importMemoryAndTable(new ByteWriter().u32(2));
  const functions = new ByteWriter().u32(bodies.length);
  for (const name of functionNames) functions.u32(functionType(name));
  functions.u32(TYPE.enter).u32(TYPE.region);
  const globals = new ByteWriter().u32(globalNames.length);
  for (let i = 0; i < globalNames.length; i++) globals.u8(I32).u8(MUTABLE).u8(OP.const).s32(0).u8(OP.end);
  const exports = new ByteWriter().u32(bodies.length + globalNames.length);
  for (const [i, name] of [...functionNames, 'enter', 'nowhere'].entries()) exports.name(name).u8(0).u32(i);
  for (const [i, name] of globalNames.entries()) exports.name(name).u8(3).u32(i);
  const code = new ByteWriter().u32(bodies.length);
  for (const { out } of bodies) code.u32(out.length).bytes(out.take());
  const out = new ByteWriter();
  for (const byte of MAGIC) out.u8(byte);
  return out.section(SECTION.type, typeSection()).section(SECTION.import, imports).section(SECTION.function, functions)
    .section(SECTION.global, globals).section(SECTION.export, exports).section(SECTION.code, code).take().slice();
}

/** A region: an entry of the code section without its size (locals and instructions), and what its branches mostly do. */
export interface RegionFunction {
  readonly body: Uint8Array;
  readonly hints: readonly Hint[];
}

/** The section of WebAssembly's proposal "branch hinting": by function, offsets in its body and a byte for each. */
function hintSection(regions: readonly RegionFunction[]): ByteWriter {
  const out = new ByteWriter().name('metadata.code.branch_hint').u32(regions.length);
  for (const [i, { hints }] of regions.entries()) {
    out.u32(FUNCTION.count + i).u32(hints.length);
    for (const [offset, taken] of hints) out.u32(offset).u32(1).u8(taken);
  }
  return out;
}

/** A module of regions, which it puts into the table from `first` on. */
export function regionModule(regions: readonly RegionFunction[], first: number): Uint8Array<ArrayBuffer> {
  const imports = importMemoryAndTable(new ByteWriter().u32(2 + functionNames.length + globalNames.length));
  for (const name of functionNames) imports.name('e').name(name).u8(0).u32(functionType(name));
  for (const name of globalNames) imports.name('e').name(name).u8(3).u8(I32).u8(MUTABLE);
  const functions = new ByteWriter().u32(regions.length);
  const elements = new ByteWriter().u32(1).u32(0).u8(OP.const).s32(first).u8(OP.end).u32(regions.length);
  const code = new ByteWriter().u32(regions.length);
  for (const [i, { body }] of regions.entries()) {
    functions.u32(TYPE.region);
    elements.u32(FUNCTION.count + i);
    code.u32(body.length).bytes(body);
  }
  const out = new ByteWriter();
  for (const byte of MAGIC) out.u8(byte);
  return out.section(SECTION.type, typeSection()).section(SECTION.import, imports).section(SECTION.function, functions)
    .section(SECTION.element, elements).section(SECTION.custom, hintSection(regions)).section(SECTION.code, code).take().slice();
}
