// SPDX-License-Identifier: MIT
// A thread that compiles a firmware with another number of voices and finds its worst blocks; what it does not compile is answered with nothing.

import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import type { Board } from '../boards/index.js';
import { CompileError, compileFirmware, type Firmware } from '../build/compile.js';
import { useBinaryen } from '../build/compiler.js';
import { engineNames } from '../build/image/engine-names.js';
import { worstCostsOf } from '../cpu/wasm/costs.js';
import { worstCyclesOf } from './schedule.js';
import { comparedWith, voiceCountOf, type VoicesWork, type WorstBlocks } from './voices.js';
import { NeverReturns, Unbounded, WorstCaseAnalysis } from './worst-case/worst-case.js';

function worstBlocks(firmware: Firmware, analysis: WorstCaseAnalysis, board: Board, vector: string): WorstBlocks {
  const { exportName } = firmware.vectors.find(({ name }) => name === vector)!;
  const worstWith = (engine: string): number | null => {
    const costs = worstCostsOf(board.lineage[board.lineage.length - 1], engine);
    try {
      const found = analysis.of(exportName, costs);
      return found.wide.length > 0 ? null : worstCyclesOf(board, costs.dispatch, found);
    } catch (error) {
      if (error instanceof Unbounded || error instanceof NeverReturns) return null;
      throw error;
    }
  };
  return new Map(engineNames.map((engine) => [engine, worstWith(engine)]));
}

const { file, board, voices } = workerData as VoicesWork;
const messages = on(parentPort!, 'message');
const message = async <T>(): Promise<T> => ((await messages.next()).value as [T])[0];
// Two come: the compiler's module, if the other thread has one, and the vector.
useBinaryen(message<WebAssembly.Module | undefined>());
const asked = message<string>();
/** In a function: V8 brings the whole process down when a thread is ended while a module of it awaits something at its top level. */
async function compare(): Promise<void> {
  try {
    const firmware = await compileFirmware(file, board, [], {
      constants: { [voices]: comparedWith },
      onConstants: (constants) => { if (!voiceCountOf(constants, voices)) process.exit(); },
    });
    const analysis = new WorstCaseAnalysis(firmware);
    // While the other thread finds out which handler renders.
    for (const { exportName } of firmware.vectors) analysis.read(exportName);
    parentPort!.postMessage(worstBlocks(firmware, analysis, board, await asked));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    parentPort!.postMessage(undefined);
  }
}

void compare();
