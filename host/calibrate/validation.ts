// SPDX-License-Identifier: MIT
// How wrong tables are: firmware that they were not fitted to, run on the emulated core and on CPU wasm, and the cycles of both compared.

import { basename, join } from 'node:path';
import type { Board } from '../boards/index.js';
import { compileFirmware } from '../build/compile.js';
import type { EngineName } from '../build/image/engine-names.js';
import { buildImage } from '../build/image/image.js';
import { atWorst, type CostError, type EngineCosts } from '../cpu/wasm/costs.js';
import { parseMidiFile } from '../devices/midi-file.js';
import { EmulatedBoard } from '../emulator/emulated-board.js';
import type { FirmwareBoard } from '../emulator/firmware-board.js';
import { ImageBoard } from '../emulator/image-board.js';
import { resultOf } from '../emulator/result.js';
import { perform } from '../emulator/session.js';
import { canonInD } from '../../music/canon-in-d.js';
import type { Engine, Jobs } from './jobs.js';

export interface HoldOut {
  readonly firmware: string;
  readonly engines: readonly Engine[];
}

const ALL: readonly Engine[] = ['aot', 'kernels', 'wasm3'];
/** Firmwares that no table is fitted to, and the engines that the board has the memory and the speed for. */
export const HOLD_OUTS: readonly HoldOut[] = [
  { firmware: 'assembly/firmware/synth.ts', engines: ['aot', 'kernels'] },
  { firmware: 'assembly/firmware/tone.ts', engines: ALL },
  { firmware: 'assembly/firmware/arpeggiator.ts', engines: ALL },
  { firmware: 'assembly/firmware/monitor.ts', engines: ALL },
];
/**
 * Firmwares in the manner of what users write, which nobody looked at before the model and the weights were settled. They say how far the errors of the
 * others flatter.
 */
export const FRESH: readonly HoldOut[] = ['fm-synth', 'tape-echo', 'drum-sampler', 'clock-tool'].map((name) => ({ firmware: `tests/calibrate/${name}.as.ts`, engines: ALL }));
export const HOLD_OUT_SECONDS = 1.5;

/** The set-up of the shipped piece, and bars of its middle. */
function piece() {
  const whole = parseMidiFile(canonInD(), 'canon-in-d.mid');
  return { ...whole, events: whole.events.filter(({ seconds }) => seconds < 0.7 || seconds > 20).map((event) => (event.seconds < 0.7 ? event : { ...event, seconds: event.seconds - 19.3 })) };
}

/** What is compared: a handler, or the cycles of a block. */
export interface Part {
  readonly what: string;
  readonly kind: 'handler' | 'block';
  readonly mean: number;
  readonly max: number;
}

/** The firmware's parts: each handler but the one that renders, and the blocks of one that renders. */
function partsOf(board: FirmwareBoard, seconds: number): Part[] {
  perform(board, seconds, piece());
  const { isr, cyclesPerFrame, blockFrames, frames } = resultOf(board, null);
  const renders = frames > 0;
  const parts: Part[] = Object.entries(isr).filter(([name, { count }]) => count > 0 && !(renders && name === 'PendSV'))
    .map(([name, { meanCycles, maxCycles }]) => ({ what: name, kind: 'handler', mean: meanCycles, max: maxCycles }));
  if (renders) parts.push({ what: 'block', kind: 'block', mean: cyclesPerFrame.mean * blockFrames, max: cyclesPerFrame.max * blockFrames });
  return parts;
}

const rendersOf = (firmware: string): boolean => /synth|tone|echo|sampler/.test(firmware);

/** The parts on the emulated core. @throws CompileError, ToolMissing, EmulationError */
export async function measuredParts(firmware: string, board: Board, engine: EngineName, seconds = HOLD_OUT_SECONDS): Promise<Part[]> {
  const image = await buildImage({ board, firmware, engine, out: join('build', 'calibrate', `hold-out-${engine}`), onTrap: 'halt' });
  const emulated = new ImageBoard(image, { midiAlign: rendersOf(firmware) });
  const parts = partsOf(emulated, seconds);
  await emulated.check();
  return parts;
}

/** The parts as CPU wasm counts them, with each of several costs. @throws CompileError, FirmwareTrap */
export async function countedParts(firmware: string, board: Board, counted: readonly { engine: EngineName; costs: EngineCosts }[], seconds = HOLD_OUT_SECONDS): Promise<Part[][]> {
  const compiled = await compileFirmware(firmware, board);
  return counted.map(({ engine, costs }) => partsOf(new EmulatedBoard(board, compiled, { midiAlign: rendersOf(firmware), engine, costs }), seconds));
}

export interface Comparison extends Part {
  readonly firmware: string;
  /** Counted with the typical costs, percent above what was measured. */
  readonly percent: number;
  /** Longest by the worst costs, in terms of the longest measured. */
  readonly worstRatio: number;
}

/** Compares costs with what the hold-outs take, for each engine. */
export async function compare(costs: Readonly<Record<Engine, EngineCosts>>, holdOuts: readonly HoldOut[], jobs: Jobs): Promise<Record<Engine, Comparison[]>> {
  const comparisons: Record<Engine, Comparison[]> = { aot: [], kernels: [], wasm3: [] };
  await Promise.all(holdOuts.map(async ({ firmware, engines }) => {
    const counting = jobs.run('counted', { firmware, counted: engines.flatMap((engine) => [{ engine, costs: costs[engine] }, { engine, costs: atWorst(costs[engine]) }]) });
    const measuring = Promise.all(engines.map((engine) => jobs.run('measured', { firmware, engine })));
    const [counted, measured] = await Promise.all([counting, measuring]);
    for (const [i, engine] of engines.entries()) {
      const of = (parts: readonly Part[], part: Part): Part => parts.find(({ what }) => what === part.what)!;
      const [typical, worst] = counted.slice(2 * i);
      comparisons[engine].push(...measured[i].map((part) => ({ ...part, firmware, percent: (of(typical, part).mean / part.mean - 1) * 100, worstRatio: of(worst, part).max / part.max })));
    }
  }));
  // Processes end in any order.
  const order = holdOuts.map(({ firmware }) => firmware);
  for (const list of Object.values(comparisons)) list.sort((a, b) => order.indexOf(a.firmware) - order.indexOf(b.firmware));
  return comparisons;
}

/** A row of the table in docs/costs.md. */
export function rowOf(engine: Engine, { firmware, what, mean, percent, worstRatio }: Comparison): string {
  return `| ${engine} | ${basename(firmware, '.ts')} | ${what} | ${mean.toFixed(0)} | ${percent < 0 ? '' : '+'}${percent.toFixed(1)} % | ${worstRatio.toFixed(2)} |`;
}

/** Mean of the sizes of the errors, by kind. */
export function errorOf(comparisons: readonly Comparison[], command: string): CostError {
  const mean = (kind: Part['kind']): number | null => {
    const of = comparisons.filter((c) => c.kind === kind);
    return of.length === 0 ? null : Math.round(of.reduce((sum, { percent }) => sum + Math.abs(percent), 0) / of.length * 10) / 10;
  };
  return { handlerPercent: mean('handler'), blockPercent: mean('block'), validatedOn: [...new Set(comparisons.map(({ firmware }) => firmware))], command };
}
