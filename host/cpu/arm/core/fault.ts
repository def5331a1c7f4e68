// SPDX-License-Identifier: MIT
// Faults: what an instruction throws when it cannot be completed, and what is told of a fault that was taken (ARM DDI 0403E, B1.5.14, B3.2.15 to 18).

import { hex } from '../../../machine/errors.js';

/** CFSR's bits (B3.2.15): MemManage in bits 7:0, BusFault in 15:8, UsageFault in 31:16. */
export const CFSR = {
  IACCVIOL: 1 << 0, // instruction fetch from where it is not allowed
  DACCVIOL: 1 << 1, // data access where it is not allowed
  MUNSTKERR: 1 << 3, // MPU violation while unstacking
  MSTKERR: 1 << 4, // MPU violation while stacking
  MLSPERR: 1 << 5, // MPU violation while the floating-point state was saved lazily
  MMARVALID: 1 << 7, // MMFAR holds the address
  IBUSERR: 1 << 8, // bus error of an instruction fetch
  PRECISERR: 1 << 9, // bus error of a data access, by the instruction at the stacked PC
  IMPRECISERR: 1 << 10, // bus error of an earlier data access
  UNSTKERR: 1 << 11, // bus error while unstacking
  STKERR: 1 << 12, // bus error while stacking
  LSPERR: 1 << 13, // bus error while the floating-point state was saved lazily
  BFARVALID: 1 << 15, // BFAR holds the address
  UNDEFINSTR: 1 << 16, // undefined instruction
  INVSTATE: 1 << 17, // execution with EPSR.T clear
  INVPC: 1 << 18, // integrity check of an exception return
  NOCP: 1 << 19, // coprocessor that is off or not there
  UNALIGNED: 1 << 24, // unaligned access
  DIVBYZERO: 1 << 25, // division by zero, with CCR.DIV_0_TRP
} as const;

export const HFSR = {
  VECTTBL: 1 << 1, // bus error of a vector read
  FORCED: 1 << 30, // a configurable fault that could not be taken as such
  DEBUGEVT: (1 << 31) >>> 0, // a debug event with neither debugger nor monitor
} as const;

const MEM_MANAGE = 0xff;
const BUS_FAULT = 0xff00;

/** Thrown by an instruction that faults: nothing of it has happened, but for accesses of memory before the one that faulted. */
export class Fault {
  /** @param status bits of CFSR @param address what MMFAR or BFAR is to hold, when it is known */
  constructor(readonly status: number, readonly address?: number, readonly detail?: string) {}

  get isMemManage(): boolean {
    return (this.status & MEM_MANAGE) !== 0;
  }
  get isBusFault(): boolean {
    return (this.status & BUS_FAULT) !== 0;
  }
}

export type FaultKind = 'HardFault' | 'MemManage' | 'BusFault' | 'UsageFault' | 'lockup';

/** State of the core when a fault exception was taken or lockup began. */
export interface FaultRecord {
  readonly kind: FaultKind;
  readonly cycle: number;
  /** Names of the status bits that are set: PRECISERR, FORCED. */
  readonly causes: readonly string[];
  readonly cfsr: number;
  readonly hfsr: number;
  readonly dfsr: number;
  /** MMFAR or BFAR, when it is valid. */
  readonly address: number | undefined;
  /** What the model says about it, when there is more to say than the registers do. */
  readonly detail: string | undefined;
  /** Address of the instruction that faulted, as it is stacked. */
  readonly pc: number;
  readonly lr: number;
  readonly sp: number;
  readonly xpsr: number;
  /** R0 to R15 at the fault, before the entry. */
  readonly registers: readonly number[];
  /** Exceptions that were active, the innermost first, by number. */
  readonly active: readonly number[];
}

/** Names of the bits that are set. */
export function causesOf(cfsr: number, hfsr: number): string[] {
  const named = (bits: number, names: Readonly<Record<string, number>>): string[] =>
    Object.keys(names).filter((name) => !name.endsWith('VALID') && (bits & names[name]) !== 0);
  return [...named(cfsr, CFSR), ...named(hfsr, HFSR)];
}

/** A record as lines of text. @param nameOf the manual's name of an exception by its number */
export function describeFault(record: FaultRecord, nameOf: (exception: number) => string): string {
  const { kind, causes, address, detail, pc, lr, sp, xpsr, registers, active, cycle, cfsr, hfsr } = record;
  const lines = [
    `${kind} at ${hex(pc)} in cycle ${cycle}: ${causes.join(' ') || 'no status bit'}${address === undefined ? '' : `, address ${hex(address)}`}${detail ? ` (${detail})` : ''}`,
    `  pc ${hex(pc)}  lr ${hex(lr)}  sp ${hex(sp)}  xpsr ${hex(xpsr)}  CFSR ${hex(cfsr)}  HFSR ${hex(hfsr)}`,
  ];
  for (let r = 0; r < 13; r += 4) lines.push(`  ${registers.slice(r, Math.min(r + 4, 13)).map((value, i) => `${`r${r + i}`.padEnd(3)} ${hex(value)}`).join('  ')}`);
  lines.push(`  active: ${active.length === 0 ? 'none (thread mode)' : active.map(nameOf).join(', in ')}`);
  return lines.join('\n');
}

/** Ends a run whose core has locked up: a fault where none can be taken (B1.5.15). */
export class Lockup extends Error {
  override readonly name = 'Lockup';
  constructor(readonly record: FaultRecord) {
    super(`lockup at ${hex(record.pc)}: ${record.causes.join(' ') || 'fault'} where no fault can be taken`);
  }
}
