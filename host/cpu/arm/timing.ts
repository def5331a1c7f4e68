// SPDX-License-Identifier: MIT
// Cycles of each instruction of a Cortex-M4 (ARM DDI 0439D, table 3-1, the load/store timings of 3.3.2, table 7-1; docs/timing.md says how exact each is).
//
// An instruction's cycles are: `issueCycles`, and `delay` by the instruction before it, and what it turns out to need: the refill of a taken branch,
// the digits of a division, further bus accesses for unaligned data, waits of the bus and of the flash. Both engines ask here.

import { dataflowOf } from './isa/dataflow.js';
import type { Decoded } from './isa/row.js';

/**
 * What the instruction before has left in the pipeline (STATE.PIPE): bits 2:0 its kind; bit 3 whether it has 16 bits; from bit 4 on the set of core
 * registers that it has loaded or computed, or the number of the single-precision register that its result goes to.
 */
export const PIPE = { none: 0, load: 1, computed: 2, float: 3, branched: 4 } as const;
export const PIPE_KIND = 7;
export const PIPE_NARROW = 8;
export const PIPE_REGISTERS = 4;

/** Refill of the pipeline by a taken branch, 1 to 3 cycles: the target is known while decoding; it is in a register; it comes from memory. */
const REFILL = { direct: 1, register: 2, loaded: 3 } as const;
/** A division whose operands give no quotient digit. */
const DIVIDE_LEAST = 2;
/** Further cycles of the longest division. */
export const DIVIDE_EXTRA_MOST = 10;

const isRegisterOffset = ({ row }: Decoded): boolean => row.name.includes('(register)');

/** Cycles of an instruction by itself: nothing before it, branch not taken, quickest division, aligned data, no waits. */
export function issueCycles(decoded: Decoded): number {
  const { row, fields } = decoded;
  const words = row.words?.(fields) ?? 0;
  switch (row.timing) {
    case 'divide': return DIVIDE_LEAST;
    case 'load': case 'fpuLoad': return 2;
    // The address is there in the first cycle with an immediate offset, and the write buffer takes the data while the next instruction goes on.
    case 'store': return isRegisterOffset(decoded) ? 2 : 1;
    case 'fpuStore': return 2;
    case 'loadMultiple': case 'storeMultiple': case 'fpuLoadMultiple': case 'fpuStoreMultiple': return 1 + words;
    // The load, and adding what it gives to the PC.
    case 'tableBranch': return 3;
    case 'exclusive': return 2;
    // DSB and DMB have nothing to wait for; ISB refills the pipeline.
    case 'barrier': return row.name.startsWith('ISB') ? 1 + REFILL.loaded : 1;
    // One or two in the manual.
    case 'system': return /^(MRS|MSR|CPS)\b/.test(row.name) ? 2 : 1;
    // Two registers between the units take two cycles.
    case 'fpuTransfer': return Math.max(1, words);
    case 'fpuMultiplyAccumulate': return 3;
    case 'fpuDivide': return 14;
    default: return 1;
  }
}

/** Cycles until the pipeline is full again when the instruction branches. */
export function refillOf({ row: { timing } }: Decoded): number {
  switch (timing) {
    case 'branch': case 'branchLink': case 'compareBranch': return REFILL.direct;
    case 'load': case 'loadMultiple': case 'tableBranch': return REFILL.loaded;
    default: return REFILL.register;
  }
}

/** What of the instruction before matters to one. */
export interface Needs {
  /** Core registers that its address depends on. */
  readonly address: number;
  /** Whether its bus access overlaps that of a load before it. */
  readonly pairs: boolean;
  /** Single-precision registers that it reads when it begins. */
  readonly floats: number;
  /** Whether it has 32 bits and does not begin at a word: a branch to it has to fetch twice. */
  readonly crooked: boolean;
  /** IT, which a 16-bit instruction takes along. */
  readonly folds: boolean;
}

interface Pipeline {
  readonly needs: Needs | undefined;
  readonly after: number;
}
const NOTHING: Pipeline = { needs: undefined, after: PIPE.none };
const pipelines = new WeakMap<Decoded, Pipeline>();

function pipelineOf(decoded: Decoded): Pipeline {
  let known = pipelines.get(decoded);
  if (known === undefined) pipelines.set(decoded, (known = findPipeline(decoded)));
  return known;
}

function findPipeline(decoded: Decoded): Pipeline {
  const { row: { timing, name }, inIT, pc, length } = decoded;
  // Inside of IT blocks the one before may have been skipped.
  if (inIT) return NOTHING;
  const { address, loaded, computed, floats, result, branches } = dataflowOf(decoded);
  const isLoad = timing === 'load' || timing === 'fpuLoad';
  const isIT = /^IT\b/.test(name);
  const needs: Needs = {
    address, floats, folds: isIT, crooked: length === 4 && (pc & 3) !== 0,
    pairs: (isLoad && !branches) || (timing === 'store' && isRegisterOffset(decoded)) || timing === 'fpuStore',
  };
  const matters = address !== 0 || floats !== 0 || needs.folds || needs.crooked || needs.pairs;
  return { needs: matters ? needs : undefined, after: branches || isIT ? PIPE.none : kindAfter() | (length === 2 ? PIPE_NARROW : 0) };

  function kindAfter(): number {
    if (isLoad) return PIPE.load | (loaded << PIPE_REGISTERS);
    if (result >= 0) return PIPE.float | (result << PIPE_REGISTERS);
    switch (timing) {
      case 'alu': case 'multiply': case 'multiplyLong': case 'divide': return computed === 0 ? PIPE.none : PIPE.computed | (computed << PIPE_REGISTERS);
      default: return PIPE.none;
    }
  }
}

/** What of the instruction before matters to this one; undefined when it is all the same. */
export const needsOf = (decoded: Decoded): Needs | undefined => pipelineOf(decoded).needs;

/** Cycles that an instruction takes longer, or less long when negative, because of the one before it. @param previous STATE.PIPE */
export function delay(previous: number, { address, pairs, floats, crooked, folds }: Needs): number {
  const registers = previous >>> PIPE_REGISTERS;
  if (folds) return previous & PIPE_NARROW ? -1 : 0;
  switch (previous & PIPE_KIND) {
    // Address and data phases of neighbours overlap, unless one waits for the other's data (3.3.2).
    case PIPE.load: return pairs && (registers & address) === 0 ? -1 : 0;
    // The register bank has to be written first: there is no forwarding to addresses (3.3.2).
    case PIPE.computed: return registers & address ? 1 : 0;
    // Table 7-1, notes.
    case PIPE.float: return (floats >>> registers) & 1;
    case PIPE.branched: return crooked ? 1 : 0;
    default: return 0;
  }
}

/** The most that the instruction before can delay this one. */
export const longestDelay = (needs: Needs | undefined): number => (needs && (needs.address !== 0 || needs.floats !== 0 || needs.crooked) ? 1 : 0);

/** What an instruction leaves for the next one (STATE.PIPE), when it neither branches nor is skipped. System instructions leave nothing. */
export const pipeAfter = (decoded: Decoded): number => ('run' in decoded.row ? pipelineOf(decoded).after : PIPE.none);

/** What an instruction takes that its condition skips. */
export const SKIPPED = 1;

/** Cycles of a division beyond the least, for operands as magnitudes without sign: four quotient bits a cycle. */
export function divideExtra(dividend: number, divisor: number): number {
  const digits = Math.clz32(divisor) - Math.clz32(dividend) + 1;
  return divisor === 0 || digits <= 0 ? 0 : 2 + ((digits + 3) >> 2);
}
