// SPDX-License-Identifier: MIT
// Expressions of WebAssembly, as trees: built by the semantics, folded where they are constant, written when they are needed.

import { ByteWriter } from '../../wasm/writer.js';

/** Opcodes that the translator writes (WebAssembly Core Specification 2.0, 5.4). */
export const OP = {
  block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, return: 0x0f, call: 0x10, returnCallIndirect: 0x13, select: 0x1b,
  get: 0x20, set: 0x21, tee: 0x22, globalGet: 0x23, globalSet: 0x24,
  load: 0x28, loadF32: 0x2a, loadF64: 0x2b, load8: 0x2d, load16: 0x2f, store: 0x36, storeF32: 0x38, storeF64: 0x39, store8: 0x3a, store16: 0x3b,
  const: 0x41, constI64: 0x42, constF32: 0x43, constF64: 0x44,
  eqz: 0x45, eq: 0x46, ne: 0x47, ltS: 0x48, ltU: 0x49, gtS: 0x4a, gtU: 0x4b, leS: 0x4c, leU: 0x4d, geS: 0x4e, geU: 0x4f, eqI64: 0x51,
  eqF32: 0x5b, neF32: 0x5c, ltF32: 0x5d, gtF32: 0x5e, geF32: 0x60, eqF64: 0x61, ltF64: 0x63, gtF64: 0x64,
  clz: 0x67, add: 0x6a, sub: 0x6b, mul: 0x6c, divS: 0x6d, divU: 0x6e, and: 0x71, or: 0x72, xor: 0x73, shl: 0x74, shrS: 0x75, shrU: 0x76, rotr: 0x78,
  mulI64: 0x7e, andI64: 0x83, shrSI64: 0x87, shrUI64: 0x88,
  absF32: 0x8b, negF32: 0x8c, sqrtF32: 0x91, addF32: 0x92, subF32: 0x93, mulF32: 0x94, divF32: 0x95,
  nearestF64: 0x9e, addF64: 0xa0, mulF64: 0xa2,
  wrap: 0xa7, truncF64S: 0xaa, truncF64U: 0xab, extendS: 0xac, extendU: 0xad, convertS: 0xb2, convertU: 0xb3, demote: 0xb6, convertF64S: 0xb7, promote: 0xbb,
  reinterpretF32: 0xbc, reinterpretF64: 0xbd, reinterpretI32: 0xbe, extend8: 0xc0, extend16: 0xc1,
} as const;

/** Types by their codes in the binary format. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const VOID = 0x40;

export type Node =
  | { readonly kind: 'const'; readonly value: number }
  | { readonly kind: 'get'; readonly local: number; readonly f32: boolean }
  | { readonly kind: 'op'; readonly op: number; readonly of: readonly Node[]; readonly f32: boolean }
  /** A constant of another type than i32, with its opcode, ready to be written. */
  | { readonly kind: 'literal'; readonly bytes: readonly number[]; readonly f32: boolean }
  /** High word of a product: `op` extends the factors to 64 bits. */
  | { readonly kind: 'high'; readonly op: number; readonly a: Node; readonly b: Node };

export const constant = (value: number): Node => ({ kind: 'const', value: value | 0 });
export const get = (local: number, f32 = false): Node => ({ kind: 'get', local, f32 });
export const op = (code: number, ...of: Node[]): Node => ({ kind: 'op', op: code, of, f32: false });
export const opF32 = (code: number, ...of: Node[]): Node => ({ kind: 'op', op: code, of, f32: true });


const bytesOf = (view: Float32Array | Float64Array): number[] => [...new Uint8Array(view.buffer)];
export const constF32 = (value: number): Node => ({ kind: 'literal', bytes: [OP.constF32, ...bytesOf(Float32Array.of(value))], f32: true });
export const constF64 = (value: number): Node => ({ kind: 'literal', bytes: [OP.constF64, ...bytesOf(Float64Array.of(value))], f32: false });
/** @param value below 2^31 */
export const constI64 = (value: number): Node => ({ kind: 'literal', bytes: [OP.constI64, ...new ByteWriter().s32(value).take()], f32: false });

export const isF32 = (node: Node): boolean => 'f32' in node && node.f32;

/** The bits of a node as an i32, and as an f32. */
export function asI32(node: Node): Node {
  if (!isF32(node)) return node;
  return node.kind === 'op' && node.op === OP.reinterpretI32 ? node.of[0] : op(OP.reinterpretF32, node);
}
export function asF32(node: Node): Node {
  if (isF32(node)) return node;
  return node.kind === 'op' && node.op === OP.reinterpretF32 ? node.of[0] : opF32(OP.reinterpretI32, node);
}

/** What the foldable operators compute. */
const FOLD: Readonly<Record<number, (a: number, b: number) => number>> = {
  [OP.add]: (a, b) => a + b, [OP.sub]: (a, b) => a - b, [OP.mul]: Math.imul, [OP.and]: (a, b) => a & b, [OP.or]: (a, b) => a | b, [OP.xor]: (a, b) => a ^ b,
  [OP.shl]: (a, b) => a << b, [OP.shrS]: (a, b) => a >> b, [OP.shrU]: (a, b) => a >>> b, [OP.rotr]: (a, b) => (a >>> b) | (a << (32 - (b & 31))),
  [OP.eq]: (a, b) => Number(a === b), [OP.ne]: (a, b) => Number(a !== b), [OP.ltS]: (a, b) => Number(a < b), [OP.ltU]: (a, b) => Number(a >>> 0 < b >>> 0),
};
/** Operators for which 0 on the right changes nothing. */
const RIGHT_ZERO: ReadonlySet<number> = new Set([OP.add, OP.sub, OP.or, OP.xor, OP.shl, OP.shrS, OP.shrU, OP.rotr]);
const COMMUTE: ReadonlySet<number> = new Set([OP.add, OP.or, OP.xor, OP.and, OP.mul]);

/** A binary operation on i32, folded where it can be. */
export function binary(code: number, a: Node, b: Node): Node {
  if (a.kind === 'const' && b.kind === 'const' && code in FOLD) return constant(FOLD[code](a.value, b.value));
  if (a.kind === 'const' && COMMUTE.has(code)) [a, b] = [b, a];
  if (b.kind === 'const') {
    if (b.value === 0 && RIGHT_ZERO.has(code)) return asI32(a);
    // x + 4 + 8: offsets of base and index.
    if (code === OP.sub) return binary(OP.add, a, constant(-b.value));
    if (code === OP.add && a.kind === 'op' && a.op === OP.add && a.of[1].kind === 'const') return binary(OP.add, a.of[0], constant(a.of[1].value + b.value));
    if (code === OP.xor && b.value === -1 && a.kind === 'op' && a.op === OP.xor && a.of[1].kind === 'const' && a.of[1].value === -1) return a.of[0];
  }
  return op(code, asI32(a), asI32(b));
}

/** Writes what leaves the node's value on the stack. */
export function emit(node: Node, out: ByteWriter): void {
  switch (node.kind) {
    case 'const': out.u8(OP.const).s32(node.value); return;
    case 'get': out.u8(OP.get).u32(node.local); return;
    case 'op': {
      for (const operand of node.of) emit(operand, out);
      out.u8(node.op);
      return;
    }
    case 'literal': for (const byte of node.bytes) out.u8(byte); return;
    case 'high':
      emit(node.a, out);
      out.u8(node.op);
      emit(node.b, out);
      out.u8(node.op).u8(OP.mulI64).u8(OP.constI64).u8(32).u8(OP.shrUI64).u8(OP.wrap);
  }
}
