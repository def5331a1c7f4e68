// SPDX-License-Identifier: MIT
// Builds a calibration program for an engine, runs its image on the emulated core, and pairs each piece's cycles with what it has executed.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Board } from '../boards/index.js';
import type { EngineName } from '../build/image/engine-names.js';
import { buildImage } from '../build/image/image.js';
import { parseModule } from '../cpu/wasm/decode.js';
import { ImageBoard } from '../emulator/image-board.js';
import { toNumber } from '../machine/fraction.js';
import { packageRoot } from '../paths.js';
import { countFeatures, exportedConstant, type FeatureCounts } from './counting.js';
import type { IsrResult } from '../profile/run-result.js';
import { HANDLER, RUNS, sourceOf, type Program } from './programs/program.js';

/** A program's run on the emulated core. */
export interface Run {
  readonly wasm: Uint8Array;
  /** Functions that run as compiled code while others are interpreted, by their index. */
  readonly natives: readonly number[];
  /** Of each run of each piece, in the order in which they run. */
  readonly cycles: readonly number[];
  /** The program's handler, when it has one. */
  readonly handler?: IsrResult;
}

/** One run of a piece. */
export interface Sample {
  readonly name: string;
  /** 0: its code was in no cache. */
  readonly run: number;
  readonly counts: FeatureCounts;
  /** With each basic block once. */
  readonly once: FeatureCounts;
  readonly cycles: number;
}

/** Longest that a program may take, and how often it is looked whether it is done. */
const SECONDS = 20;
const LOOK_SECONDS = 0.002;

/** @throws CompileError, ToolMissing; Error when the program has not come to its end */
export async function measure(program: Program, board: Board, engine: EngineName): Promise<Run> {
  const directory = join('build', 'calibrate');
  const out = join(directory, `${program.name}-${engine}`);
  await mkdir(out, { recursive: true });
  const firmware = join(out, `${program.name}.ts`);
  await writeFile(firmware, sourceOf(program, relative(out, packageRoot) || '.'));
  const image = await buildImage({ board, firmware, engine, out, onTrap: 'halt' });
  const { wasm, natives } = image.firmware;
  const emulated = new ImageBoard(image, {});
  const memory = emulated.symbols.addressOf('tw_memory')!;
  const results = exportedConstant(parseModule(wasm), 'results');
  const count = RUNS * program.pieces.length;
  const resultOf = (run: number): number => emulated.wordAt(memory + results + 4 * run)!;
  // No run takes no cycles: when the last one has its result, all have.
  emulated.at(LOOK_SECONDS, () => (resultOf(count - 1) === 0 ? emulated.now + LOOK_SECONDS : emulated.end()));
  emulated.run(SECONDS);
  await emulated.check();
  if (resultOf(count - 1) === 0) throw new Error(`calibration program ${program.name} has not come to its end in ${SECONDS} s on engine ${engine}`);
  if (toNumber(emulated.time.coreHertz) !== board.coreHertz) throw new Error(`calibration program ${program.name} has not set the clocks`);
  return {
    wasm, natives: engine === 'kernels' ? natives.map(({ index }) => index) : [], cycles: Array.from({ length: count }, (_, i) => resultOf(i)), handler: emulated.recorder.isr()[HANDLER],
  };
}

/** What each run of a program's pieces has executed, and the cycles that it took. */
export function samplesOf({ pieces }: Program, { wasm, natives, cycles }: Run): Sample[] {
  return countFeatures(parseModule(wasm), new Set(natives)).map((counted, i) => ({ name: pieces[Math.floor(i / RUNS)].name, run: i % RUNS, ...counted, cycles: cycles[i] }));
}
