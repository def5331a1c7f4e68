// SPDX-License-Identifier: MIT
// The words in which instruction semantics are written: one vocabulary, two engines. The interpreter computes with numbers at once; the translator
// builds WebAssembly of the same calls.

/** Bytes of a memory access. */
export type Size = 1 | 2 | 4;

/** What is special about an access: it must be aligned, or it is made with the rights of unprivileged code (LDRT, STRT). */
export type AccessKind = 'aligned' | 'unprivileged';

/**
 * What a row of the instruction table may say. `V` is a 32-bit value: a number in the interpreter, an expression in the translator.
 *
 * Rules that keep both engines alike:
 * - an instruction reads all that it reads before it writes a register or a flag, and makes all its memory accesses before that, too: a fault in
 *   the middle then leaves registers as they were;
 * - a value that is used more than once, or after a write, goes through `keep`;
 * - JavaScript's own `if` decides by the instruction's fields alone, never by a value; for values there are `select` and `when`.
 *
 * All arithmetic is modulo 2^32; comparisons give 1 or 0. Shifts take their count modulo 32, as WebAssembly and JavaScript do.
 */
export interface Ops<V> {
  const(value: number): V;
  /** Computes the value here and now, so that it can be used again. */
  keep(value: V): V;

  /** A core register. R15 reads as the instruction's address + 4 (DDI 0403E, A5.1.2). */
  reg(n: number): V;
  /** Writes a core register other than R15; of R13 the two lowest bits stay zero. */
  setReg(n: number, value: V): void;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** High words of the 64-bit product. */
  mulHighSigned(a: V, b: V): V;
  mulHighUnsigned(a: V, b: V): V;
  /** Quotients rounded towards zero; 0 when b is 0; 0x80000000 / -1 is 0x80000000 (DDI 0403E, A7.7.127). */
  divSigned(a: V, b: V): V;
  divUnsigned(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  shl(a: V, count: V): V;
  shrUnsigned(a: V, count: V): V;
  shrSigned(a: V, count: V): V;
  rotr(a: V, count: V): V;
  clz(a: V): V;
  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  ltSigned(a: V, b: V): V;
  ltUnsigned(a: V, b: V): V;
  /** Sign extension from the low 8 or 16 bits. */
  extend8(a: V): V;
  extend16(a: V): V;
  /** `a` when the condition is not 0, else `b`; both are computed. */
  select(condition: V, a: V, b: V): V;

  /** APSR flags, each 1 or 0. */
  n(): V;
  z(): V;
  c(): V;
  v(): V;
  /** N and Z of a result. */
  setNZ(result: V): void;
  /** @param carry 1 or 0 */
  setC(carry: V): void;
  /** @param overflow a word whose bit 31 is V */
  setVSign(overflow: V): void;
  /** Sets Q when the value is not 0; never clears it. */
  stickQ(condition: V): void;
  /** APSR.GE[3:0]. */
  ge(): V;
  setGE(bits: V): void;

  /**
   * Loads, zero-extended. Unaligned ones are allowed unless `aligned` is asked for or CCR.UNALIGN_TRP is set (DDI 0403E, A3.2).
   * A fault ends the instruction.
   */
  load(address: V, size: Size, kind?: AccessKind): V;
  store(address: V, size: Size, value: V, kind?: AccessKind): void;
  /** Consecutive words from a word-aligned address on; UsageFault when it is not aligned. The values are kept. */
  loadWords(address: V, count: number): V[];
  storeWords(address: V, values: readonly V[]): void;

  /** Runs `then` when the condition is not 0. Values made inside stay inside. */
  when(condition: V, then: () => void): void;

  /** Goes on at a fixed address (B, BL, CBZ). */
  branch(address: number): void;
  /** Goes on at a computed address, whose bit 0 is ignored (MOV PC, ADD PC, TBB). */
  branchTo(address: V): void;
  /**
   * BX, BLX, and loads of the PC: bit 0 must be set, and EXC_RETURN ends a handler (DDI 0403E, A2.3.1, B1.5.8).
   * @param call BLX, which never ends a handler
   */
  branchExchange(address: V, call?: 'call'): void;

  /** Single-precision registers as raw bits. */
  s(n: number): V;
  setS(n: number, bits: V): void;
  /** Arithmetic on raw bits by FPSCR's modes, setting its cumulative bits (DDI 0403E, A2.5). */
  fadd(a: V, b: V): V;
  fsub(a: V, b: V): V;
  fmul(a: V, b: V): V;
  fdiv(a: V, b: V): V;
  fsqrt(a: V): V;
  /** a + b x c with one rounding. */
  ffma(a: V, b: V, c: V): V;
  /** Sets FPSCR's N, Z, C, V. @param signalling whether a quiet NaN is an invalid operation, too (VCMPE) */
  fcompare(a: V, b: V, signalling: boolean): void;
  /** Integer or fixed point with `fractionBits` to float, rounded by FPSCR or, with `nearest`, to nearest. */
  fromFixed(a: V, signed: boolean, fractionBits: number, nearest: boolean): V;
  /** Float to integer or fixed point, saturating; `towardsZero` or by FPSCR's rounding mode. */
  toFixed(a: V, signed: boolean, fractionBits: number, bits: 16 | 32, towardsZero: boolean): V;
  /** Half precision in the low 16 bits, IEEE or alternative by FPSCR.AHP. */
  fromHalf(a: V): V;
  toHalf(a: V): V;
  /** FPSCR's N, Z, C, V to APSR (VMRS APSR_nzcv, FPSCR). */
  flagsFromFpscr(): void;
}

/** One instruction at its place, as the semantics see it. */
export interface Site {
  /** Its address. */
  readonly pc: number;
  /** Bytes: 2 or 4. */
  readonly length: 2 | 4;
  /** Whether it is inside an IT block: 16-bit data processing then leaves the flags alone. */
  readonly inIT: boolean;
}
