// SPDX-License-Identifier: MIT
// The floating-point unit's arithmetic on raw bits, to the letter of the architecture's pseudocode (ARM DDI 0403E, A2.5 and the FP functions of
// its pseudocode appendix). docs/floating-point.md says how it computes, and which of it translated code may do by itself.
//
// Exactness: a result is found as a double and the sign of what the double lacks (`residue`). Sums get that from the two-sum identity, quotients and
// roots from a product that is exact because the candidate was cut to few enough bits; products of two singles are exact in a double. `round` then
// rounds the pair once, as the pseudocode rounds a real number.

import { STATE } from '../state.js';
import {
  below, DEFAULT_NAN, exponentOf, HALF, HALF_DEFAULT_NAN, INFINITY, isDenormalBits, isNaNBits, isSignallingBits, powerOfTwo, QUIET, SIGN, SINGLE,
  toBits, toNumber, truncated, type Format,
} from './formats.js';
import { FPSCR, readFpscr, RMODE, settlePlain, writeFpscr } from './fpscr.js';

/** The least normal number of single precision. */
const LEAST_NORMAL = 2 ** -126;

/** Arithmetic by the modes in FPSCR, whose cumulative bits it sets. Operands and results are raw bits as signed 32-bit integers. */
export class Fpu {
  /** @param state the core's words (STATE) */
  constructor(private readonly state: Int32Array) {
    this.fpscrChanged();
  }

  /** FPSCR as VMRS reads it. */
  getFpscr(): number {
    return readFpscr(this.state);
  }

  /** FPSCR as VMSR writes it: reserved bits stay zero. */
  setFpscr(value: number): void {
    writeFpscr(this.state, value);
  }

  /** To be called when STATE.FPSCR was written by others: keeps STATE.FPU_PLAIN true. */
  fpscrChanged(): void {
    settlePlain(this.state);
  }

  add(a: number, b: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      const sum = Math.fround(toNumber(a) + toNumber(b));
      // A finite sum has finite operands, and a denormal sum of singles is exact.
      if (sum - sum === 0) return toBits(sum);
    }
    a = this.unpack(a);
    b = this.unpack(b);
    return isNaNBits(a) || isNaNBits(b) ? this.propagate(a, b) : this.sum(toNumber(a), toNumber(b));
  }

  sub(a: number, b: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      const difference = Math.fround(toNumber(a) - toNumber(b));
      if (difference - difference === 0) return toBits(difference);
    }
    a = this.unpack(a);
    b = this.unpack(b);
    return isNaNBits(a) || isNaNBits(b) ? this.propagate(a, b) : this.sum(toNumber(a), -toNumber(b));
  }

  mul(a: number, b: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      const exact = toNumber(a) * toNumber(b);
      const product = Math.fround(exact);
      if (exact === 0 || (Math.abs(product) > LEAST_NORMAL && product - product === 0)) return toBits(product);
    }
    a = this.unpack(a);
    b = this.unpack(b);
    if (isNaNBits(a) || isNaNBits(b)) return this.propagate(a, b);
    const product = toNumber(a) * toNumber(b);
    return Number.isNaN(product) ? this.invalid() : this.finish(product, 0);
  }

  div(a: number, b: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      // 53 bits are more than twice 24 and 2, so rounding twice is rounding once.
      const double = toNumber(a) / toNumber(b);
      const quotient = Math.fround(double);
      if (double === 0 || (Math.abs(quotient) > LEAST_NORMAL && quotient - quotient === 0)) return toBits(quotient);
    }
    a = this.unpack(a);
    b = this.unpack(b);
    if (isNaNBits(a) || isNaNBits(b)) return this.propagate(a, b);
    const dividend = toNumber(a);
    const divisor = toNumber(b);
    const quotient = dividend / divisor;
    if (Number.isNaN(quotient)) return this.invalid();
    if (divisor === 0 && Number.isFinite(dividend)) this.raise(FPSCR.DZC);
    if (quotient === 0 || !Number.isFinite(quotient)) return toBits(quotient);
    // 29 bits of quotient and 24 of divisor make 53.
    const candidate = truncated(Math.abs(quotient), 24);
    const residue = Math.abs(dividend) - candidate * Math.abs(divisor);
    return quotient < 0 ? this.round(-candidate, -residue) : this.round(candidate, residue);
  }

  sqrt(a: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      const root = Math.fround(Math.sqrt(toNumber(a)));
      if (root - root === 0) return toBits(root);
    }
    a = this.unpack(a);
    if (isNaNBits(a)) return this.quieten(a);
    const square = toNumber(a);
    if (square < 0) return this.invalid();
    if (square === 0 || square === Infinity) return a;
    // 26 bits squared make 52.
    const candidate = truncated(Math.sqrt(square), 27);
    return this.round(candidate, square - candidate * candidate);
  }

  /** a + b x c, rounded once (FPMulAdd). */
  fma(a: number, b: number, c: number): number {
    if (this.state[STATE.FPU_PLAIN] !== 0) {
      const sum = toNumber(b) * toNumber(c) + toNumber(a);
      const rounded = Math.fround(sum);
      // The double was rounded itself: where it lies in the middle of two singles, its own error decides.
      if (sum === 0 || (Math.abs(rounded) > LEAST_NORMAL && rounded - rounded === 0 && !isMiddle(sum, rounded))) return toBits(rounded);
    }
    a = this.unpack(a);
    b = this.unpack(b);
    c = this.unpack(c);
    const product = toNumber(b) * toNumber(c);
    if (isNaNBits(a) || isNaNBits(b) || isNaNBits(c)) {
      // Zero times infinity is invalid, although the result would be a NaN anyway; but a signalling NaN goes first.
      const invalid = !isSignallingBits(a) && !isNaNBits(b) && !isNaNBits(c) && Number.isNaN(product);
      return invalid ? this.invalid() : this.propagate(a, b, c);
    }
    return Number.isNaN(product) ? this.invalid() : this.sum(toNumber(a), product);
  }

  /** Sets FPSCR's N, Z, C, V. @param signalling whether a quiet NaN is invalid, too */
  compare(a: number, b: number, signalling: boolean): void {
    a = this.unpack(a);
    b = this.unpack(b);
    const x = toNumber(a);
    const y = toNumber(b);
    let flags: number;
    if (x === y) flags = 0b0110;
    else if (x < y) flags = 0b1000;
    else if (x > y) flags = 0b0010;
    else {
      flags = 0b0011;
      if (signalling || isSignallingBits(a) || isSignallingBits(b)) this.raise(FPSCR.IOC);
    }
    this.state[STATE.FPCC] = flags << 28;
  }

  /**
   * A 32-bit integer, or fixed point with so many fraction bits (0 to 32), to single precision.
   * @param nearest rounds to nearest instead of by FPSCR (FixedToFP's round_to_nearest)
   */
  fromFixed(a: number, signed: boolean, fractionBits: number, nearest: boolean): number {
    const value = (signed ? a | 0 : a >>> 0) * powerOfTwo(-fractionBits);
    return value === 0 ? 0 : this.round(value, 0, SINGLE, nearest ? RMODE.nearest : this.roundingMode());
  }

  /**
   * Single precision to an integer or fixed point of 16 or 32 bits, saturated, extended to 32 bits.
   * @param towardsZero rounds so instead of by FPSCR (FPToFixed's round_towards_zero)
   */
  toFixed(a: number, signed: boolean, fractionBits: number, bits: 16 | 32, towardsZero: boolean): number {
    a = this.unpack(a);
    if (isNaNBits(a)) {
      this.raise(FPSCR.IOC);
      return 0;
    }
    const value = toNumber(a) * powerOfTwo(fractionBits);
    const floor = Math.floor(value);
    const error = value - floor;
    let integer = floor;
    switch (towardsZero ? RMODE.zero : this.roundingMode()) {
      case RMODE.nearest: if (error > 0.5 || (error === 0.5 && floor % 2 !== 0)) integer++; break;
      case RMODE.plusInfinity: if (error !== 0) integer++; break;
      case RMODE.zero: if (error !== 0 && floor < 0) integer++; break;
    }
    const least = signed ? -powerOfTwo(bits - 1) : 0;
    const most = powerOfTwo(signed ? bits - 1 : bits) - 1;
    if (integer < least || integer > most) {
      this.raise(FPSCR.IOC);
      return (integer < least ? least : most) | 0;
    }
    if (error !== 0) this.raise(FPSCR.IXC);
    return integer | 0;
  }

  /** Half precision in the low 16 bits to single (FPHalfToSingle): exact. */
  fromHalf(a: number): number {
    const sign = (a & HALF.signBit) << 16;
    const exponent = (a >> HALF.fractionBits) & HALF.specialExponent;
    const fraction = a & 0x3ff;
    if (exponent === HALF.specialExponent && (this.state[STATE.FPSCR] & FPSCR.AHP) === 0) {
      if (fraction === 0) return sign | INFINITY;
      const quiet = sign | INFINITY | (fraction << 13);
      return this.quieten(quiet);
    }
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (0x400 | fraction) * powerOfTwo(exponent - 25);
    return sign | toBits(magnitude);
  }

  /** Single precision to half, in the low 16 bits (FPSingleToHalf). */
  toHalf(a: number): number {
    const fpscr = this.state[STATE.FPSCR];
    a = this.unpack(a);
    const sign = (a >>> 16) & HALF.signBit;
    if (isNaNBits(a)) {
      if (isSignallingBits(a) || (fpscr & FPSCR.AHP) !== 0) this.raise(FPSCR.IOC);
      if ((fpscr & FPSCR.AHP) !== 0) return sign;
      return (fpscr & FPSCR.DN) !== 0 ? HALF_DEFAULT_NAN : sign | HALF_DEFAULT_NAN | ((a >> 13) & 0x1ff);
    }
    const value = toNumber(a);
    if (value === 0) return sign;
    if (Number.isFinite(value)) return this.round(value, 0, HALF);
    if ((fpscr & FPSCR.AHP) === 0) return sign | 0x7c00;
    this.raise(FPSCR.IOC);
    return sign | 0x7fff;
  }

  private raise(bits: number): void {
    this.state[STATE.FPSCR] |= bits;
    if ((bits & FPSCR.IXC) !== 0) this.fpscrChanged();
  }

  private roundingMode(): number {
    return this.state[STATE.FPSCR] & FPSCR.RMODE;
  }

  /** An operand as FPUnpack sees it: a denormal is zero in flush-to-zero mode. */
  private unpack(bits: number): number {
    if ((this.state[STATE.FPSCR] & FPSCR.FZ) === 0 || !isDenormalBits(bits)) return bits;
    this.raise(FPSCR.IDC);
    return bits & SIGN;
  }

  /** The result of an operation on numbers that gives none: infinity less infinity, zero times infinity and their like. */
  private invalid(): number {
    this.raise(FPSCR.IOC);
    return DEFAULT_NAN;
  }

  /** FPProcessNaN: the NaN made quiet, or the default one. */
  private quieten(nan: number): number {
    if ((nan & QUIET) === 0) this.raise(FPSCR.IOC);
    return (this.state[STATE.FPSCR] & FPSCR.DN) !== 0 ? DEFAULT_NAN : nan | QUIET;
  }

  /** FPProcessNaNs and FPProcessNaNs3, of operands one of which is a NaN: the first signalling one, else the first quiet one. */
  private propagate(a: number, b: number, c = 0): number {
    if (isSignallingBits(a)) return this.quieten(a);
    if (isSignallingBits(b)) return this.quieten(b);
    if (isSignallingBits(c)) return this.quieten(c);
    return this.quieten(isNaNBits(a) ? a : isNaNBits(b) ? b : c);
  }

  /** x + y for numbers whose doubles are exact. */
  private sum(x: number, y: number): number {
    const sum = x + y;
    if (Number.isNaN(sum)) return this.invalid();
    if (sum === 0) {
      // Zeros of one sign keep it; other sums that vanish have the sign of the rounding mode.
      if (x === 0 && Object.is(x, y)) return toBits(x);
      return this.roundingMode() === RMODE.minusInfinity ? SIGN : 0;
    }
    // What the double lost (Knuth's two-sum); of infinities, nothing.
    const part = sum - x;
    return this.finish(sum, Number.isFinite(sum) ? (x - (sum - part)) + (y - part) : 0);
  }

  /** A result that may be zero or infinite, which need no rounding. */
  private finish(value: number, residue: number): number {
    return value === 0 || !Number.isFinite(value) ? toBits(value) : this.round(value, residue);
  }

  /**
   * FPRound of value + residue, where the residue is less than one unit in value's last place that matters, so that only its sign counts.
   * @param value not zero, finite
   */
  private round(value: number, residue: number, format: Format = SINGLE, mode = this.roundingMode()): number {
    const fpscr = this.state[STATE.FPSCR];
    const negative = value < 0;
    const sign = negative ? format.signBit : 0;
    // The magnitude cut off towards zero, and whether something was cut off.
    const rest = negative ? -residue : residue;
    const magnitude = rest < 0 ? below(Math.abs(value)) : Math.abs(value);
    const exponent = exponentOf(magnitude);
    const denormal = exponent < format.leastExponent;
    if (denormal && format === SINGLE && (fpscr & FPSCR.FZ) !== 0) {
      this.raise(FPSCR.UFC);
      return sign;
    }
    const scaled = magnitude * powerOfTwo(format.fractionBits - (denormal ? format.leastExponent : exponent));
    const integer = Math.floor(scaled);
    const error = scaled - integer;
    const inexact = error !== 0 || rest !== 0;
    let flags = inexact ? FPSCR.IXC : 0;
    // Underflow is seen before rounding.
    if (denormal && inexact) flags |= FPSCR.UFC;
    const up = mode === RMODE.nearest
      ? error > 0.5 || (error === 0.5 && (rest !== 0 || (integer & 1) !== 0))
      : inexact && (mode === RMODE.plusInfinity ? !negative : mode === RMODE.minusInfinity && negative);
    // The hidden one of a normal number adds 1 to the exponent field, and so does a fraction that overflows.
    const exponentField = denormal ? 0 : exponent - format.leastExponent;
    let bits = exponentField * powerOfTwo(format.fractionBits) + integer + Number(up);
    if (format === HALF && (fpscr & FPSCR.AHP) !== 0) {
      // No infinities: the largest exponent is one like others, and beyond it the operation is invalid and nothing else.
      if (bits > 0x7fff) {
        bits = 0x7fff;
        flags = FPSCR.IOC;
      }
    } else {
      const infinity = format.specialExponent << format.fractionBits;
      if (bits >= infinity) {
        const toInfinity = mode === RMODE.nearest || (mode === RMODE.plusInfinity && !negative) || (mode === RMODE.minusInfinity && negative);
        bits = toInfinity ? infinity : infinity - 1;
        flags = FPSCR.OFC | FPSCR.IXC;
      }
    }
    if (flags !== 0) this.raise(flags);
    return sign | bits;
  }
}

/** Whether a double lies in the middle of the single it was rounded to and that one's neighbour. */
function isMiddle(value: number, rounded: number): boolean {
  const error = Math.abs(value - rounded);
  return error !== 0 && error === powerOfTwo(exponentOf(Math.abs(value)) - 24);
}
