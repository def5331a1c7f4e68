// SPDX-License-Identifier: MIT
// The table's patterns read the other way: from fields to an instruction's bits.

import { decode, PATTERNS, type Pattern } from '../../../../host/cpu/arm/isa/decode.js';
import type { Decoded, Fields, Row } from '../../../../host/cpu/arm/isa/row.js';

const byRow = new Map<Row, Pattern>(PATTERNS.map((pattern) => [pattern.row, pattern]));

export function patternOf(row: Row): Pattern {
  const pattern = byRow.get(row);
  if (!pattern) throw new Error(`${row.name} is not in the table`);
  return pattern;
}

/** An instruction's bits, with those that should be so as they should be. */
export function encode(row: Row, values: Fields): number {
  const { value, shouldBe, places } = patternOf(row);
  return places.reduce((bits, { name, shift, mask }) => (bits | ((values[name] & mask) << shift)) >>> 0, (value | shouldBe) >>> 0);
}

export function decodeBits(bits: number, length: 2 | 4, pc: number, inIT: boolean): Decoded {
  return length === 4 ? decode(bits >>> 16, bits & 0xffff, pc, inIT) : decode(bits, 0, pc, inIT);
}

/** Whether the manual leaves open what the encoding does: UNPREDICTABLE by its fields, or by bits that should be otherwise. */
export function isUnpredictable({ row, fields, bits }: Decoded): boolean {
  const pattern = byRow.get(row);
  return (row.unpredictable?.(fields) ?? false) || (pattern !== undefined && ((bits ^ pattern.shouldBe) & pattern.shouldMask) !== 0);
}
