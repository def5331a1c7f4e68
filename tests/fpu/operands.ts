// SPDX-License-Identifier: MIT
// Operands for tests of the floating-point unit: the special ones of each kind, and random ones that tend to where rounding is hard.

/** Zeros, denormals, the least and greatest normals, ones, powers of two about the integers' ends, infinities, quiet and signalling NaNs; both signs. */
export const SPECIAL: readonly number[] = [
  0x00000000, 0x00000001, 0x00000002, 0x00400000, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x33000000, 0x33800000, 0x38000000,
  0x387fc000, 0x387fe000, 0x387fffff, 0x38800000, 0x3b800000, 0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000,
  0x40000000, 0x40200000, 0x46fffe00, 0x46ffff00, 0x47000000, 0x477fe000, 0x477fefff, 0x477ff000, 0x477fff00, 0x47800000, 0x47ffefff, 0x47fff000,
  0x4b000001, 0x4b7fffff, 0x4effffff, 0x4f000000, 0x4f7fffff, 0x4f800000, 0x7f000000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7f812345, 0x7fbfffff,
  0x7fc00000, 0x7fc00123, 0x7fffe000, 0x7fffffff,
].flatMap((bits) => [bits | 0, bits | 0x80000000]);

/** A generator of random numbers that gives the same ones on every computer (xorshift32). @returns unsigned words */
export function randomWords(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Three operands a, b, c, of one of several kinds. */
export function randomOperands(word: () => number): [number, number, number] {
  const below = (n: number): number => word() % n;
  const of = (exponent: number, fraction: number): number =>
    (word() & 0x80000000) | (Math.min(Math.max(exponent, 0), 0xfe) << 23) | (fraction & 0x7fffff);
  /** Few ones at either end: sums and products of such fall on values and midpoints. */
  const sparse = (): number => {
    const kind = below(4);
    if (kind === 0) return (1 << below(23)) | (1 << below(23));
    if (kind === 1) return -1 << below(23);
    if (kind === 2) return (1 << below(23)) - 1;
    return 0;
  };
  const fraction = (): number => (below(2) === 0 ? word() : sparse());
  const special = (): number => SPECIAL[below(SPECIAL.length)];
  switch (below(7)) {
    case 0: return [word() | 0, word() | 0, word() | 0];
    case 1: return [special(), special(), special()];
    case 2: return below(2) === 0 ? [special(), of(below(255), fraction()), special()] : [of(below(255), fraction()), special(), of(below(255), fraction())];
    case 3: { // Exponents of one neighbourhood.
      const exponent = below(255);
      const near = (): number => of(exponent + below(54) - 27, fraction());
      return [near(), near(), near()];
    }
    case 4: { // Products and quotients about the least normal and the denormals.
      const exponent = below(200) + 1;
      return [of(exponent, fraction()), of(127 - exponent + below(30) - 24, fraction()), of(exponent - 1 + 127 + below(4), fraction())];
    }
    case 5: { // a about b x c, or far below it.
      const b = below(120) + 60;
      const c = below(120) + 60;
      return [of(b + c - 127 - below(60) + 4, fraction()), of(b, sparse()), of(c, sparse())];
    }
    default: { // Products and quotients about the greatest normal; small integers and halves.
      if (below(2) === 0) return [of(127 + below(34), fraction()), of(127 + below(34), sparse()), of(100 + below(34), fraction())];
      const exponent = below(120) + 130;
      return [of(exponent, fraction()), of(127 + 254 - exponent + below(4) - 2, fraction()), of(exponent + below(3), fraction())];
    }
  }
}
