// SPDX-License-Identifier: MIT
// What rows of the instruction table share about encodings: constants and offsets taken apart, registers that may not stand somewhere.

import type { Fields } from './row.js';

/** Sign extension of a value of `bits` bits. */
export const signed = (value: number, bits: number): number => (value << (32 - bits)) >> (32 - bits);

export const bitCount = (value: number): number => {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
};

const lists = new Map<number, readonly number[]>();

/** Registers of a list, lowest first. A program has few lists, and runs them often. */
export function listed(list: number): readonly number[] {
  let registers = lists.get(list);
  if (registers === undefined) {
    registers = Array.from({ length: 16 }, (_, n) => n).filter((n) => (list >> n) & 1);
    lists.set(list, registers);
  }
  return registers;
}

/** SP and PC, which most 32-bit encodings exclude (DDI 0403E, A5.1.1). */
export const bad = (register: number): boolean => register === 13 || register === 15;

/** UNPREDICTABLE when one of the named fields is SP or PC. */
export const badAny = (...names: string[]) => (f: Fields): boolean => names.some((name) => bad(f[name]));

/** The carry that an expanded constant gives: -1 when it leaves the flag alone. */
const UNCHANGED = -1;

/** ThumbExpandImm_C (DDI 0403E, A5.3.2): `imm`, and its carry as `immC`. */
export function expandedImmediate(f: Fields): { imm: number; immC: number } {
  const { i, imm3, imm8 } = f;
  const imm12 = (i << 11) | (imm3 << 8) | imm8;
  if (imm12 >>> 10 === 0) {
    const imm = [imm8, imm8 * 0x00010001, imm8 * 0x01000100, imm8 * 0x01010101][imm12 >>> 8] | 0;
    return { imm, immC: UNCHANGED };
  }
  const unrotated = 0x80 | (imm12 & 0x7f);
  const count = imm12 >>> 7;
  const imm = (unrotated >>> count) | (unrotated << (32 - count));
  return { imm, immC: imm >>> 31 };
}

/** A replicated constant of zero is UNPREDICTABLE. */
export const badImmediate = ({ i, imm3, imm8 }: Fields): boolean => i === 0 && imm3 >= 1 && imm3 <= 3 && imm8 === 0;

/** The plain constant i:imm3:imm8. */
export const plainImmediate = ({ i, imm3, imm8 }: Fields): { imm: number } => ({ imm: (i << 11) | (imm3 << 8) | imm8 });

/** Kinds of shift by their encoding; RRX stands where ROR #0 would. */
export const SHIFT = { LSL: 0, LSR: 1, ASR: 2, ROR: 3, RRX: 4 } as const;

/** DecodeImmShift (DDI 0403E, A7.4.2): `shift` as in SHIFT, and `count`, 1 to 32, or 0 for none. */
export function decodedShift(type: number, imm5: number): { shift: number; count: number } {
  if (type === SHIFT.ROR && imm5 === 0) return { shift: SHIFT.RRX, count: 1 };
  return { shift: type, count: imm5 === 0 && type !== SHIFT.LSL ? 32 : imm5 };
}

/** The shift of a 32-bit encoding: type and imm3:imm2. */
export const registerShift = ({ type, imm3, imm2 }: Fields): { shift: number; count: number } => decodedShift(type, (imm3 << 2) | imm2);
