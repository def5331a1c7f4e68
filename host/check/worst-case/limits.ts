// SPDX-License-Identifier: MIT
// Looks for the prices of what is limited that give the least bound. Any prices give a bound; the search only makes it tighter.

import type { Context } from './interpret.js';
import type { LongestPath } from './longest-path.js';
import type { Limit } from './places.js';
import { leastPrice } from './prices.js';

/** Times that all prices are gone through. */
const ROUNDS = 8;
const TOO_DEAR = 1e9;

export interface Bounded {
  readonly cycles: number;
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
  // What is inside of limited loops comes down from too dear to what one use is worth, in turns that are not limited yet; then the loops.
  for (const limit of limits) if (!limit.isLoop) at(limit, TOO_DEAR);
  for (let round = 0; round < ROUNDS && limits.length > 0; round++) {
    const before = best;
    for (const limit of limits) best = Math.min(best, leastPrice((price) => at(limit, price), prices.get(limit) ?? 0));
    if (before - best < 0.001 * best) break;
  }
  return { cycles: paths.of(context)!.cycles + fixed(), prices };
}
