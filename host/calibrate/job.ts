// SPDX-License-Identifier: MIT
// A process that does one piece of a calibration after the other, as jobs.ts asks for them.

import { loadBoard } from '../boards/index.js';
import { BOARD } from './board.js';
import type { Answer, Job } from './jobs.js';
import { countedHandlers, countingRun, measuredHandlers } from './handlers.js';
import { measure } from './measuring.js';
import { programNamed } from './programs/all.js';
import { countedParts, measuredParts } from './validation.js';

const board = loadBoard(BOARD);

function resultOf(job: Job) {
  switch (job.kind) {
    case 'program': return measure(programNamed(job.program), board, job.engine);
    case 'handlers': return measuredHandlers(job.firmware, board, job.engine);
    case 'features': return countingRun(job.firmware, board).then(countedHandlers);
    case 'measured': return measuredParts(job.firmware, board, job.engine);
    case 'counted': return countedParts(job.firmware, board, job.counted);
  }
}

process.on('message', async (job: Job) => {
  let answer: Answer;
  try {
    answer = { result: await resultOf(job) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.stack ?? error.message : String(error) };
  }
  process.send!(answer);
});
