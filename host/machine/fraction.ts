// SPDX-License-Identifier: MIT
// Exact ratios of clocks: 168 MHz over 86 MHz is 84/43, and stays so over an hour of audio.

export interface Fraction {
  readonly n: number;
  readonly d: number;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The fraction n/d in lowest terms. @throws RangeError unless both are safe integers and d > 0 */
export function fraction(n: number, d = 1): Fraction {
  if (!Number.isSafeInteger(n) || !Number.isSafeInteger(d) || d <= 0) throw new RangeError(`no exact fraction ${n}/${d}`);
  const g = gcd(Math.abs(n), d) || 1;
  return { n: n / g, d: d / g };
}

/** The product of two fractions, reduced before it is multiplied so that clock trees do not overflow. */
export function times(a: Fraction, b: Fraction): Fraction {
  const x = fraction(a.n, b.d);
  const y = fraction(b.n, a.d);
  return fraction(x.n * y.n, x.d * y.d);
}

export function divide(a: Fraction, b: Fraction): Fraction {
  return times(a, { n: b.d, d: b.n });
}

export const toNumber = (f: Fraction): number => f.n / f.d;

/** floor(count · f) exactly, for any count and f whose result is a safe integer. */
export function floorTimes(count: number, f: Fraction): number {
  const whole = Math.floor(f.n / f.d);
  const rest = f.n - whole * f.d;
  // count · rest may pass 2^53 only after ~10^12 counts at the denominators that clock trees have.
  return count * whole + Math.floor((count * rest) / f.d);
}

/** Smallest integer count with floor(count · f) >= value. */
export function ceilDivide(value: number, f: Fraction): number {
  let count = Math.ceil((value * f.d) / f.n);
  while (count > 0 && floorTimes(count - 1, f) >= value) count--;
  while (floorTimes(count, f) < value) count++;
  return count;
}
