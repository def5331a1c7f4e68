import { patternOf } from './patterns.js';
import { floatingPointRows } from '../../../../host/cpu/arm/isa/floating-point.js';
import type { Decoded, Row } from '../../../../host/cpu/arm/isa/row.js';
export const rows: readonly Row[] = floatingPointRows;
export function decodeAt(bits: number, length: 2 | 4, pc: number, inIT: boolean): Decoded | undefined {
  for (const row of rows) {
    const p = patternOf(row);
    if (p.length !== length) continue;
    let m = 2 ** (8 * length) - 1;
    const f: Record<string, number> = {};
    for (const x of p.fields) { m -= (2 ** x.width - 1) * 2 ** x.shift; f[x.name] = (bits >>> x.shift) & (2 ** x.width - 1); }
    if (((bits & m) >>> 0) !== p.fixed) continue;
    if (row.when && !row.when(f)) continue;
    return { row, fields: { ...f, ...(row as any).derive?.(f) }, bits, pc, length, inIT };
  }
  return undefined;
}
