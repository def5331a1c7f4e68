// SPDX-License-Identifier: MIT
// Chance that repeats: xorshift32, and the values that make arithmetic interesting.

/** Words at which results change: ends of ranges, single bits, patterns of bytes and halfwords. */
const WORDS = [
  0, 1, 2, 3, 31, 32, 33, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
  0x55555555, 0xaaaaaaaa, 0x00ff00ff, 0xff00ff00, 0x7fff7fff, 0x80008000, 0x7fff8000, 0x80007fff, 0x7f7f7f7f, 0x80808080, 0x12345678, 0xffff8000,
];

/** Single-precision bits at which results change: zeros, subnormals, limits, infinities, NaNs of both kinds, ends of the integers, ties. */
const FLOATS = [
  0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x807fffff, 0x00400000, 0x00800000, 0x80800000, 0x00800001, 0x01000000, 0x3f800000, 0xbf800000, 0x3f000000,
  0x3f7fffff, 0x3f800001, 0x40000000, 0x40490fdb, 0x3fc00000, 0xbfc00000, 0x40200000, 0x4b000000, 0x4b800000, 0x4b800001, 0xcb000001, 0x4effffff, 0x4f000000,
  0xcf000000, 0xcf000001, 0x4f7fffff, 0x4f800000, 0x7f7fffff, 0xff7fffff, 0x7f000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fc12345, 0x7f800001,
  0xff812345, 0x33000000, 0x33800000, 0x38800000, 0x387fffff, 0x477fe000, 0x477ff000, 0x47800000, 0x477fefff, 0x33000001, 0x5f3504f3, 0x1f800000, 0x20000000,
];

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ 0x6a09e667) | 1;
    for (let i = 0; i < 8; i++) this.word();
  }

  /** 32 bits without sign. */
  word(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor((this.word() / 2 ** 32) * count);
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** An operand of integer arithmetic. */
  operand(): number {
    switch (this.below(8)) {
      case 0: case 1: case 2: return this.pick(WORDS);
      case 3: return this.below(64);
      case 4: return (1 << this.below(32)) >>> 0;
      case 5: return ((1 << this.below(32)) - 1) >>> 0;
      default: return this.word();
    }
  }

  /** An operand of floating-point arithmetic, as bits. */
  float(): number {
    switch (this.below(8)) {
      case 0: case 1: case 2: return this.pick(FLOATS);
      // Exponents near each other, so that sums cancel and round.
      case 3: case 4: return ((this.word() & 0x807fffff) | ((120 + this.below(16)) << 23)) >>> 0;
      // Few digits, so that products and quotients are exact or ties.
      case 5: return ((this.word() & 0x80780000) | ((100 + this.below(56)) << 23)) >>> 0;
      // Half precision, which is in the low halfword.
      case 6: return this.word() & 0xffff;
      default: return this.word();
    }
  }
}
