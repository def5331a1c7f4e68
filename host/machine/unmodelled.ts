// SPDX-License-Identifier: MIT
// What becomes of an access to what the chip has and the emulator has not: an error, or a finding and hardware that ignores it.

import { UnmodelledRegisterError, type BusError } from './errors.js';
import type { AccessSize, Diagnostic } from './peripheral.js';

/** The machine's policy, and what firmware has written to registers that nothing stands behind. */
export class Unmodelled {
  /**
   * True: each access is an error, so that a result never rests on what is not there. False: each thing is reported once, by name, and the run
   * goes on: a register keeps what is written and does nothing with it, a field of a modelled register is as if it had not been set.
   */
  strict = true;
  private readonly words = new Map<number, number>();
  private readonly reported = new Set<string>();

  constructor(private readonly report: (finding: Diagnostic) => void = () => {}) {}

  /**
   * Reads a register without a model: what was written to it, or 0.
   * @param register the manual's name; undefined for a reserved word, which reads as 0
   * @throws UnmodelledRegisterError when strict
   */
  read(address: number, size: AccessSize, block: string, register: string | undefined, offset: number): number {
    this.found(new UnmodelledRegisterError(address, 'read', nameOf(block, register, offset)), block);
    const word = this.words.get(address & ~3) ?? 0;
    return size === 4 ? word : (word >>> ((address & 3) * 8)) & (size === 1 ? 0xff : 0xffff);
  }

  /** Writes a register without a model. @throws UnmodelledRegisterError when strict */
  write(address: number, value: number, size: AccessSize, block: string, register: string | undefined, offset: number): void {
    this.found(new UnmodelledRegisterError(address, 'write', nameOf(block, register, offset)), block);
    if (register === undefined) return;
    const shift = (address & 3) * 8;
    const mask = size === 4 ? ~0 : (size === 1 ? 0xff : 0xffff) << shift;
    this.words.set(address & ~3, (((this.words.get(address & ~3) ?? 0) & ~mask) | ((value << shift) & mask)) >>> 0);
  }

  /** Firmware asked for something that has no model. @throws `error` itself when strict */
  found(error: BusError, where: string): void {
    if (this.strict) throw error;
    // Only the name, for a finding is kept once and an access may be repeated millions of times.
    const key = error instanceof UnmodelledRegisterError ? `${error.access} ${error.register}` : error.message;
    if (this.reported.has(key)) return;
    this.reported.add(key);
    this.report({ where, message: `${error.message}; it is ignored` });
  }

  /** A system reset: registers forget what was written. */
  reset(): void {
    this.words.clear();
  }
}

const nameOf = (block: string, register: string | undefined, offset: number): string =>
  register === undefined ? `${block}+0x${offset.toString(16)} (reserved)` : `${block}_${register}`;
