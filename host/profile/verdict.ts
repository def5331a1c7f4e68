// SPDX-License-Identifier: MIT
// Whether a run was good, and if not, what was wrong, in words.

import { counters } from '../abi.js';
import { MAIN } from './context-names.js';
import { duration, number, percent, plural, ratio, timeText } from './format.js';
import type { HandlerProfile, ProfileResult, RenderTimes, VoiceProfile } from './profile-result.js';
import type { LossName, RunResult } from './run-result.js';

/** `bad`: the sound is wrong or the firmware broke a promise. `warning`: something was lost. */
export interface Verdict {
  readonly grade: 'good' | 'warning' | 'bad';
  readonly text: string;
}

/** By then a firmware that plays audio has begun to, however slow its core. */
const LONGEST_START_UP_SECONDS = 2;

/** Losses that happened, most first. */
export function actualLosses({ losses }: RunResult): [name: LossName, count: number][] {
  return (Object.entries(losses) as [LossName, number][]).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
}

/** Whether the run was too short for audio to have started. */
const endedInStartUp = ({ frames, playsAudio, seconds }: RunResult): boolean => frames === 0 && playsAudio && seconds < LONGEST_START_UP_SECONDS;

/** What the firmware has left undone, so that it heard or played nothing. Of a run that ended in start-up nothing can be said. */
export function gaps(result: RunResult): string[] {
  if (endedInStartUp(result)) return [];
  const { midiProblem, audioProblem, playsAudio } = result;
  return [
    ...(midiProblem === null ? [] : [`No MIDI was heard: ${midiProblem}`]),
    ...(audioProblem === null || !playsAudio ? [] : [`This run made no sound: ${audioProblem}`]),
  ];
}

export function verdicts(result: RunResult): Verdict[] {
  const { isr, lateBlocks, frames, seconds, playsAudio, audioProblem, codecProblems, cyclesPerFrame: { mean, max, budget } } = result;
  const inStartUp = endedInStartUp(result);
  const found: Verdict[] = [];
  const bad = (text: string) => found.push({ grade: 'bad', text });
  // A codec that is being set up is no fault.
  if (!inStartUp) for (const problem of codecProblems) bad(`The codec does not play: ${problem}`);
  if (lateBlocks > 0) bad(`${plural(lateBlocks, 'block was', 'blocks were')} not ready in time and went out as silence.`);
  for (const [vector, handler] of Object.entries(isr)) {
    if (handler.overBudget === 0) continue;
    const times = handler.overBudget === 1 ? 'once' : `${number(handler.overBudget)} times`;
    bad(`${vector} exceeded its budget of ${number(handler.budget!)} cycles ${times}, by up to ${number(handler.maxCycles - handler.budget!)}.`);
  }
  for (const [name, count] of actualLosses(result)) {
    if (name !== 'lateBlocks') found.push({ grade: 'warning', text: `${name}: ${number(count)}. ${counters[name][1]}` });
  }
  found.push(...gaps(result).map((text): Verdict => ({ grade: 'warning', text })));
  if (inStartUp) found.push({ grade: 'warning', text: `No frame left I2S: the run ended after ${duration(seconds)}\u00a0s, before audio started.` });
  else if (frames === 0 && playsAudio && audioProblem === null) found.push({ grade: 'warning', text: 'No frame left I2S: this run made no sound.' });
  else if (frames === 0) {
    if (found.length === 0) found.push({ grade: 'good', text: 'Nothing was lost. The firmware plays no audio: it has no handler for the DMA that feeds it.' });
  } else if (found.every(({ grade }) => grade !== 'bad')) {
    const [usual, busiest] = [mean, max].map((cycles) => percent(ratio(cycles, budget)));
    found.unshift({ grade: 'good', text: `Every block was ready in time. The core was busy ${usual} of the time, ${busiest} in the busiest block.` });
  }
  return found;
}

/** Why blocks were late, as a musician would ask it; undefined when none was, or it cannot be said. */
export function whyLate({ run, rendering }: Pick<ProfileResult, 'run' | 'rendering'>): string | undefined {
  if (run.lateBlocks === 0 || rendering === null) return undefined;
  const { deadlineFrames, deadlineCycles, response, late } = rendering;
  const time = (cycles: number): string => timeText(cycles, run.coreHertz);
  const renderer = rendererName(rendering);
  const due = `a block must be ready ${time(deadlineCycles)} after its turn to be rendered comes, ${deadlineFrames} of its ${run.blockFrames} frames`;
  if (late === 0) return `Late although rendering was quick enough: ${due}, and ${renderer} took ${time(response.max)} at most. Something kept the audio's own interrupt out.`;
  if (response.min > run.blockFrames * run.cyclesPerFrame.budget) return `Late because rendering takes longer than there is time: ${due}, and ${renderer} has never been done so soon.`;
  if (rendering.vector === MAIN) return `Late because rendering took too long: ${due}, and ${renderer} had not rendered it by then ${late === 1 ? 'once' : `${number(late)} times`}.`;
  return `Late because rendering took too long: ${due}, and ${renderer} took up to ${time(response.max)}, ${time(response.mean)} on average.`;
}

/** Share of the differences between blocks that the number of voices must explain, for the cycles of one voice more to mean anything. */
const LEAST_EXPLAINED = 0.1;

/** Whether the straight line through blocks by their voices tells anything: when the core never sleeps, all blocks cost the same. */
export const isTelling = ({ explained }: VoiceProfile): boolean => explained >= LEAST_EXPLAINED;

/** What renders, in words. */
export const rendererName = ({ vector }: RenderTimes): string => (vector === MAIN ? 'the main program' : vector);

/** Part of a block's time until its deadline that was left in the slowest; negative when it came too late. */
export const renderingHeadroom = ({ deadlineCycles, response }: RenderTimes): number => 1 - response.max / deadlineCycles;

/** Whether the run's end cut a run of the handler that had taken longer than any that came to its end: the table has nothing of it. */
export const isStuck = ({ unfinishedCycles, duration, count }: HandlerProfile): boolean => unfinishedCycles !== null && (count === 0 || unfinishedCycles > 2 * duration.max);

export const stuckText = ({ name, unfinishedCycles }: HandlerProfile, coreHertz: number): string =>
  `${name} had not returned when the run ended, after ${timeText(unfinishedCycles!, coreHertz)} of its own: no figure of its runs has that one.`;
