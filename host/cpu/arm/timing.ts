// SPDX-License-Identifier: MIT
// Cycles of each instruction of a Cortex-M4 (ARM DDI 0439, 3.3.1, table 3-1 and the load/store timings of 3.3.2; docs/timing.md says how exact each is).
//
// An instruction's cycles are: `issue` (fixed), less what pairing with the instruction before saves, plus what it turns out to need: the refill of a
// taken branch, the digits of a division, a second bus access for unaligned data, waits of the bus and of the flash. Both engines ask here.

import type { Decoded } from './isa/row.js';

/** What the instruction before leaves in the pipeline (STATE.PIPE). */
export const PIPE = { none: 0, load: 1, store: 2 } as const;

/** Refill of the pipeline by a taken branch: 1 to 3 cycles in the manual; 1 when the target is known early. */
export const REFILL = { direct: 1, computed: 2 } as const;
/** A division whose operands give no quotient digit. */
const DIVIDE_LEAST = 2;
/** Further cycles of the longest division. */
export const DIVIDE_EXTRA_MOST = 10;

/** Cycles of an instruction by itself: no pairing, branch not taken, quickest division, aligned data, no waits. */
export function issueCycles({ row, fields }: Decoded): number {
  const words = row.words?.(fields) ?? 0;
  switch (row.timing) {
    case 'divide': return DIVIDE_LEAST;
    case 'load': case 'fpuLoad': return 2;
    // The address is there in the first cycle with an immediate offset, and the write buffer takes the data while the next instruction goes on.
    case 'store': return 1;
    case 'fpuStore': return 2;
    case 'loadMultiple': case 'storeMultiple': case 'fpuLoadMultiple': case 'fpuStoreMultiple': return 1 + words;
    case 'tableBranch': return 2;
    case 'exclusive': return 2;
    // Floating point: DDI 0439, table 7-1. Two registers between the units take two cycles.
    case 'fpuTransfer': return Math.max(1, words);
    case 'fpuMultiplyAccumulate': return 3;
    case 'fpuDivide': return 14;
    default: return 1;
  }
}

/** Cycles saved because the instruction before was still on the bus: loads one after the other overlap by one (3.3.2). Not inside of IT blocks. */
export function pairing(previous: number, { row, inIT }: Decoded): number {
  return !inIT && previous === PIPE.load && (row.timing === 'load' || row.timing === 'fpuLoad') ? 1 : 0;
}

/** What an instruction leaves for the next one's pairing; a taken branch leaves nothing. */
export function pipeAfter({ row, inIT }: Decoded): number {
  return !inIT && (row.timing === 'load' || row.timing === 'fpuLoad') ? PIPE.load : PIPE.none;
}

/** What an instruction takes that its condition skips. */
export const SKIPPED = 1;

/** Cycles of a division beyond the least, for operands as magnitudes without sign: four quotient bits a cycle. */
export function divideExtra(dividend: number, divisor: number): number {
  const digits = Math.clz32(divisor) - Math.clz32(dividend) + 1;
  return divisor === 0 || digits <= 0 ? 0 : 2 + ((digits + 3) >> 2);
}
