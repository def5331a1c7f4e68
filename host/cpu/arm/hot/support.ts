// SPDX-License-Identifier: MIT
// What translated regions call: flash lines that the caches have not, loads from elsewhere than RAM, and the way in from JavaScript.

import { ByteWriter } from '../../wasm/writer.js';
import { SECTION } from '../../wasm/decode.js';
import { LONGEST_WAIT, type CacheTables } from '../flash-accelerator.js';
import { STATE } from '../state.js';
import { PIPE } from '../timing.js';
import { FUNCTION, GLOBAL, PARAMETERS, type MemoryLayout } from './layout.js';
import { binary, constant, emit, get, I32, op, OP, VOID, type Node } from './node.js';

const CALL_INDIRECT = 0x11;
const MUTABLE = 1;

/** Types of functions, by index: a region, the slow paths of two parameters and of one, the way in. */
export const TYPE = { region: 0, binary: 1, unary: 2, enter: 3 } as const;

/** The types, as both kinds of modules declare them. */
export function typeSection(): ByteWriter {
  const of = (parameters: number, results: number) => (out: ByteWriter): ByteWriter => {
    out.u8(0x60).u32(parameters);
    for (let i = 0; i < parameters; i++) out.u8(I32);
    out.u32(results);
    return results ? out.u8(I32) : out;
  };
  const out = new ByteWriter().u32(4);
  for (const write of [of(PARAMETERS, 0), of(2, 1), of(1, 1), of(1, 0)]) write(out);
  return out;
}

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

/** FlashAccelerator.touch, for translated code. Parameters: line, and for instructions `sequential`. */
function touch({ epoch, seen, placeOf, lineAt, later, earlier, places }: CacheTables, enable: number, parameters: 1 | 2): Body {
  const [line, sequential] = [get(0), get(1)];
  const [place, other, cost, now] = [0, 1, 2, 3].map((i) => parameters + i);
  const b = new Body();
  b.out.u32(1).u32(4).u8(I32);
  const four = (node: Node): Node => binary(OP.shl, node, constant(2));
  const fetch = (table: number, index: Node): Body => b.w(four(index)).memory(OP.load, 2, table);
  const put = (table: number, index: Node, value: () => void): void => {
    b.w(four(index));
    value();
    b.memory(OP.store, 2, table);
  };
  b.w(constant(0)).memory(OP.load, 2, epoch).setLocal(now);
  b.w(line).memory(OP.load8, 0, placeOf).w(constant(1)).op(OP.sub).out.u8(OP.tee).u32(place);
  b.w(constant(0)).op(OP.ltS, OP.if, VOID);
  if (parameters === 2) word(word(b, STATE.MISS_SEQUENTIAL), STATE.MISS).w(sequential).op(OP.select);
  else word(b, STATE.MISS);
  b.setLocal(cost);
  word(b, STATE.CACHES).w(constant(enable)).op(OP.and, OP.eqz, OP.if, VOID).w(get(cost)).op(OP.return, OP.end);
  b.w(constant(0), binary(OP.add, get(now), constant(1))).out.u8(OP.tee).u32(now);
  b.memory(OP.store, 2, epoch);
  fetch(later, constant(places)).setLocal(place);
  fetch(lineAt, get(place)).out.u8(OP.tee).u32(other);
  b.w(constant(0)).op(OP.geS, OP.if, VOID);
  b.w(get(other), constant(0)).memory(OP.store8, 0, placeOf);
  put(seen, get(other), () => b.w(constant(0)));
  b.op(OP.end);
  put(lineAt, get(place), () => b.w(line));
  b.w(line, binary(OP.add, get(place), constant(1))).memory(OP.store8, 0, placeOf);
  b.op(OP.end);
  // Out of the ring, and in again as the latest.
  fetch(earlier, get(place)).setLocal(other);
  put(later, get(other), () => fetch(later, get(place)));
  b.w(binary(OP.shl, get(place), constant(2))).memory(OP.load, 2, later).w(constant(2)).op(OP.shl).w(get(other)).memory(OP.store, 2, earlier);
  fetch(earlier, constant(places)).setLocal(other);
  put(later, get(other), () => b.w(get(place)));
  put(earlier, constant(places), () => b.w(get(place)));
  put(earlier, get(place), () => b.w(get(other)));
  put(later, get(place), () => b.w(constant(places)));
  put(seen, line, () => b.w(get(now)));
  return b.w(get(cost)).op(OP.end);
}

/** A load that is not from RAM: parameters address and cycles left. What is not plain memory, or not aligned, is the interpreter's. */
function slowLoad({ code, datas }: MemoryLayout, size: 1 | 2 | 4): Body {
  const [address, left, offset] = [get(0), get(1), get(2)];
  const loadOp = size === 4 ? OP.load : size === 2 ? OP.load16 : OP.load8;
  const b = new Body();
  b.out.u32(1).u32(1).u8(I32);
  b.setGlobal(GLOBAL.extra, constant(0));
  b.set(2, binary(OP.sub, address, constant(code.origin)));
  b.w(op(OP.ltU, binary(OP.rotr, offset, constant(size >> 1)), constant(code.byteCount / size))).op(OP.if, VOID);
  const line = binary(OP.shrU, offset, constant(4));
  b.w(binary(OP.shl, line, constant(2))).memory(OP.load, 2, datas.seen).w(constant(0)).memory(OP.load, 2, datas.epoch).op(OP.ne, OP.if, VOID);
  b.w(op(OP.leS, left, constant(LONGEST_WAIT))).op(OP.if, VOID).setGlobal(GLOBAL.extra, constant(-1)).w(constant(0)).op(OP.return, OP.end);
  b.w(line).op(OP.call, FUNCTION.touchData).out.u8(OP.globalSet).u32(GLOBAL.extra);
  b.op(OP.end);
  b.w(offset).memory(loadOp, size >> 1, code.offset).op(OP.return, OP.end);
  return b.setGlobal(GLOBAL.extra, constant(-1)).w(constant(0)).op(OP.end);
}

/** Calls a region by its number with what STATE holds. Nothing is in the pipeline then. */
function enter(): Body {
  const b = new Body();
  b.out.u32(0);
  b.w(constant(0), constant(PIPE.none)).memory(OP.store, 2, 4 * STATE.PIPE);
  word(b, STATE.LEFT);
  for (let n = 0; n < PARAMETERS - 1; n++) word(b, STATE.R + n);
  b.w(get(0)).out.u8(CALL_INDIRECT).u32(TYPE.region).u32(0);
  return b.op(OP.end);
}

/** Names under which support exports its functions and globals, and regions import them: functions by FUNCTION, globals by GLOBAL. */
export const functionNames = Object.keys(FUNCTION).filter((name) => name !== 'count');
export const globalNames = Object.keys(GLOBAL);
export const functionType = (name: string): number => (name === 'touchData' ? TYPE.unary : TYPE.binary);

/** Writes the imports of memory and table that every module has. */
export function importMemoryAndTable(out: ByteWriter): ByteWriter {
  out.name('e').name('memory').u8(2).u8(0).u32(1);
  return out.name('e').name('table').u8(1).u8(0x70).u8(0).u32(1);
}

/** @returns the support module's bytes */
export function supportModule(layout: MemoryLayout): Uint8Array<ArrayBuffer> {
  const bodies = [
    touch(layout.instructions, 1, 2), touch(layout.datas, 2, 1), slowLoad(layout, 1), slowLoad(layout, 2), slowLoad(layout, 4), enter(),
  ];
  const imports = importMemoryAndTable(new ByteWriter().u32(2));
  const functions = new ByteWriter().u32(bodies.length);
  for (const name of functionNames) functions.u32(functionType(name));
  functions.u32(TYPE.enter);
  const globals = new ByteWriter().u32(globalNames.length);
  for (let i = 0; i < globalNames.length; i++) globals.u8(I32).u8(MUTABLE).u8(OP.const).s32(0).u8(OP.end);
  const exports = new ByteWriter().u32(bodies.length + globalNames.length);
  for (const [i, name] of [...functionNames, 'enter'].entries()) exports.name(name).u8(0).u32(i);
  for (const [i, name] of globalNames.entries()) exports.name(name).u8(3).u32(i);
  const code = new ByteWriter().u32(bodies.length);
  for (const { out } of bodies) code.u32(out.length).bytes(out.take());
  const out = new ByteWriter();
  for (const byte of MAGIC) out.u8(byte);
  return out.section(SECTION.type, typeSection()).section(SECTION.import, imports).section(SECTION.function, functions)
    .section(SECTION.global, globals).section(SECTION.export, exports).section(SECTION.code, code).take().slice();
}

/** A module of regions, which it puts into the table from `first` on. @param bodies entries of the code section */
export function regionModule(bodies: readonly Uint8Array[], first: number): Uint8Array<ArrayBuffer> {
  const imports = importMemoryAndTable(new ByteWriter().u32(2 + functionNames.length + globalNames.length));
  for (const name of functionNames) imports.name('e').name(name).u8(0).u32(functionType(name));
  for (const name of globalNames) imports.name('e').name(name).u8(3).u8(I32).u8(MUTABLE);
  const functions = new ByteWriter().u32(bodies.length);
  const elements = new ByteWriter().u32(1).u32(0).u8(OP.const).s32(first).u8(OP.end).u32(bodies.length);
  const code = new ByteWriter().u32(bodies.length);
  for (const [i, body] of bodies.entries()) {
    functions.u32(TYPE.region);
    elements.u32(FUNCTION.count + i);
    code.u32(body.length).bytes(body);
  }
  const out = new ByteWriter();
  for (const byte of MAGIC) out.u8(byte);
  return out.section(SECTION.type, typeSection()).section(SECTION.import, imports).section(SECTION.function, functions)
    .section(SECTION.element, elements).section(SECTION.code, code).take().slice();
}
