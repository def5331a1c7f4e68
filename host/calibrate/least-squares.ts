// SPDX-License-Identifier: MIT
// Linear least squares with no unknown below zero, by coordinate descent on the normal equations (V. Franc, V. Hlaváč, M. Navara, "Sequential
// Coordinate-Wise Algorithm for the Non-negative Least Squares Problem", CAIP 2005).

/** One equation: factors of the unknowns by their number, their sum, and how much it weighs. */
export interface Equation {
  readonly factors: readonly (readonly [unknown: number, factor: number])[];
  readonly value: number;
  readonly weight: number;
}

const SWEEPS = 20_000;
const PRECISION = 1e-9;

/** The unknowns, none negative, at which the weighted sum of squared residuals is least. */
export function leastSquares(equations: readonly Equation[], unknowns: number): Float64Array {
  const products = Array.from({ length: unknowns }, () => new Float64Array(unknowns));
  const gradient = new Float64Array(unknowns);
  for (const { factors, value, weight } of equations) {
    for (const [i, a] of factors) {
      gradient[i] -= weight * a * value;
      for (const [j, b] of factors) products[i][j] += weight * a * b;
    }
  }
  const x = new Float64Array(unknowns);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let largest = 0;
    for (let i = 0; i < unknowns; i++) {
      const diagonal = products[i][i];
      if (diagonal === 0) continue;
      const next = Math.max(0, x[i] - gradient[i] / diagonal);
      const step = next - x[i];
      if (step === 0) continue;
      x[i] = next;
      const row = products[i];
      for (let j = 0; j < unknowns; j++) gradient[j] += step * row[j];
      largest = Math.max(largest, Math.abs(step));
    }
    if (largest < PRECISION) break;
  }
  return x;
}
