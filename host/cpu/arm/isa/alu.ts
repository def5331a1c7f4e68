// SPDX-License-Identifier: MIT
// Arithmetic that rows share, with the flags it sets (DDI 0403E, A2.2.1: AddWithCarry and the shifts with carry).

import { SHIFT } from './fields.js';
import type { Ops } from './ops.js';

/** For comparisons: a result that no register takes. */
export const NOWHERE = -1;

/**
 * A data-processing operation of two operands: writes its result to register `d` (or NOWHERE) and, with `setFlags`, the flags.
 * `carry` is the shifter's, for logical operations; undefined leaves C alone. It is a constant or kept.
 */
export type Alu = <V>(o: Ops<V>, d: number, a: V, b: V, setFlags: boolean, carry?: V) => void;

/** Writes a result; to the PC it is a plain branch (ALUWritePC). */
export function write<V>(o: Ops<V>, d: number, result: V): void {
  if (d === 15) o.branchTo(result);
  else if (d !== NOWHERE) o.setReg(d, result);
}

/** Writes a result with N and Z, and C if there is one. */
export function writeLogical<V>(o: Ops<V>, d: number, result: V, setFlags: boolean, carry?: V): void {
  if (!setFlags) return write(o, d, result);
  const r = o.keep(result);
  write(o, d, r);
  o.setNZ(r);
  if (carry !== undefined) o.setC(carry);
}

export const and: Alu = (o, d, a, b, s, c) => writeLogical(o, d, o.and(a, b), s, c);
export const bic: Alu = (o, d, a, b, s, c) => writeLogical(o, d, o.and(a, o.not(b)), s, c);
export const orr: Alu = (o, d, a, b, s, c) => writeLogical(o, d, o.or(a, b), s, c);
export const orn: Alu = (o, d, a, b, s, c) => writeLogical(o, d, o.or(a, o.not(b)), s, c);
export const eor: Alu = (o, d, a, b, s, c) => writeLogical(o, d, o.xor(a, b), s, c);

export const add: Alu = (o, d, a, b, s) => {
  if (!s) return write(o, d, o.add(a, b));
  const x = o.keep(a);
  const y = o.keep(b);
  const r = o.keep(o.add(x, y));
  write(o, d, r);
  o.setNZ(r);
  o.setC(o.ltUnsigned(r, x));
  o.setVSign(o.and(o.xor(x, r), o.xor(y, r)));
};

export const sub: Alu = (o, d, a, b, s) => {
  if (!s) return write(o, d, o.sub(a, b));
  const x = o.keep(a);
  const y = o.keep(b);
  const r = o.keep(o.sub(x, y));
  write(o, d, r);
  o.setNZ(r);
  o.setC(o.xor(o.ltUnsigned(x, y), o.const(1)));
  o.setVSign(o.and(o.xor(x, y), o.xor(x, r)));
};

export const rsb: Alu = (o, d, a, b, s) => sub(o, d, b, a, s);

export const adc: Alu = (o, d, a, b, s) => {
  if (!s) return write(o, d, o.add(o.add(a, b), o.c()));
  const x = o.keep(a);
  const y = o.keep(b);
  const r = o.keep(o.add(o.add(x, y), o.c()));
  write(o, d, r);
  o.setNZ(r);
  // The carry out of bit 31: both operands have it, or one has it and the sum has lost it.
  o.setC(o.shrUnsigned(o.or(o.and(x, y), o.and(o.or(x, y), o.not(r))), o.const(31)));
  o.setVSign(o.and(o.xor(x, r), o.xor(y, r)));
};

export const sbc: Alu = (o, d, a, b, s) => adc(o, d, a, o.not(b), s);

export interface Shifted<V> {
  readonly value: V;
  /** Undefined when the shift leaves the carry alone. */
  readonly carry?: V;
}

/** Shift_C by a constant count as decodedShift gives it. */
export function shiftBy<V>(o: Ops<V>, operand: V, shift: number, count: number, withCarry: boolean): Shifted<V> {
  if (count === 0) return { value: operand };
  const x = withCarry ? o.keep(operand) : operand;
  const top = (v: V) => o.shrUnsigned(v, o.const(31));
  const bit = (n: number) => (n === 31 ? top(x) : o.and(o.shrUnsigned(x, o.const(n)), o.const(1)));
  const carry = withCarry ? o.keep(bit(shift === SHIFT.LSL ? 32 - count : count - 1)) : undefined;
  switch (shift) {
    case SHIFT.LSL: return { value: o.shl(x, o.const(count)), carry };
    case SHIFT.LSR: return { value: count === 32 ? o.const(0) : o.shrUnsigned(x, o.const(count)), carry };
    case SHIFT.ASR: return { value: o.shrSigned(x, o.const(Math.min(count, 31))), carry };
    case SHIFT.ROR: return { value: o.rotr(x, o.const(count)), carry };
    default: return { value: o.or(o.shl(o.c(), o.const(31)), o.shrUnsigned(x, o.const(1))), carry };
  }
}

/** Shift_C by the low byte of a register: counts of 32 and more are real. */
export function shiftByRegister<V>(o: Ops<V>, operand: V, register: V, shift: number, withCarry: boolean): Shifted<V> {
  const zero = o.const(0);
  const x = o.keep(operand);
  const count = o.keep(o.and(register, o.const(0xff)));
  const atMost31 = (n: V) => o.select(o.ltUnsigned(n, o.const(32)), n, o.const(31));
  const below32 = (n: V, value: V) => o.select(o.ltUnsigned(n, o.const(32)), value, zero);
  const before = withCarry ? o.keep(o.sub(count, o.const(1))) : count;
  let value: V;
  // The bit that leaves last: what one shift less leaves at the end.
  let last: V;
  switch (shift) {
    case SHIFT.LSL:
      value = below32(count, o.shl(x, count));
      last = below32(before, o.shrUnsigned(o.shl(x, before), o.const(31)));
      break;
    case SHIFT.LSR:
      value = below32(count, o.shrUnsigned(x, count));
      last = below32(before, o.and(o.shrUnsigned(x, before), o.const(1)));
      break;
    case SHIFT.ASR:
      value = o.shrSigned(x, atMost31(count));
      last = o.and(o.shrSigned(x, atMost31(before)), o.const(1));
      break;
    default:
      value = o.keep(o.rotr(x, count));
      last = o.shrUnsigned(value, o.const(31));
  }
  return { value, carry: withCarry ? o.keep(o.select(count, last, o.c())) : undefined };
}
