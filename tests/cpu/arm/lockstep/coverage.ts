// SPDX-License-Identifier: MIT
// What lockstep runs have shown: how often each row was executed and skipped, and which outcomes its flags had.

import { TABLE } from '../../../../host/cpu/arm/isa/table.js';
import type { Decoded, Row } from '../../../../host/cpu/arm/isa/row.js';
import { TRACED } from '../../../../host/testing/qemu-trace.js';
import { probe } from './probe.js';

/** How often a row must have been executed, and, where it can be conditional, have been skipped. */
export const ENOUGH = 20;
export const ENOUGH_SKIPPED = 5;

/** Rows that are not compared, each with its reason. */
export const NOT_COMPARED: readonly { readonly rows: RegExp; readonly reason: string }[] = [
  { rows: /^WFI /, reason: 'QEMU sleeps for ever, for no interrupt comes' },
  { rows: /^WFE /, reason: 'QEMU takes it for a NOP; our core sleeps' },
  { rows: /^BKPT /, reason: 'a debug event, which QEMU gives to a debugger or makes a fault without DFSR' },
  { rows: /^UDF |undefined/i, reason: 'UNDEFINED: in the comparison of undefined encodings' },
  { rows: /^Memory hint/, reason: 'UNPREDICTABLE with any fields' },
];

type Flag = 'N' | 'Z' | 'C' | 'V' | 'Q' | 'GE';
const PSR_BIT: Readonly<Record<Exclude<Flag, 'GE'>, number>> = { N: 31, Z: 30, C: 29, V: 28, Q: 27 };

/** Outcomes that cannot come about, as `flag=value`. */
const IMPOSSIBLE: readonly { readonly rows: RegExp; readonly outcomes: readonly string[]; readonly reason: string }[] = [
  { rows: /^MOV \(immediate\) T1/, outcomes: ['N=1'], reason: 'eight bits' },
  { rows: /^LSR \(immediate\)/, outcomes: ['N=1'], reason: 'a shift to the right by at least 1' },
];

class Tally {
  executed = 0;
  skipped = 0;
  /** `flag=value`. */
  readonly outcomes = new Set<string>();
  /** Flags that it may set with some fields. */
  readonly flags = new Set<Flag>();
}

export class Coverage {
  private readonly tallies = new Map<Row, Tally>(TABLE.map((row) => [row, new Tally()]));
  private readonly flagsOf = new Map<string, ReadonlySet<Flag>>();

  /** Counts an instruction. @param after the state that it left */
  note(instruction: Decoded, after: Uint32Array, passed: boolean): void {
    const tally = this.tallies.get(instruction.row);
    if (!tally) return;
    if (!passed) {
      tally.skipped++;
      return;
    }
    tally.executed++;
    const key = `${instruction.bits} ${instruction.inIT}`;
    let flags = this.flagsOf.get(key);
    if (!flags) {
      flags = probe(instruction, Array<number>(15).fill(0)).flags;
      this.flagsOf.set(key, flags);
    }
    const psr = after[TRACED.XPSR];
    for (const flag of flags) {
      tally.flags.add(flag);
      if (flag === 'GE') for (let bit = 16; bit < 20; bit++) tally.outcomes.add(`GE${bit - 16}=${(psr >>> bit) & 1}`);
      else tally.outcomes.add(`${flag}=${(psr >>> PSR_BIT[flag]) & 1}`);
    }
  }

  get rows(): number {
    return this.tallies.size;
  }

  /** Rows that were not executed often enough. */
  get uncovered(): string[] {
    return this.named((row) => !this.isExecuted(row));
  }

  /** Rows that can be conditional and were not skipped often enough. */
  get unskipped(): string[] {
    return this.named((row) => this.isExecuted(row) && !this.isSkipped(row));
  }

  /** Outcomes of flags that were not seen, as `row: flag=value`. */
  get unseen(): string[] {
    return TABLE.flatMap((row) => (this.isExecuted(row) ? this.missing(row).map((outcome) => `${row.name}: ${outcome}`) : []));
  }

  /** Rows that can be compared and have not been seen in every way. */
  get lacking(): readonly Row[] {
    return TABLE.filter((row) => (!this.isExecuted(row) || !this.isSkipped(row) || this.missing(row).length > 0)
      && !NOT_COMPARED.some(({ rows }) => rows.test(row.name)));
  }

  private named(which: (row: Row) => boolean): string[] {
    return TABLE.filter(which).map(({ name }) => name);
  }

  private isExecuted(row: Row): boolean {
    return this.tallies.get(row)!.executed >= ENOUGH;
  }

  private isSkipped(row: Row): boolean {
    return (row.inIT === 'never' && row.condition === undefined) || this.tallies.get(row)!.skipped >= ENOUGH_SKIPPED;
  }

  private missing(row: Row): string[] {
    const { flags, outcomes } = this.tallies.get(row)!;
    const impossible = IMPOSSIBLE.filter(({ rows }) => rows.test(row.name)).flatMap((i) => i.outcomes);
    const bits = [...flags].flatMap((flag) => (flag === 'GE' ? ['GE0', 'GE1', 'GE2', 'GE3'] : [flag]));
    return bits.flatMap((bit) => [`${bit}=0`, `${bit}=1`]).filter((outcome) => !outcomes.has(outcome) && !impossible.includes(outcome));
  }
}
