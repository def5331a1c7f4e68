// SPDX-License-Identifier: MIT
// The price of something limited at which a bound is least.

/** Steps of the search for one price. */
const STEPS = 24;

/**
 * Least value of a convex function made of straight pieces.
 * @param at its value and a slope of it at a price; the last price asked for is the one found
 */
export function leastPrice(at: (price: number) => { total: number; slope: number }, start: number): number {
  let low = 0;
  let left = at(0);
  if (left.slope >= 0) return left.total;
  let high = Math.max(start, 16);
  let right = at(high);
  while (right.slope < 0) {
    [low, left] = [high, right];
    high *= 4;
    if (high > 1e12) return right.total;
    right = at(high);
  }
  let [price, least] = left.total < right.total ? [low, left.total] : [high, right.total];
  for (let i = 0; i < STEPS; i++) {
    // Where the two straight pieces meet; the function is there, or above.
    const meeting = (right.total - left.total + left.slope * low - right.slope * high) / (left.slope - right.slope);
    if (!(meeting > low && meeting < high)) break;
    const middle = at(meeting);
    if (middle.total < least) [price, least] = [meeting, middle.total];
    const line = left.total + left.slope * (meeting - low);
    if (middle.total - line < 1e-6 * Math.abs(line) + 1e-6) break;
    if (middle.slope < 0) [low, left] = [meeting, middle];
    else [high, right] = [meeting, middle];
  }
  return at(price).total;
}
