// SPDX-License-Identifier: MIT
// The rows' bit patterns read the other way: from fields to an instruction's bits.

import type { Fields, Row } from '../../../../host/cpu/arm/isa/row.js';

interface Field {
  readonly name: string;
  readonly width: number;
  /** Place of its lowest bit in the instruction as a number (32-bit ones: first halfword high). */
  readonly shift: number;
}

export interface Pattern {
  readonly length: 2 | 4;
  /** Bits that are given, with those that should be so as they should be. */
  readonly fixed: number;
  readonly fields: readonly Field[];
}

const known = new WeakMap<Row, Pattern>();

export function patternOf(row: Row): Pattern {
  const before = known.get(row);
  if (before) return before;
  const parts = row.pattern.replaceAll(/[()]/g, ' ').split(' ').filter((part) => part !== '');
  const widthOf = (part: string) => (part.includes(':') ? Number(part.split(':')[1]) : part.length);
  const bits = parts.reduce((sum, part) => sum + widthOf(part), 0);
  if (bits !== 16 && bits !== 32) throw new Error(`${row.name}: ${bits} bits`);
  let shift = bits;
  let fixed = 0;
  const fields: Field[] = [];
  for (const part of parts) {
    const width = widthOf(part);
    shift -= width;
    if (part.includes(':')) fields.push({ name: part.split(':')[0], width, shift });
    else fixed = (fixed | (parseInt(part, 2) << shift)) >>> 0;
  }
  const pattern: Pattern = { length: bits === 16 ? 2 : 4, fixed, fields };
  known.set(row, pattern);
  return pattern;
}

export function encode(row: Row, values: Fields): number {
  const { fixed, fields } = patternOf(row);
  return fields.reduce((bits, { name, width, shift }) => (bits | ((values[name] & (2 ** width - 1)) << shift)) >>> 0, fixed);
}
