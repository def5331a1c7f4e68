// SPDX-License-Identifier: MIT
// What the run loop asks of whoever translates hot code.

export interface HotCode {
  /**
   * Executes translated code from STATE.PC on, as long as STATE.LEFT is above 0 and there is code for STATE.PC, and leaves the state exact. It does not
   * execute what would fault, nor instructions that ask for the core: before these it returns.
   */
  run(): void;
  /** The interpreter has branched to `pc`. @returns whether translated code begins there */
  noteExecuted(pc: number): boolean;
  /** Memory that may hold code has changed. */
  invalidate(address: number, byteCount: number): void;
  /** All may have changed: another memory at address 0, other rights. */
  flush(): void;
}
