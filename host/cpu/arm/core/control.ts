// SPDX-License-Identifier: MIT
// What instructions that are more than arithmetic ask of the core (SVC, MSR, CPS, WFI, exclusives, barriers, BKPT).

import type { Ops } from '../isa/ops.js';

/** The core as system instructions see it. Methods that fault throw a Fault, and the instruction has not happened. */
export interface CoreControl {
  /** Arithmetic, registers, flags and memory, as for any instruction. */
  readonly ops: Ops<number>;
  /** MRS: a special register by its SYSm number (DDI 0403E, B5.1.1). */
  readSpecial(sysm: number): number;
  /** MSR. @param mask which parts of APSR are written: bit 1 NZCVQ, bit 0 GE */
  writeSpecial(sysm: number, mask: number, value: number): void;
  /** CPSIE, CPSID: no effect without privilege. */
  changeInterrupts(disable: boolean, primask: boolean, faultmask: boolean): void;
  supervisorCall(imm8: number): void;
  /** BKPT: semihosting when imm8 is 0xAB and it is on, else a debug event. */
  breakpoint(imm8: number): void;
  /** An encoding that is UNDEFINED, or a coprocessor that is not there. */
  undefined(): never;
  noCoprocessor(): never;
  waitForInterrupt(): void;
  waitForEvent(): void;
  sendEvent(): void;
  /** Begins an IT block: ITSTATE for the instructions that follow. */
  setIT(itstate: number): void;
  /** LDREX: loads and marks; size 1, 2 or 4, aligned. */
  loadExclusive(address: number, size: 1 | 2 | 4): number;
  /** STREX. @returns 0 when it stored, 1 when the mark was gone */
  storeExclusive(address: number, size: 1 | 2 | 4, value: number): number;
  clearExclusive(): void;
  /** FPSCR as VMRS and VMSR see it, condition flags included. */
  readFpscr(): number;
  writeFpscr(value: number): void;
}
