// SPDX-License-Identifier: MIT
// IEEE 754 formats as bit patterns, and numbers taken apart: what exact arithmetic is made of.

/** A binary format: widths of its fields and the least exponent of a normal number. */
export interface Format {
  readonly fractionBits: number;
  readonly leastExponent: number;
  /** Exponent field of infinities and NaNs. */
  readonly specialExponent: number;
  readonly signBit: number;
}

export const SINGLE: Format = { fractionBits: 23, leastExponent: -126, specialExponent: 0xff, signBit: 0x80000000 | 0 };
export const HALF: Format = { fractionBits: 10, leastExponent: -14, specialExponent: 0x1f, signBit: 0x8000 };

export const SIGN = 0x80000000 | 0;
export const INFINITY = 0x7f800000;
/** The NaN of an invalid operation, and of all when FPSCR.DN is set (FPDefaultNaN). */
export const DEFAULT_NAN = 0x7fc00000;
export const HALF_DEFAULT_NAN = 0x7e00;
/** Set in a quiet NaN, clear in a signalling one. */
export const QUIET = 0x00400000;

const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);
const double = new Float64Array(1);
/** Low and high word: every computer that Node runs on is little-endian. */
const doubleBits = new Int32Array(double.buffer);

/** The number that a single-precision pattern stands for. Not for NaNs, whose bits it may change. */
export function toNumber(bits: number): number {
  singleBits[0] = bits;
  return single[0];
}

/** The pattern of a number, rounded to nearest. Not for NaNs. */
export function toBits(value: number): number {
  single[0] = value;
  return singleBits[0];
}

export function isNaNBits(bits: number): boolean {
  return (bits & 0x7fffffff) > INFINITY;
}

export function isSignallingBits(bits: number): boolean {
  return isNaNBits(bits) && (bits & QUIET) === 0;
}

export function isDenormalBits(bits: number): boolean {
  const magnitude = bits & 0x7fffffff;
  return magnitude !== 0 && magnitude < 0x00800000;
}

/** 2^n exactly, n from -1022 to 1023. */
export function powerOfTwo(n: number): number {
  doubleBits[0] = 0;
  doubleBits[1] = (1023 + n) << 20;
  return double[0];
}

/** The exponent of a normal number above zero: 0 for 1 to below 2. */
export function exponentOf(magnitude: number): number {
  double[0] = magnitude;
  return (doubleBits[1] >>> 20) - 1023;
}

/** The next number towards zero from a normal one above zero. */
export function below(magnitude: number): number {
  double[0] = magnitude;
  if (doubleBits[0] === 0) doubleBits[1]--;
  doubleBits[0]--;
  return double[0];
}

/** A number above zero with the `bits` (1 to 31) lowest bits of its significand cut off. */
export function truncated(magnitude: number, bits: number): number {
  double[0] = magnitude;
  doubleBits[0] &= -1 << bits;
  return double[0];
}
