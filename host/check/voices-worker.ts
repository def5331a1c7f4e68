// SPDX-License-Identifier: MIT
// A thread that compiles a firmware with another number of voices; what it does not compile is answered with nothing.

import { parentPort, workerData } from 'node:worker_threads';
import { loadBoard } from '../boards/index.js';
import { CompileError, compileFirmware } from '../build/compile.js';
import type { VoicesWork } from './voices.js';

const { file, board, constants } = workerData as VoicesWork;
try {
  parentPort!.postMessage(await compileFirmware(file, loadBoard(board), [], { constants }));
} catch (error) {
  if (!(error instanceof CompileError)) throw error;
  parentPort!.postMessage(undefined);
}
