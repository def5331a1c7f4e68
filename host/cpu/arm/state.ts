// SPDX-License-Identifier: MIT
// Where the core's state lies: one linear memory that the interpreter sees as arrays and translated code as its own memory.

/**
 * Word indices of the state at the start of the memory. What translated code touches is here; the rest of the core's state (priorities, pending
 * exceptions, special registers) belongs to the core's classes.
 */
export const STATE = {
  /** R0 to R15: sixteen words. R13 is the stack pointer in use; R15 the address of the instruction that is executed next. */
  R: 0,
  PC: 15,
  /** Negative when APSR.N is set. */
  N: 16,
  /** Zero when APSR.Z is set. */
  Z: 17,
  /** 1 when APSR.C is set, else 0. */
  C: 18,
  /** Negative when APSR.V is set. */
  V: 19,
  /** 1 when APSR.Q is set, else 0. */
  Q: 20,
  /** APSR.GE, four bits. */
  GE: 21,
  /** ITSTATE, eight bits, as in EPSR (DDI 0403E, A7.3.2): what holds for the instruction at PC. */
  IT: 22,
  /** Cycles until the next appointment; at 0 or below the machine is asked before the next instruction. */
  LEFT: 23,
  /** What the instruction before has left in the pipeline (timing.ts: PIPE). */
  PIPE: 24,
  /** FPSCR without its condition flags (DDI 0403E, A2.5.3): modes and cumulative bits. */
  FPSCR: 25,
  /** FPSCR's N, Z, C, V as bits 31 to 28. */
  FPCC: 26,
  /** 1 when a floating-point instruction may go ahead at once: enabled, FPCA set, no lazy stacking outstanding. */
  FPU_READY: 27,
  /** 1 when the plain arithmetic of WebAssembly gives what FPSCR asks for: round to nearest, no flush to zero, IXC already set. */
  FPU_PLAIN: 28,
  /** Flash line, counted from the start of flash, that instructions come from; -1 for none. */
  LINE: 29,
  /** S0 to S31: 32 words. */
  S: 32,
  /** What a fetch or read of flash waits that misses the cache, and a fetch of the line after the last one. */
  MISS: 64,
  MISS_SEQUENTIAL: 65,
  /** Bit 0: the instruction cache is on; bit 1: the data cache. */
  CACHES: 66,
  /** While cycles are counted (cycle-counters.ts): byte offset of the present context's row, and LEFT when translated code has counted last. */
  CONTEXT: 67,
  COUNTED: 68,
} as const;

/** Bytes kept for the state; what follows is laid out by memory-layout of the engine. */
export const STATE_BYTES = 512;
