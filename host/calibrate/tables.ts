// SPDX-License-Identifier: MIT
// From samples to the tables of an engine: which features were measured, what is believed of the others.

import type { CostTable } from '../cpu/wasm/costs.js';
import { entryOf, IMPORT } from '../cpu/wasm/cost-features.js';
import { InstructionCosts } from '../cpu/wasm/costs.js';
import { operatorNames } from '../cpu/wasm/opcodes.js';
import { beliefs, EXTRA_BELIEFS } from './beliefs.js';
import { fitTypical, fitWorst, predict, type Costs, type Observation } from './fitting.js';
import { floorOf, marginOf } from './reserves.js';
import type { Sample } from './measuring.js';

/** Operations without a loop that are still in the cache when they run again, and from how many on nothing of them is. */
const STAYS = 220;
const GOES = 450;

/** Library code is what firmware spends its time in; drivers in imports; loops of one instruction are there so that each has been measured, mixtures for the worst costs. */
export type Kind = 'loop' | 'import' | 'random' | 'library' | 'mixture';
const WEIGHTS: Readonly<Record<Kind, number>> = { loop: 0.3, import: 5, random: 0.5, library: 5, mixture: 0.2 };
/** Of a second run: most code runs again when others have been in its place. */
const AGAIN = 0.5;

/**
 * What a sample says for the fit. Code that the cache holds all of is cold once, the first time, however often it is called; code that it holds part of says
 * nothing when it runs again.
 */
export function observationsOf(samples: readonly Sample[], kind: Kind): Observation[] {
  const isCold = (feature: string): boolean => feature.startsWith('cold');
  return samples.flatMap(({ name, run, counts, once, cycles }) => {
    const weight = run === 0 ? WEIGHTS[kind] : AGAIN * WEIGHTS[kind];
    const code = once.get('cold') ?? 0;
    if (code >= GOES) return [{ name, counts, cycles, weight }];
    const ways = run === 0 ? [...once].filter(([feature]) => isCold(feature)) : [];
    if (code <= STAYS) return [{ name, counts: new Map([...[...counts].filter(([feature]) => !isCold(feature)), ...ways]), cycles, weight }];
    return run === 0 && (counts.get('cold') ?? 0) === code ? [{ name, counts, cycles, weight }] : [];
  });
}

type Engine = 'aot' | 'wasm3';

/** What the shim adds to a handler, as a feature: once in each run of one. */
export const DISPATCH = 'dispatch';

/** Kinds of instructions that a table has entries for, whether or not some piece has them: without one, it is the dearest of the others that would count. */
const KINDS: readonly (readonly [names: RegExp, kinds: readonly string[]])[] = [[/\.(?:load|store)$/, ['first', 'again', 'known', 'static']], [/\.(?:compare|eqz)$/, ['branch', 'value']]];

/** What is believed of each feature that was seen, and of each instruction. */
function priorOf(engine: Engine, observations: readonly Observation[]): Costs {
  const believed = new InstructionCosts(beliefs[engine]);
  const prior = new Map<string, number>();
  const add = (feature: string): void => {
    if (prior.has(feature)) return;
    const extra = feature === DISPATCH ? beliefs[engine].dispatch : EXTRA_BELIEFS[engine][feature];
    prior.set(feature, extra ?? believed.cycles([[feature, 1]]));
  };
  for (const { counts } of observations) for (const feature of counts.keys()) add(feature);
  for (const name of operatorNames) if (name !== 'call') {
    add(entryOf(name));
    for (const kind of KINDS.find(([names]) => names.test(entryOf(name)))?.[1] ?? []) add(`${entryOf(name)}/${kind}`);
  }
  add('call');
  for (const name of Object.keys(beliefs[engine].imports)) add(IMPORT + name);
  return prior;
}

export interface Fit {
  readonly typical: Costs;
  readonly worst: Costs;
}

export function fitEngine(engine: Engine, observations: readonly Observation[]): Fit {
  const prior = priorOf(engine, observations);
  const typical = fitTypical(observations, prior);
  const worst = fitWorst(observations, typical, { floorOf: (feature) => floorOf(engine, feature), marginOf });
  return { typical, worst };
}

/** Instructions of which each is of some kind, so that the bare name is no feature of its own. */
const ALWAYS_A_KIND = /\.(?:load|store)|\.(?:eqz|compare)$/;

const round = (cycles: number): number => Math.round(cycles * 100) / 100;

/** The costs as a table. One that has kinds only costs as much as the dearest of them when no more than its name is known. */
export function tableOf(costs: Costs): CostTable {
  const entries = new Map(costs);
  entries.delete(DISPATCH);
  const measured = new Set<string>();
  for (const [feature, cycles] of costs) {
    const [name] = feature.split('/');
    if (name === feature || !ALWAYS_A_KIND.test(name)) continue;
    entries.set(name, measured.has(name) ? Math.max(entries.get(name)!, cycles) : cycles);
    measured.add(name);
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, cycles]) => [name, round(cycles)] as const);
  return {
    dispatch: round(costs.get(DISPATCH)!),
    instructions: Object.fromEntries(sorted.filter(([name]) => !name.startsWith(IMPORT))),
    imports: Object.fromEntries(sorted.filter(([name]) => name.startsWith(IMPORT)).map(([name, cycles]) => [name.slice(IMPORT.length), cycles])),
  };
}

/** Median and 90th percentile of what the costs are off by, in percent. */
export function residuals(costs: Costs, observations: readonly Observation[]): { median: number; p90: number } {
  const errors = observations.map(({ counts, cycles }) => Math.abs(predict(costs, counts) / cycles - 1) * 100).sort((a, b) => a - b);
  const at = (part: number): number => Math.round(errors[Math.floor(part * (errors.length - 1))] * 10) / 10;
  return { median: at(0.5), p90: at(0.9) };
}
