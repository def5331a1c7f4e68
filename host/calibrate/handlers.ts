// SPDX-License-Identifier: MIT
// Handlers as samples for the fit: small firmwares of the drivers at work, run on the emulated core for the cycles of each handler, and on CPU wasm for
// what each has executed.

import { join } from 'node:path';
import type { Board } from '../boards/index.js';
import { compileFirmware } from '../build/compile.js';
import { buildImage } from '../build/image/image.js';
import { featuresOf, type Feature } from '../cpu/wasm/cost-features.js';
import { InstructionCosts } from '../cpu/wasm/costs.js';
import type { WasmCpu } from '../cpu/wasm/cpu.js';
import { basicBlocks } from '../cpu/wasm/meter.js';
import type { MidiFile } from '../devices/midi-file.js';
import { EmulatedBoard } from '../emulator/emulated-board.js';
import { ImageBoard } from '../emulator/image-board.js';
import { MIDI_START_SECONDS, perform } from '../emulator/session.js';
import { UNIT, type FeatureCounts } from './counting.js';
import type { Observation } from './fitting.js';
import type { Engine } from './jobs.js';
import { DISPATCH } from './tables.js';
import { Random } from './programs/random.js';

/** Under `firmwares`; none of them is one that tables are validated on. */
export const DRIVERS = ['lead', 'drone', 'splitter'].map((name) => `host/calibrate/firmwares/${name}.as.ts`);
const SECONDS = 1;
/** By then a firmware has booted, also an interpreted one. */
const START_SECONDS = MIDI_START_SECONDS;
const MESSAGES_A_SECOND = 500;
/** A handler is a mean of hundreds of runs, and what tables are for. */
const WEIGHT = 10;
const SEED = 20260101;

/** A second of random notes and controllers, at half of what a cable carries: the same each time. */
function keyboard(): MidiFile {
  const random = new Random(SEED);
  const events = Array.from({ length: SECONDS * MESSAGES_A_SECOND }, (_, i) => {
    const kind = random.below(4);
    const data = kind === 3 ? [74, random.below(128)] : [36 + random.below(49), kind === 2 ? 0 : 1 + random.below(127)];
    return { seconds: (i + random.below(100) / 200) / MESSAGES_A_SECOND, bytes: [(kind === 3 ? 0xb0 : 0x90) | random.below(16), ...data] };
  });
  return { format: 0, events, seconds: SECONDS };
}

/** Mean cycles of each handler that ran, on the emulated core, by its vector; without the one that renders, which library programs stand for. @throws CompileError, ToolMissing, EmulationError */
export async function measuredHandlers(firmware: string, board: Board, engine: Engine): Promise<Map<string, number>> {
  const image = await buildImage({ board, firmware, engine, out: join('build', 'calibrate', `handlers-${engine}`), onTrap: 'halt' });
  const emulated = new ImageBoard(image, {});
  perform(emulated, START_SECONDS + SECONDS, keyboard());
  await emulated.check();
  const renders = emulated.recorder.blocks().count > 0;
  return new Map(Object.entries(emulated.recorder.isr()).filter(([vector, { count }]) => count > 0 && !(renders && vector === 'PendSV')).map(([vector, { meanCycles }]) => [vector, meanCycles]));
}

/** Runs a firmware on CPU wasm with one cycle for each feature. @throws CompileError, FirmwareTrap */
export async function countingRun(file: string, board: Board): Promise<EmulatedBoard> {
  const firmware = await compileFirmware(file, board);
  const costs = { ...UNIT, source: '', worst: UNIT, error: { handlerPercent: null, blockPercent: null, validatedOn: [], command: '' } };
  const emulated = new EmulatedBoard(board, firmware, { costs, counting: true });
  perform(emulated, START_SECONDS + SECONDS, keyboard());
  return emulated;
}

/** A mean run of a handler. */
export interface HandlerRun {
  readonly counts: FeatureCounts;
  /** Cycles of the core to enter and to return, which are fewer where handlers follow each other. */
  readonly exceptionCycles: number;
}

/** What each handler has executed, by its vector. */
export function countedHandlers(emulated: EmulatedBoard): Map<string, HandlerRun> {
  const { counts, metered } = emulated.cpu as WasmCpu;
  const { blocks, contexts } = metered.counted!;
  const { module, recorder } = emulated;
  const unit = new InstructionCosts(UNIT);
  const featuresOfBlocks = module.functions.map((body) => {
    const features = featuresOf(module, body);
    const byBlock = new Map<number, Feature[]>();
    basicBlocks(module, body, unit, undefined, (block, offset) => {
      const own = byBlock.get(block);
      if (own) own.push(...(features.get(offset) ?? []));
      else byBlock.set(block, [...(features.get(offset) ?? [])]);
    });
    return byBlock;
  });
  counts!.take(0);
  const times = counts!.copy(0);
  const isr = recorder.isr();
  const runs = new Map<string, { counts: Map<string, number>; exceptionCycles: number }>();
  for (const [i, { context, offset, cost }] of blocks.entries()) {
    const { root, functionIndex } = contexts.all[context];
    if (root === undefined || !isr[root] || times[i] === 0n) continue;
    const run = runs.get(root) ?? { counts: new Map<string, number>(), exceptionCycles: isr[root].meanCycles };
    runs.set(root, run);
    const share = Number(times[i]) / isr[root].count;
    run.exceptionCycles -= cost * share;
    for (const [feature, each] of featuresOfBlocks[functionIndex - module.imports.length].get(offset)!) run.counts.set(feature, (run.counts.get(feature) ?? 0) + each * share);
  }
  return runs;
}

/**
 * A handler as a sample: what it executes, and the shim's dispatcher once.
 * @param cycles mean of a run, the core's own entry and return included
 * @param longest the longest run that executes the same, likewise
 */
export function handlerObservation(name: string, { counts, exceptionCycles }: HandlerRun, cycles: number, longest = cycles): Observation {
  return { name, counts: new Map([...counts, [DISPATCH, 1]]), cycles: cycles - exceptionCycles, longest: longest - exceptionCycles, weight: WEIGHT };
}
