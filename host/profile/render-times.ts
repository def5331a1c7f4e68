// SPDX-License-Identifier: MIT
// How soon blocks are ready: the measured side of what `check` proves. A core with time left can still be late, since a block is due before its time is over.

import type { Board } from '../boards/index.js';
import { READ_AHEAD_FRAMES } from '../check/schedule.js';
import type { RenderTimes } from './profile-result.js';
import type { BlockRecord } from './recorder.js';
import type { RunTimes } from './run-log.js';
import type { RunResult } from './run-result.js';
import { spreadOf } from './statistics.js';

/** Where the audio drivers put rendering off to. */
export const RENDERER = 'PendSV';

/**
 * Times from the boundary at which a block's turn to be rendered comes until the handler has returned, one for each run of it. One that was still
 * under way at the run's end counts, with the time until then, when that is late already.
 * @returns null when no block was played, or nothing was rendered
 */
export function renderTimesOf({ audio }: Board, run: RunResult, blocks: BlockRecord, times: RunTimes): RenderTimes | null {
  const { pendedAt, exitedAt } = times.handlers.get(RENDERER) ?? { pendedAt: new Float64Array(0), exitedAt: new Float64Array(0) };
  const active = times.active.get(RENDERER);
  if (blocks.count === 0) return null;
  const { boundaryCycles } = blocks;
  const deadlineFrames = run.blockFrames - (audio.kind === 'i2s' ? READ_AHEAD_FRAMES : 0);
  const deadlineCycles = deadlineFrames * run.cyclesPerFrame.budget;
  const taken: number[] = [];
  let block = -1;
  const sinceBoundary = (pended: number, cycle: number): number => {
    while (block + 1 < boundaryCycles.length && boundaryCycles[block + 1] <= pended) block++;
    return block < 0 ? NaN : cycle - boundaryCycles[block];
  };
  for (let i = 0; i < pendedAt.length; i++) {
    const cycles = sinceBoundary(pendedAt[i], exitedAt[i]);
    if (cycles >= 0) taken.push(cycles);
  }
  const underWay = active ? sinceBoundary(active.pendedAt, run.cycles) : NaN;
  if (underWay > deadlineCycles) taken.push(underWay);
  if (taken.length === 0) return null;
  return { vector: RENDERER, deadlineFrames, deadlineCycles, response: spreadOf(Float64Array.from(taken)), late: taken.filter((cycles) => cycles > deadlineCycles).length };
}
