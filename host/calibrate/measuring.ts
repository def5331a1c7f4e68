// SPDX-License-Identifier: MIT
// Builds a calibration program for an engine, runs its image on the emulated core, and pairs each piece's cycles with what it has executed.

import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Board } from '../boards/index.js';
import type { EngineName } from '../build/image/engines.js';
import { buildImage } from '../build/image/image.js';
import { parseModule } from '../cpu/wasm/decode.js';
import { ImageBoard } from '../emulator/image-board.js';
import { toNumber } from '../machine/fraction.js';
import { packageRoot } from '../paths.js';
import { countFeatures, exportedConstant, type FeatureCounts } from './counting.js';
import type { IsrResult } from '../profile/run-result.js';
import { HANDLER, RUNS, sourceOf, type Program } from './programs/program.js';

/** One run of a piece. */
export interface Sample {
  readonly name: string;
  /** 0: its code was in no cache. */
  readonly run: number;
  readonly counts: FeatureCounts;
  readonly cycles: number;
}

export interface Measured {
  readonly samples: readonly Sample[];
  /** The program's handler, when it has one. */
  readonly handler?: IsrResult;
}

/** Longest that a program may take, and how often it is looked whether it is done. */
const SECONDS = 20;
const LOOK_SECONDS = 0.002;

/** @throws CompileError, ToolMissing; Error when the program has not come to its end */
export async function measure(program: Program, board: Board, engine: EngineName): Promise<Measured> {
  const directory = join('build', 'calibrate');
  const out = join(directory, `${program.name}-${engine}`);
  await mkdir(out, { recursive: true });
  const firmware = join(directory, `${program.name}.ts`);
  await writeFile(firmware, sourceOf(program, relative(directory, packageRoot) || '.'));
  const image = await buildImage({ board, firmware, engine, out, onTrap: 'halt' });
  const module = parseModule(image.firmware.wasm);
  const counts = countFeatures(module, engine === 'kernels' ? new Set(image.firmware.natives.map(({ index }) => index)) : undefined);
  const emulated = new ImageBoard(image, {});
  const memory = emulated.symbols.addressOf('tw_memory')!;
  const results = exportedConstant(module, 'results');
  const resultOf = (run: number): number => emulated.wordAt(memory + results + 4 * run)!;
  // No run takes no cycles: when the last one has its result, all have.
  emulated.at(LOOK_SECONDS, () => (resultOf(counts.length - 1) === 0 ? emulated.now + LOOK_SECONDS : emulated.end()));
  emulated.run(SECONDS);
  await emulated.check();
  if (resultOf(counts.length - 1) === 0) throw new Error(`calibration program ${program.name} has not come to its end in ${SECONDS} s on engine ${engine}`);
  if (toNumber(emulated.time.coreHertz) !== board.coreHertz) throw new Error(`calibration program ${program.name} has not set the clocks`);
  const samples = counts.map((features, i) => ({
    name: program.pieces[Math.floor(i / RUNS)].name, run: i % RUNS, counts: features, cycles: resultOf(i),
  }));
  return { samples, handler: emulated.recorder.isr()[HANDLER] };
}
