// SPDX-License-Identifier: MIT
// What a row of the instruction table is: an encoding of the manual, its semantics, and its class for the timing tables.

import type { CoreControl } from '../core/control.js';
import type { Ops, Site } from './ops.js';

/** Values of an encoding's fields, by the manual's names. A field that is split (i, imm3, imm8) stays split. */
export type Fields = Readonly<Record<string, number>>;

/** Kinds of instructions as the timing tables tell them apart (timing.ts gives each its cycles). */
export type TimingClass =
  | 'alu' // one cycle
  | 'multiply' // MUL and the multiply-accumulates
  | 'multiplyLong' // SMULL, UMULL, SMLAL, UMLAL, UMAAL
  | 'divide' // SDIV, UDIV: 2 to 12 by operands
  | 'load' | 'store' // single
  | 'loadMultiple' | 'storeMultiple' // LDM, STM, PUSH, POP, LDRD, STRD: by the number of words
  | 'branch' | 'branchLink' | 'branchExchange' | 'tableBranch' | 'compareBranch'
  | 'barrier' | 'system' | 'exclusive'
  | 'fpu' // one cycle
  | 'fpuMultiply' | 'fpuMultiplyAccumulate' | 'fpuDivide' | 'fpuConvert' | 'fpuTransfer'
  | 'fpuLoad' | 'fpuStore' | 'fpuLoadMultiple' | 'fpuStoreMultiple';

interface RowBase {
  /** The instruction and encoding as the manual has them: `ADC (immediate) T1`. Unique. */
  readonly name: string;
  /**
   * The encoding's bits from the first halfword's bit 15 on: 0 and 1, and fields as `name:width` (`imm8:8`), parted by spaces. 16 or 32 bits in all.
   * Bits in parentheses, `(0)` or `(1111)`, are ones that should be so, and do not decide.
   */
  readonly pattern: string;
  /** Constraints beyond the pattern (`Rn != 15`): when it says no, the next row that matches is asked. */
  readonly when?: (f: Fields) => boolean;
  /** Values that follow from the fields (an expanded constant, a branch's offset): computed once, when decoding, and joined to them. */
  readonly derive?: (f: Fields) => Fields;
  /** Whether the manual calls the encoding UNPREDICTABLE with these fields. It executes nonetheless, as written. */
  readonly unpredictable?: (f: Fields) => boolean;
  /** Assembler text, for traces; defaults to the name. */
  readonly text?: (f: Fields, site: Site) => string;
  readonly timing: TimingClass;
  /** Words that a multiple transfer moves. */
  readonly words?: (f: Fields) => number;
  /** Whether the instruction may be inside an IT block only as its last one, or not at all: other places are UNPREDICTABLE. */
  readonly inIT?: 'last' | 'never';
  /** Whether it is conditional by its own field instead of by IT (B<c> T1, T3): gives the condition. */
  readonly condition?: (f: Fields) => number;
}

/** An instruction that both engines execute. */
export interface PlainRow extends RowBase {
  readonly run: <V>(o: Ops<V>, f: Fields, site: Site) => void;
  /** Uses the floating-point unit: CPACR, FPCA and lazy stacking are seen to before it runs. */
  readonly fpu?: boolean;
}

/** An instruction that only the interpreter executes, with all of the core at hand (SVC, MSR, WFI, exclusives). */
export interface SystemRow extends RowBase {
  readonly system: (core: CoreControl, f: Fields, site: Site) => void;
  readonly fpu?: boolean;
}

export type Row = PlainRow | SystemRow;

/** An instruction, decoded. */
export interface Decoded extends Site {
  readonly row: Row;
  readonly fields: Fields;
  /** The halfwords: hw1, or hw1 << 16 | hw2. */
  readonly bits: number;
}
