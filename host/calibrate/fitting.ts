// SPDX-License-Identifier: MIT
// Fits a table of costs to measured samples: the typical one by least squares of relative errors, the worst one as an envelope above all of them.

import { leastSquares, type Equation } from './least-squares.js';
import type { FeatureCounts } from './counting.js';

export interface Observation {
  readonly name: string;
  readonly counts: FeatureCounts;
  readonly cycles: number;
  /** Longest of several runs that execute the same, where `cycles` is their mean. */
  readonly longest?: number;
  /** Importance beside others, 1 for most. */
  readonly weight: number;
}

export type Costs = ReadonlyMap<string, number>;

/** How strongly a cost is drawn towards what was believed of it, in terms of one observation. What is measured often is drawn by that alone. */
const PRIOR_WEIGHT = 1e-3;
/** Observations from which least squares may fall short by so many percent count less and less: a few odd ones move no cost. */
const OUTLIER = 0.2;
const ROUNDS = 6;
/** Rounds in which an envelope gets above all observations: one that it is still below weighs the more next time, one that it is above a little less. */
const ENVELOPE_ROUNDS = 12;
const BELOW = 30;
const MOST_HEAVIER = 4;
const ABOVE = 0.9;

/** What worst costs have besides the observations. */
export interface Reserves {
  /** Cycles that a feature's cost is not below. */
  floorOf(feature: string): number;
  /** Times that a feature's cost may be what was measured, in code that was not. */
  marginOf(feature: string): number;
}

export const predict = (costs: Costs, counts: FeatureCounts): number => [...counts].reduce((sum, [name, times]) => sum + (costs.get(name) ?? 0) * times, 0);

/**
 * One least-squares fit of relative errors.
 * @param prior what is believed of each feature without measuring
 * @param least costs that none may fall below
 */
function solve(observations: readonly Observation[], weights: readonly number[], prior: Costs, least?: Costs): Costs {
  const names = [...prior.keys()];
  const numbers = new Map(names.map((name, i) => [name, i]));
  const equations: Equation[] = observations.map(({ counts, cycles }, i) => ({
    factors: [...counts].map(([name, times]) => [numbers.get(name)!, times / cycles] as const),
    value: 1 - (least ? predict(least, counts) / cycles : 0),
    weight: weights[i],
  }));
  names.forEach((name, i) => {
    const believed = Math.max(prior.get(name)!, 0.5);
    equations.push({ factors: [[i, 1 / believed]], value: least ? 0 : prior.get(name)! / believed, weight: PRIOR_WEIGHT });
  });
  const solution = leastSquares(equations, names.length);
  return new Map(names.map((name, i) => [name, solution[i] + (least?.get(name) ?? 0)]));
}

const errorOf = (costs: Costs, { counts, cycles }: Observation): number => predict(costs, counts) / cycles - 1;

/** The best fit; odd observations count less. */
export function fitTypical(observations: readonly Observation[], prior: Costs): Costs {
  let costs = solve(observations, observations.map(({ weight }) => weight), prior);
  for (let round = 1; round < ROUNDS; round++) {
    const weights = observations.map((observation) => observation.weight / (1 + (errorOf(costs, observation) / OUTLIER) ** 2));
    costs = solve(observations, weights, prior);
  }
  return costs;
}

/**
 * An envelope: no observation takes longer than it says, and no cost is below the typical one or its floor. What the last round leaves below an observation is made up
 * by that of its costs which others have least of; code that was not measured may still be a little worse, for which there is a margin.
 */
export function fitWorst(measured: readonly Observation[], typical: Costs, { floorOf, marginOf }: Reserves): Costs {
  const observations = measured.map((observation) => ({ ...observation, cycles: observation.longest ?? observation.cycles }));
  const weights = observations.map(({ weight }) => weight);
  const least = new Map([...typical].map(([name, cost]) => [name, Math.max(cost, floorOf(name) / marginOf(name))]));
  let found: Costs = least;
  for (let round = 0; round < ENVELOPE_ROUNDS; round++) {
    found = solve(observations, weights, least, least);
    for (const [i, observation] of observations.entries()) {
      const error = errorOf(found, observation);
      weights[i] *= error < 0 ? Math.min(MOST_HEAVIER, 1 - BELOW * error) : ABOVE;
    }
  }
  const costs = new Map(found);
  const share = new Map<string, number>();
  for (const { counts, cycles } of observations) for (const [name, times] of counts) share.set(name, (share.get(name) ?? 0) + times / cycles / observations.length);
  for (const { counts, cycles } of observations) {
    const missing = cycles - predict(costs, counts);
    if (missing <= 0) continue;
    const specific = (name: string): number => counts.get(name)! / cycles / share.get(name)!;
    const name = [...counts.keys()].reduce((best, other) => (specific(other) > specific(best) ? other : best));
    costs.set(name, costs.get(name)! + missing / counts.get(name)!);
  }
  return new Map([...costs].map(([name, cost]) => [name, cost * marginOf(name)]));
}
