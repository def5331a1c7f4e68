// SPDX-License-Identifier: MIT
// Frequency of a periodic signal by least squares: the fit of IEEE Std 1057 (four-parameter sine), extended to harmonics.

export interface PitchFit {
  /** Cycles of the fundamental in one sample. */
  readonly frequency: number;
  /** Root mean square of what the fit leaves, in the samples' unit. */
  readonly residual: number;
}

/** Solves the symmetric system by Gaussian elimination with pivoting. */
function solve(matrix: Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) pivot = row;
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    [right[column], right[pivot]] = [right[pivot], right[column]];
    for (let row = column + 1; row < n; row++) {
      const factor = matrix[row][column] / matrix[column][column];
      for (let k = column; k < n; k++) matrix[row][k] -= factor * matrix[column][k];
      right[row] -= factor * right[column];
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) right[row] -= matrix[row][k] * right[k];
    right[row] /= matrix[row][row];
  }
  return right;
}

/**
 * @param samples one channel
 * @param guess cycles a sample, near enough that the phase drifts by less than half a cycle over the samples
 * @param harmonics how many partials the signal has, the fundamental included
 */
export function fitPitch(samples: ArrayLike<number>, guess: number, harmonics = 1): PitchFit {
  const count = samples.length;
  const size = 2 * harmonics + 1;
  const basis = new Float64Array(size + 1);
  let amplitudes = new Float64Array(size);
  let frequency = guess;
  let residual = Infinity;
  // The first pass finds the amplitudes alone, those after it the frequency too.
  for (let pass = 0; pass < 6; pass++) {
    const terms = pass === 0 ? size : size + 1;
    const matrix = Array.from({ length: terms }, () => new Float64Array(terms));
    const right = new Float64Array(terms);
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const t = i - (count - 1) / 2;
      let slope = 0;
      let value = amplitudes[0];
      basis[0] = 1;
      for (let h = 1; h <= harmonics; h++) {
        const angle = 2 * Math.PI * h * frequency * t;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        const [a, b] = [amplitudes[2 * h - 1], amplitudes[2 * h]];
        basis[2 * h - 1] = c;
        basis[2 * h] = s;
        value += a * c + b * s;
        slope += 2 * Math.PI * h * (b * c - a * s);
      }
      basis[size] = slope * (2 * t / count); // scaled, so that the matrix is well conditioned
      squares += (samples[i] - value) ** 2;
      for (let row = 0; row < terms; row++) {
        right[row] += basis[row] * samples[i];
        for (let column = 0; column < terms; column++) matrix[row][column] += basis[row] * basis[column];
      }
    }
    residual = Math.sqrt(squares / count);
    const solution = solve(matrix, right);
    amplitudes = solution.slice(0, size);
    if (pass > 0) frequency += solution[size] * (2 / count);
  }
  return { frequency, residual };
}

/** Distance of two frequencies in cents. */
export const cents = (frequency: number, reference: number): number => 1200 * Math.log2(frequency / reference);
