// SPDX-License-Identifier: MIT
// Looks for the prices of what is limited that give the least bound. Any prices give a bound; the search only makes it tighter.

import type { Context } from './interpret.js';
import type { LongestPath, Path } from './longest-path.js';
import type { Limit } from './places.js';

/** Times that all prices are gone through. */
const ROUNDS = 8;
/** Steps of the search for one price. */
const STEPS = 24;

export interface Bounded {
  readonly cycles: number;
  readonly path: Path;
  readonly prices: ReadonlyMap<Limit, number>;
}

/** The least bound found for a function; undefined when it does not return. */
export function boundOf(paths: LongestPath, context: Context): Bounded | undefined {
  const limits = [...paths.limits(context)];
  const prices = new Map<Limit, number>();
  const fixed = (): number => [...prices].reduce((sum, [limit, price]) => sum + price * limit.limit, 0);
  const at = (limit: Limit, price: number): { total: number; slope: number } => {
    paths.setPrice(limit, price);
    prices.set(limit, price);
    const path = paths.of(context);
    return path ? { total: path.cycles + fixed(), slope: limit.limit - path.uses } : { total: 0, slope: 0 };
  };
  if (!paths.of(context)) return undefined;
  let best = Infinity;
  for (let round = 0; round < ROUNDS && limits.length > 0; round++) {
    const before = best;
    for (const limit of limits) best = Math.min(best, search((price) => at(limit, price), prices.get(limit) ?? 0));
    if (before - best < 0.5) break;
  }
  const path = paths.of(context)!;
  return { cycles: path.cycles + fixed(), path, prices };
}

/** Least value of a convex function made of straight pieces; leaves the price there. */
function search(at: (price: number) => { total: number; slope: number }, start: number): number {
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
