// SPDX-License-Identifier: MIT
// From halfwords to decoded instructions: the rows' patterns, compiled once to masks, and found by the first halfword.

import type { Decoded, Fields, Row } from './row.js';
import { TABLE } from './table.js';

interface FieldPlace {
  readonly name: string;
  readonly shift: number;
  readonly mask: number;
}

/** A row's pattern as masks. Bits are numbered as in Decoded.bits. */
export interface Pattern {
  readonly row: Row;
  readonly length: 2 | 4;
  /** Bits that decide, and what they must be. */
  readonly mask: number;
  readonly value: number;
  /** Bits that should be as in `shouldBe`, and do not decide. */
  readonly shouldMask: number;
  readonly shouldBe: number;
  readonly places: readonly FieldPlace[];
}

/** Compiles a row's pattern. @throws Error when it is not 16 or 32 bits */
export function compilePattern(row: Row): Pattern {
  let bits = 0;
  let mask = 0;
  let value = 0;
  let shouldMask = 0;
  let shouldBe = 0;
  const fields: { name: string; width: number; end: number }[] = [];
  // Integers beyond 31 bits are cut by |0 at the end: all but the last 32 bits would be an error anyway.
  const push = (decides: number, digit: number, should: number) => {
    mask = (mask << 1) | decides;
    value = (value << 1) | (digit & decides);
    shouldMask = (shouldMask << 1) | should;
    shouldBe = (shouldBe << 1) | (digit & should);
    bits++;
  };
  for (const token of row.pattern.split(/\s+/)) {
    const field = /^([A-Za-z]\w*):(\d+)$/.exec(token);
    if (field) {
      for (let i = 0; i < Number(field[2]); i++) push(0, 0, 0);
      fields.push({ name: field[1], width: Number(field[2]), end: bits });
    } else if (/^(\([01]+\)|[01])+$/.test(token)) {
      let should = 0;
      for (const character of token) {
        if (character === '(') should = 1;
        else if (character === ')') should = 0;
        else push(1 - should, Number(character), should);
      }
    } else {
      throw new Error(`${row.name}: cannot read "${token}" in its pattern`);
    }
  }
  if (bits !== 16 && bits !== 32) throw new Error(`${row.name}: its pattern has ${bits} bits`);
  const places = fields.map(({ name, width, end }) => ({ name, shift: bits - end, mask: 2 ** width - 1 }));
  return { row, length: bits === 16 ? 2 : 4, mask, value, shouldMask, shouldBe, places };
}

/** Whether some encoding matches both. */
const overlap = (a: Pattern, b: Pattern): boolean => a.length === b.length && ((a.value ^ b.value) & a.mask & b.mask) === 0;

/**
 * Compiles a table's patterns.
 * @throws Error when two rows have one name, or match one encoding without a `when` that parts them
 */
export function compileTable(rows: readonly Row[]): readonly Pattern[] {
  const patterns = rows.map(compilePattern);
  const names = new Set<string>();
  for (const { name } of rows) {
    if (names.has(name)) throw new Error(`two rows are named ${name}`);
    names.add(name);
  }
  const unconditional = patterns.filter((p) => p.row.when === undefined);
  unconditional.forEach((a, i) => {
    for (const b of unconditional.slice(i + 1)) if (overlap(a, b)) throw new Error(`${a.row.name} and ${b.row.name} match the same encodings`);
  });
  return patterns;
}

/** Rows are looked up by the first halfword without its last four bits, which are mostly Rn. */
const BUCKET_SHIFT = 4;

/** Whether a first halfword begins a 32-bit instruction (DDI 0403E, A5.1). */
export const isWide = (hw1: number): boolean => hw1 >>> 11 >= 0b11101;

/** Decodes by a table of its own; `decode` is the one for the chip. */
export class Decoder {
  readonly patterns: readonly Pattern[];
  private readonly buckets: readonly (readonly Pattern[])[];

  constructor(rows: readonly Row[]) {
    this.patterns = compileTable(rows);
    const first = this.patterns.map((p) => {
      const down = p.length === 4 ? 16 : 0;
      return { pattern: p, mask: (p.mask >>> down) & 0xffff, value: (p.value >>> down) & 0xffff };
    });
    this.buckets = Array.from({ length: 0x10000 >> BUCKET_SHIFT }, (_, bucket) => {
      const hw1 = bucket << BUCKET_SHIFT;
      const length = isWide(hw1) ? 4 : 2;
      return first.filter((f) => f.pattern.length === length && (((hw1 ^ f.value) & f.mask) >>> BUCKET_SHIFT) === 0).map((f) => f.pattern);
    });
  }

  /**
   * Decodes one instruction.
   * @param hw2 the halfword that follows; not looked at when the instruction is a 16-bit one
   * @param inIT whether it is inside an IT block
   */
  decode(hw1: number, hw2: number, pc: number, inIT: boolean): Decoded {
    const wide = isWide(hw1);
    const bits = wide ? (hw1 << 16) | hw2 : hw1;
    for (const { row, mask, value, places } of this.buckets[hw1 >>> BUCKET_SHIFT]) {
      if ((bits & mask) !== value) continue;
      const fields: Record<string, number> = {};
      for (const { name, shift, mask: fieldMask } of places) fields[name] = (bits >>> shift) & fieldMask;
      if (row.when !== undefined && !row.when(fields)) continue;
      if (row.derive !== undefined) Object.assign(fields, row.derive(fields));
      return { row, fields, bits, pc, length: wide ? 4 : 2, inIT };
    }
    return { row: wide ? unmatched(bits) : UNDEFINED, fields: NO_FIELDS, bits, pc, length: wide ? 4 : 2, inIT };
  }
}

const NO_FIELDS: Fields = {};

/** What no row matches. */
export const UNDEFINED: Row = { name: 'UNDEFINED', pattern: '', timing: 'system', text: () => 'undefined', system: (core) => core.undefined() };
/** The same among the floating-point encodings: without access to the unit it is a UsageFault for that first. */
export const UNDEFINED_FPU: Row = { ...UNDEFINED, name: 'UNDEFINED (floating point)', fpu: true };
export const NO_COPROCESSOR: Row = { ...UNDEFINED, name: 'No coprocessor', text: () => 'no coprocessor', system: (core) => core.noCoprocessor() };

/** Which of them: coprocessor encodings are 111x 11xx; those with 00000x and 11xxxx after it are UNDEFINED in any case (A5.3.18). */
function unmatched(bits: number): Row {
  const op1 = (bits >>> 20) & 0x3f;
  if ((bits >>> 26 & 0b111011) !== 0b111011 || op1 >>> 1 === 0 || op1 >>> 4 === 3) return UNDEFINED;
  const coprocessor = (bits >>> 8) & 0xf;
  return coprocessor === 10 || coprocessor === 11 ? UNDEFINED_FPU : NO_COPROCESSOR;
}

const decoder = new Decoder(TABLE);

/** Decodes one instruction of the chip (Decoder.decode). */
export const decode = (hw1: number, hw2: number, pc: number, inIT: boolean): Decoded => decoder.decode(hw1, hw2, pc, inIT);
/** The table's patterns, for generators of instructions. */
export const PATTERNS = decoder.patterns;
