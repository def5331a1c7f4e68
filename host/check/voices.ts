// SPDX-License-Identifier: MIT
// How many voices fit: the firmware is compiled with a second number of voices too, and the worst blocks of the two say what a voice takes.

import { Worker } from 'node:worker_threads';
import type { Board } from '../boards/index.js';
import { engineNames, type EngineName } from '../build/image/engine-names.js';
import type { Constant } from '../build/transform.js';
import type { VoicesCheck, VoicesOfEngine } from './check-result.js';
import type { Project } from './project.js';
import type { Schedule } from './schedule.js';

export interface Comparison {
  /** Has the other thread compile with this one's Binaryen. */
  share(binaryen: WebAssembly.Module): void;
  /** Asks for the worst blocks of the firmware with so many, by the vector that renders; undefined when it does not compile. */
  worstBlocks(vector: string): Promise<WorstBlocks | undefined>;
  end(): Promise<unknown>;
}

/** The constant that says how many voices a firmware has, if it has any. */
export const voiceCountOf = (constants: readonly Constant[], name: string): Constant | undefined => constants.find((constant) => constant.name === name && constant.value >= 1);

/** The second number of voices: half as many, so far from the first that a voice shows. */
export const comparedWith = (voiceCount: number): number => (voiceCount === 1 ? 2 : voiceCount >> 1);

/** Worst cycles of the handler that renders, by engine, as `BlockCheck` has them; null without a bound. */
export type WorstBlocks = ReadonlyMap<EngineName, number | null>;

/** What the worker is told. */
export interface VoicesWork {
  readonly file: string;
  readonly board: Board;
  /** Name of the constant that says how many voices there are. */
  readonly voices: string;
}

/** Begins to compile a firmware with the second number of voices, in a thread of its own. It goes no further than to the constants of one that has no voices. */
export function compareVoices(file: string, board: Board, { voices }: Project): Comparison {
  const work: VoicesWork = { file, board, voices };
  const worker = new Worker(new URL('./voices-worker.js', import.meta.url), { workerData: work });
  const found = new Promise<WorstBlocks | undefined>((resolve) => {
    worker.on('message', resolve);
    worker.on('error', () => resolve(undefined));
    worker.on('exit', () => resolve(undefined));
  });
  let isShared = false;
  const share = (binaryen: WebAssembly.Module | undefined): void => {
    if (!isShared) worker.postMessage(binaryen);
    isShared = true;
  };
  const worstBlocks = (vector: string): typeof found => {
    share(undefined);
    worker.postMessage(vector);
    return found;
  };
  return { share, worstBlocks, end: () => worker.terminate() };
}

/** More voices than any firmware of this size has: where the search ends. */
const MOST = 1024;
const UNKNOWN = { fits: null, atLimit: false, marginalCycles: null, fixedCycles: null, nowLoad: null } as const;

/** Each number's block is what the two that were compiled say, in a straight line; its response is calculated anew. */
function fitOf(now: number, compared: number, { block, blockResponse }: Schedule, other: number | null, most: number): Omit<VoicesOfEngine, 'engine'> {
  if (!block || block.worstCycles === null || other === null) return UNKNOWN;
  const marginalCycles = (block.worstCycles - other) / (now - compared);
  const fixedCycles = block.worstCycles - now * marginalCycles;
  const response = blockResponse(block.worstCycles);
  const nowLoad = Number.isFinite(response) ? response / block.deadlineCycles : null;
  if (marginalCycles <= 0 || Number.isNaN(response)) return { ...UNKNOWN, nowLoad };
  const limit = Math.min(most, MOST);
  let fits = 0;
  while (fits <= limit && blockResponse(fixedCycles + (fits + 1) * marginalCycles) <= block.deadlineCycles) fits++;
  return { fits: Math.min(fits, limit), atLimit: fits > limit, marginalCycles, fixedCycles, nowLoad };
}

/** @param constant the number of voices @param schedules of the firmware as it is, by engine @param other worst blocks with the second number of voices */
export function voicesOf(constant: Constant, schedules: ReadonlyMap<EngineName, Schedule>, other: WorstBlocks, most: number): VoicesCheck {
  const compared = comparedWith(constant.value);
  const engines = [...engineNames].reverse().map((engine): VoicesOfEngine => ({ engine, ...fitOf(constant.value, compared, schedules.get(engine)!, other.get(engine)!, most) }));
  return { constant: constant.name, file: constant.file, line: constant.line, now: constant.value, compared, engines };
}
