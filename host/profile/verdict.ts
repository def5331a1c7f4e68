// SPDX-License-Identifier: MIT
// Whether a run was good, and if not, what was wrong, in words.

import { counters } from '../abi.js';
import { number, percent, plural, ratio } from './format.js';
import type { LossName, RunResult } from './run-result.js';

/** `bad`: the sound is wrong or the firmware broke a promise. `warning`: something was lost. */
export interface Verdict {
  readonly grade: 'good' | 'warning' | 'bad';
  readonly text: string;
}

/** Losses that happened, most first. */
export function actualLosses({ losses }: RunResult): [name: LossName, count: number][] {
  return (Object.entries(losses) as [LossName, number][]).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
}

export function verdicts(result: RunResult): Verdict[] {
  const { isr, lateBlocks, frames, codecProblems, cyclesPerFrame: { mean, max, budget } } = result;
  const found: Verdict[] = [];
  const bad = (text: string) => found.push({ grade: 'bad', text });
  for (const problem of codecProblems) bad(`The codec does not play: ${problem}`);
  if (lateBlocks > 0) bad(`${plural(lateBlocks, 'block was', 'blocks were')} not ready in time and went out as silence.`);
  for (const [vector, handler] of Object.entries(isr)) {
    if (handler.overBudget === 0) continue;
    const times = handler.overBudget === 1 ? 'once' : `${number(handler.overBudget)} times`;
    bad(`${vector} exceeded its budget of ${number(handler.budget!)} cycles ${times}, by up to ${number(handler.maxCycles - handler.budget!)}.`);
  }
  for (const [name, count] of actualLosses(result)) {
    if (name !== 'lateBlocks') found.push({ grade: 'warning', text: `${name}: ${number(count)}. ${counters[name][1]}` });
  }
  if (frames === 0) found.push({ grade: 'warning', text: 'No frame left I2S: this run made no sound.' });
  else if (found.every(({ grade }) => grade !== 'bad')) {
    const [usual, busiest] = [mean, max].map((cycles) => percent(ratio(cycles, budget)));
    found.unshift({ grade: 'good', text: `Every block was ready in time. The core was busy ${usual} of the time, ${busiest} in the busiest block.` });
  }
  return found;
}
