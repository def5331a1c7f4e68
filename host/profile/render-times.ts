// SPDX-License-Identifier: MIT
// How soon blocks are ready: the measured side of what `check` proves. A core with time left can still be late, since a block is due before its time is over.

import type { Board } from '../boards/index.js';
import { READ_AHEAD_FRAMES } from '../check/schedule.js';
import { MAIN, SLEEP } from './context-names.js';
import type { RenderTimes } from './profile-result.js';
import type { BlockRecord } from './recorder.js';
import type { RenderedBlocks } from './render-watch.js';
import type { RunTimes } from './run-log.js';
import type { RunResult } from './run-result.js';
import { spreadOf } from './statistics.js';

/**
 * Times from the boundary at which a block's turn to be rendered comes until it is there: for a handler that renders until it has returned, one for each
 * run that rendered or was late. One that was still under way at the run's end counts, with the time until then, when that is late already.
 * @param rendered what renders, by what it did; undefined when no block was ever there in time: then it is what took most of the core's time
 * @returns null when no block was played, or nothing was rendered
 */
export function renderTimesOf({ audio }: Board, run: RunResult, blocks: BlockRecord, times: RunTimes, rendered: RenderedBlocks | undefined): RenderTimes | null {
  if (blocks.count === 0) return null;
  const { context, readyAt } = rendered ?? { context: busiestOf(times), readyAt: new Float64Array(0) };
  const deadlineFrames = run.blockFrames - (audio.kind === 'i2s' ? READ_AHEAD_FRAMES : 0);
  const deadlineCycles = deadlineFrames * run.cyclesPerFrame.budget;
  const { boundaryCycles } = blocks;
  const taken = context === MAIN ? takenByMain(readyAt, boundaryCycles, run.cycles, deadlineCycles) : takenByHandler(context, readyAt, boundaryCycles, times, run.cycles, deadlineCycles);
  if (taken.length === 0) return null;
  return { vector: context, deadlineFrames, deadlineCycles, response: spreadOf(Float64Array.from(taken)), late: taken.filter((cycles) => cycles > deadlineCycles).length };
}

/** Of handlers and main program. */
const busiestOf = ({ cycles }: RunTimes): string => [...cycles].filter(([name]) => name !== SLEEP).sort((a, b) => b[1] - a[1])[0]?.[0] ?? MAIN;

function takenByHandler(vector: string, readyAt: Float64Array, boundaries: Float64Array, { handlers, active }: RunTimes, end: number, deadline: number): number[] {
  const { pendedAt = [], exitedAt = [] } = handlers.get(vector) ?? {};
  const underWay = active.get(vector);
  const taken: number[] = [];
  let [block, next] = [-1, 0];
  const sinceBoundary = (pended: number, cycle: number): number => {
    while (block + 1 < boundaries.length && boundaries[block + 1] <= pended) block++;
    return block < 0 ? NaN : cycle - boundaries[block];
  };
  for (let i = 0; i < pendedAt.length; i++) {
    const cycles = sinceBoundary(pendedAt[i], exitedAt[i]);
    while (readyAt[next] < exitedAt[i]) next++;
    if (readyAt[next] === exitedAt[i] ? cycles >= 0 : cycles > deadline) taken.push(cycles);
  }
  const unfinished = underWay ? sinceBoundary(underWay.pendedAt, end) : NaN;
  if (unfinished > deadline) taken.push(unfinished);
  return taken;
}

/** A block whose turn passed without it counts with all the time until the next boundary, or the run's end: how long its rendering went on is not known. */
function takenByMain(readyAt: Float64Array, boundaries: Float64Array, end: number, deadline: number): number[] {
  const taken: number[] = [];
  let next = 0;
  boundaries.forEach((boundary, i) => {
    const over = boundaries[i + 1] ?? end;
    while (readyAt[next] <= boundary) next++;
    const cycles = (readyAt[next] <= over ? readyAt[next] : over) - boundary;
    if (readyAt[next] <= over || cycles > deadline) taken.push(cycles);
  });
  return taken;
}
