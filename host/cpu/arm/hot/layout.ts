// SPDX-License-Identifier: MIT
// The locals of a translated function, and what it needs to know of the memory around it.

import type { Interval } from '../../../peripherals/cortex-m/mpu.js';
import type { CacheTables } from '../flash-accelerator.js';

/** Local indices. The first ones are parameters, which every region hands to the next one in machine registers. */
export const LOCAL = {
  /** Cycles left until the next appointment (STATE.LEFT). */
  LEFT: 0,
  /** The instruction cache's clock (CacheTables.clock). */
  CLOCK: 1,
  /** R0 to R14. */
  R: 2,
  N: 17,
  Z: 18,
  C: 19,
  V: 20,
  Q: 21,
  GE: 22,
  FPCC: 23,
  /** Where to go on, at an exit into other code. */
  PC: 24,
  /** Index into the exit descriptors, at an exit to the interpreter; number of a region, at one into other code. */
  EXIT: 25,
  /** While cycles are counted: STATE.COUNTED and STATE.CONTEXT. */
  COUNTED: 26,
  CONTEXT: 27,
  /** Temporaries of one instruction. */
  TEMP: 28,
} as const;
/** LEFT, CLOCK, R0 to R2: V8 passes five words in registers, and these are what all code is about. */
export const PARAMETERS = 5;
export const TEMPS = 44;
/** S0 to S31, then temporaries. */
export const LOCAL_S = LOCAL.TEMP + TEMPS;
export const LOCAL_F32 = LOCAL_S + 32;
export const F32_TEMPS = 8;
export const LOCAL_F64 = LOCAL_F32 + F32_TEMPS;
export const F64_TEMPS = 2;
export const LOCAL_I32_COUNT = LOCAL.TEMP + TEMPS - PARAMETERS;

/** Functions that every module imports, by index. */
export const FUNCTION = {
  /** (line, clock, whether it is the one after the last) => cycles: an instruction line that the cache has not. */
  missInstruction: 0,
  /** (line, clock) => cycles: the same for a line of data. */
  missData: 1,
  /** (address, left) => value: a load from elsewhere than RAM; sets the global below. */
  slowLoad8: 2,
  slowLoad16: 3,
  slowLoad32: 4,
  count: 5,
} as const;

/** The global that slow loads leave their outcome in: cycles beyond the load's own; -1 when the interpreter must do it. */
export const GLOBAL = { extra: 0 } as const;

/** A stretch of addresses and where it lies in the WebAssembly memory. */
export interface Window {
  readonly origin: number;
  readonly byteCount: number;
  readonly offset: number;
}

/** RAM, and stretches of it that code must not read or write, as offsets from its start: there the interpreter raises the fault. */
export interface RamWindow extends Window {
  readonly forbidden: Readonly<Record<'read' | 'write', readonly Interval[]>>;
}

export interface MemoryLayout {
  /** Code that is translated: flash. */
  readonly code: Window;
  /** RAM that plain loads and stores reach; the first is asked first. */
  readonly rams: readonly RamWindow[];
  /** Which of them the stack is in. */
  readonly stack: number;
  readonly instructions: CacheTables;
  readonly datas: CacheTables;
  /** Byte offset of a 16-bit region number for each halfword of code, 0 for none. */
  readonly regionOf: number;
  /** Byte offset of the exit descriptors. */
  readonly exits: number;
}

/**
 * An exit descriptor: what STATE must hold so that the interpreter goes on at an instruction. Words: PC; cycles to give back, and << 16 the piece of code
 * that is left, when cycles are counted; LINE; IT | PIPE << 8.
 */
export const EXIT_BYTES = 16;
export const MOST_EXITS = 1 << 18;
