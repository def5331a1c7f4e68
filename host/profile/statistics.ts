// SPDX-License-Identifier: MIT
// What is said of many numbers in few.

import type { Histogram, Spread } from './profile-result.js';

/** Nearest-rank percentile of ascending values; 0 of none. @param part 0 to 1 */
export function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

export const meanOf = (values: Float64Array): number => (values.length === 0 ? 0 : values.reduce((sum, v) => sum + v, 0) / values.length);

export function spreadOf(values: Float64Array): Spread {
  const sorted = values.slice().sort();
  return { mean: meanOf(values), min: percentile(sorted, 0), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) };
}

/** Counts values in classes of equal width; what lies outside counts in the class at that end. */
export function histogramOf(values: ArrayLike<number>, from: number, width: number, classes: number): Histogram {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < values.length; i++) counts[Math.max(0, Math.min(classes - 1, Math.floor((values[i] - from) / width)))]++;
  return { from, width, counts };
}

/** The straight line y = base + slope · x of least squares, and the part of y's variance that it explains. */
export function lineThrough(x: ArrayLike<number>, y: ArrayLike<number>): { base: number; slope: number; explained: number } {
  const n = x.length;
  let [sx, sy] = [0, 0];
  for (let i = 0; i < n; i++) { sx += x[i]; sy += y[i]; }
  const [mx, my] = [sx / n, sy / n];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    xx += (x[i] - mx) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
    yy += (y[i] - my) ** 2;
  }
  const slope = xx === 0 ? 0 : xy / xx;
  return { base: my - slope * mx, slope, explained: xx === 0 || yy === 0 ? 0 : xy ** 2 / (xx * yy) };
}
