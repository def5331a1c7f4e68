// SPDX-License-Identifier: MIT
// Whether a run was good, and if not, what was wrong, in words.

import { counters } from '../abi.js';
import { microseconds, number, percent, plural, ratio } from './format.js';
import type { HandlerProfile, ProfileResult, RenderTimes } from './profile-result.js';
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

/** Why blocks were late, as a musician would ask it; undefined when none was, or it cannot be said. */
export function whyLate({ run, rendering }: Pick<ProfileResult, 'run' | 'rendering'>): string | undefined {
  if (run.lateBlocks === 0 || rendering === null) return undefined;
  const { vector, deadlineFrames, deadlineCycles, response, late } = rendering;
  const time = (cycles: number): string => `${microseconds(cycles, run.coreHertz)} µs`;
  const due = `a block must be ready ${time(deadlineCycles)} after its turn to be rendered comes, ${deadlineFrames} of its ${run.blockFrames} frames`;
  if (late === 0) return `Late although rendering was quick enough: ${due}, and ${vector} took ${time(response.max)} at most. Something kept the audio's own interrupt out.`;
  if (response.min > run.blockFrames * run.cyclesPerFrame.budget) return `Late because rendering takes longer than there is time: ${due}, and ${vector} has never been done so soon.`;
  return `Late because rendering took too long: ${due}, and ${vector} took up to ${time(response.max)}, ${time(response.mean)} on average.`;
}

/** Part of a block's time until its deadline that was left in the slowest; negative when it came too late. */
export const renderingHeadroom = ({ deadlineCycles, response }: RenderTimes): number => 1 - response.max / deadlineCycles;

/** Whether the run's end cut a run of the handler that had taken longer than any that came to its end: the table has nothing of it. */
export const isStuck = ({ unfinishedCycles, duration, count }: HandlerProfile): boolean => unfinishedCycles !== null && (count === 0 || unfinishedCycles > 2 * duration.max);

export const stuckText = ({ name, unfinishedCycles }: HandlerProfile, coreHertz: number): string =>
  `${name} had not returned when the run ended, after ${microseconds(unfinishedCycles!, coreHertz)} µs of its own: no figure of its runs has that one.`;
