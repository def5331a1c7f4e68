// SPDX-License-Identifier: MIT
// What becomes of an access to what the chip has and the emulator has not: an error, or a finding and hardware that ignores it.

import { ReservedRegisterError, UnmodelledRegisterError, type BusError } from './errors.js';
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
  /** Registers that were reported, by address and kind of access. */
  private readonly polled = new Set<number>();

  constructor(private readonly report: (finding: Diagnostic) => void = () => {}) {}

  /**
   * Reads a register without a model: what was written to it, or 0.
   * @param register the manual's name; undefined for a reserved word, which reads as 0
   * @throws UnmodelledRegisterError when strict
   */
  read(address: number, size: AccessSize, block: string, register: string | undefined, offset: number): number {
    this.foundRegister(address, 'read', block, register, offset);
    const word = this.words.get(address & ~3) ?? 0;
    return size === 4 ? word : (word >>> ((address & 3) * 8)) & (size === 1 ? 0xff : 0xffff);
  }

  /** Writes a register without a model. @throws UnmodelledRegisterError when strict */
  write(address: number, value: number, size: AccessSize, block: string, register: string | undefined, offset: number): void {
    this.foundRegister(address, 'write', block, register, offset);
    if (register === undefined) return;
    const shift = (address & 3) * 8;
    const mask = size === 4 ? ~0 : (size === 1 ? 0xff : 0xffff) << shift;
    this.words.set(address & ~3, (((this.words.get(address & ~3) ?? 0) & ~mask) | ((value << shift) & mask)) >>> 0);
  }

  /** Firmware asked for something that has no model. @throws `error` itself when strict */
  found(error: BusError, where: string): void {
    if (this.strict) throw error;
    if (this.reported.has(error.message)) return;
    this.reported.add(error.message);
    this.report({ where, message: `${error.message}; it is ignored` });
  }

  /** Firmware may poll a register millions of times: after the first access no error is made. */
  private foundRegister(address: number, access: 'read' | 'write', block: string, register: string | undefined, offset: number): void {
    const key = (address & ~3) * 2 + (access === 'read' ? 0 : 1);
    if (!this.strict && this.polled.has(key)) return;
    this.polled.add(key);
    this.found(register === undefined ? new ReservedRegisterError(address, access, block, offset) : new UnmodelledRegisterError(address, access, `${block}_${register}`), block);
  }

  /** A system reset: registers forget what was written. */
  reset(): void {
    this.words.clear();
  }
}
