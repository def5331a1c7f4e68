// SPDX-License-Identifier: MIT
// What a debugger may ask of the core: registers, memory, breakpoints, watchpoints, and running until something happens.

import type { FaultRecord } from './core/fault.js';

/** r0 to r12, sp, lr, pc (also r13 to r15), xpsr, msp, psp, primask, basepri, faultmask, control, fpscr, s0 to s31. */
export type RegisterName = string;

export type WatchKind = 'read' | 'write' | 'access';

/** Why the core has stopped. */
export type DebugEvent =
  /** One instruction was executed, or one exception entered. */
  | { readonly kind: 'step' }
  /** The instruction at `address` has a breakpoint of ours or of the FPB; it has not been executed. */
  | { readonly kind: 'breakpoint'; readonly address: number }
  /** A watched address was accessed by the instruction before PC. */
  | { readonly kind: 'watchpoint'; readonly address: number; readonly access: 'read' | 'write'; readonly watch: WatchKind }
  /** A BKPT instruction; PC is still its address. */
  | { readonly kind: 'bkpt'; readonly address: number; readonly imm8: number }
  /** A fault exception was taken: PC is at its handler. Only with `stopOnFault`. */
  | { readonly kind: 'fault'; readonly record: FaultRecord }
  | { readonly kind: 'lockup'; readonly record: FaultRecord }
  /** The cycles asked for have passed. */
  | { readonly kind: 'limit' }
  /** `requestStop` was called. */
  | { readonly kind: 'stopped' }
  /** The firmware ended the run by semihosting. */
  | { readonly kind: 'exit'; readonly code: number }
  /** The machine ended the run: its time is over (RunEnded), or a model has thrown. */
  | { readonly kind: 'ended'; readonly error: unknown };

export interface DebugTarget {
  /** Core cycles since the run began. */
  readonly now: number;
  /** Whether taking a fault exception ends `resume` and `step`. */
  stopOnFault: boolean;

  /** @returns the value as 32 bits without sign @throws RangeError for a name that the core has not */
  readRegister(name: RegisterName): number;
  writeRegister(name: RegisterName, value: number): void;

  /**
   * Reads as a debugger's probe does: no privilege needed, no fault, no time, and registers without side effect where their model can (`peek`).
   * @returns undefined when something of it is not mapped
   */
  readMemory(address: number, byteCount: number): Uint8Array | undefined;
  /** Writes memory, flash included, or a peripheral. @returns false when something of it is not mapped */
  writeMemory(address: number, bytes: Uint8Array): boolean;

  addBreakpoint(address: number): void;
  removeBreakpoint(address: number): void;
  addWatchpoint(address: number, byteCount: number, kind: WatchKind): void;
  removeWatchpoint(address: number, byteCount: number, kind: WatchKind): void;

  /** Executes one instruction (a breakpoint there does not matter), or takes one exception, or sleeps until something wakes the core. */
  step(): DebugEvent;
  /**
   * Runs until something stops the core. The first instruction is executed even with a breakpoint on it.
   * @param cycles stops after about so many, at the next appointment, so that an event loop can turn between two calls
   */
  resume(cycles?: number): DebugEvent;
  /** Makes a `resume` that is under way return at its next appointment: for callbacks of the machine. */
  requestStop(): void;
}
