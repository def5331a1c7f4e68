// SPDX-License-Identifier: MIT
// The same TypeScript on every engine of an image, beside C by hand: executed instructions on QEMU's Cortex-M4F, which repeat exactly, and flash.

import { loadBoard } from '../../host/boards/index.js';
import type { Image, ImageOptions } from '../../host/build/image/image.js';
import { logOf, onQemu, withImage } from '../image/demo.js';
import { measureNative, missingTools, parseCounts, SAMPLES, type Counts } from './aot.js';
import type { BenchRow, BenchTable } from './row.js';

const BOARD = 'mps2-an386';
/** Cycles from one frame to the next on the F407: 168 MHz / 47,991 Hz (RM0090 rev 18, 28.4.4). */
export const FRAME_CYCLES = 3501;
/** The part of them that the demo with kernels is to stay within. */
export const DEMO_AIM = 0.6;

/** Engines of images, in the order in which they get slower. */
export const imageEngines = ['AOT', 'kernels', 'wasm3, tuned', 'wasm3, as it comes'] as const;
export type ImageEngine = (typeof imageEngines)[number];
const options: Readonly<Record<ImageEngine, Pick<ImageOptions, 'engine' | 'wasm3'>>> = {
  AOT: { engine: 'aot' }, kernels: { engine: 'kernels' }, 'wasm3, tuned': { engine: 'wasm3' }, 'wasm3, as it comes': { engine: 'wasm3', wasm3: 'reference' },
};

export interface KernelCost {
  /** Instructions per sample and voice of saw, filter, mix, and all three, the calls included. */
  readonly saw: number;
  readonly filter: number;
  readonly mix: number;
  readonly voice: number;
  /** Of all that was rendered: the same on every engine. */
  readonly digest: number;
  /** Bytes of flash that go with the engine: interpreter, kernels, translated firmware, libraries and module, without the shim, which all have. */
  readonly flashBytes: number;
}

export interface DemoCost {
  /** Instructions a frame: of all blocks, and of the worst. */
  readonly mean: number;
  readonly worst: number;
  readonly digest: number;
}

const perSample = ({ saw, filter, mix, voice, digest }: Counts, flashBytes: number): KernelCost => (
  { saw: saw / SAMPLES, filter: filter / SAMPLES, mix: mix / SAMPLES, voice: voice / SAMPLES, digest, flashBytes });

/** Runs a benchmark's firmware to its end. */
function countOnImage(firmware: string, engine: ImageEngine): Promise<{ counts: Counts; image: Image }> {
  return withImage({ firmware, board: loadBoard(BOARD), ...options[engine] }, (image, elf) => onQemu(image, undefined, async (qemu) => {
    let text = '';
    await qemu.until(`${engine} to finish ${firmware}`, async () => /^digest \d+\n/m.test(text = await logOf(qemu, elf)));
    return { counts: parseCounts(text, engine), image };
  }));
}

/** Saw, filter and mix of eight voices in blocks of 32 frames. */
export async function measureKernels(): Promise<ReadonlyMap<'native C' | ImageEngine, KernelCost>> {
  const native = await measureNative();
  const costs = new Map<'native C' | ImageEngine, KernelCost>([['native C', perSample(native.counts, native.codeBytes)]]);
  for (const engine of imageEngines) {
    const { counts, image: { sizes } } = await countOnImage('tests/bench/engines.as.ts', engine);
    costs.set(engine, perSample(counts, sizes.flashBytes - (sizes.flash.shim ?? 0)));
  }
  return costs;
}

/**
 * The demo's sound engine with sixteen voices sounding, 200 blocks from the one in which all notes begin. What receives MIDI and hands frames to
 * the DMA is left out: it depends on the board.
 */
export async function measureDemo(engines: readonly ImageEngine[] = imageEngines): Promise<ReadonlyMap<ImageEngine, DemoCost>> {
  const costs = new Map<ImageEngine, DemoCost>();
  for (const engine of engines) {
    const { counts: { total, frames, worst, digest } } = await countOnImage('tests/bench/engine-blocks.as.ts', engine);
    costs.set(engine, { mean: total / frames, worst, digest });
  }
  return costs;
}

/** Text in columns, the first to the left, the others to the right. */
function columns(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')).join('\n');
}

/** @throws Error when a tool is missing */
export async function benchEngines(): Promise<BenchTable> {
  const missing = missingTools().filter((tool) => tool !== 'wasm2c');
  if (missing.length > 0) throw new Error(`${missing.join(' and ')} not installed (Debian: gcc-arm-none-eabi, qemu-system-arm)`);
  const kernels = await measureKernels();
  const demo = await measureDemo();
  const native = kernels.get('native C')!;
  const rows: BenchRow[] = [...kernels].flatMap(([engine, cost]) => [
    ...(['saw', 'filter', 'mix', 'voice'] as const).map((name) => ({
      name: `${name}, ${engine}`, value: cost[name], unit: 'instr/sample', peer: 'native C', peerValue: native[name], ratio: cost[name] / native[name],
    })),
    { name: `flash, ${engine}`, value: cost.flashBytes, unit: 'bytes', peer: 'native C', peerValue: native.flashBytes, ratio: cost.flashBytes / native.flashBytes },
  ]);
  for (const [engine, cost] of demo) {
    for (const which of ['mean', 'worst'] as const) {
      rows.push({ name: `demo, ${which}, ${engine}`, value: cost[which], unit: 'instr/frame', peer: 'cycles of a frame, F407', peerValue: FRAME_CYCLES,
        ratio: cost[which] / FRAME_CYCLES });
    }
  }
  const table = [
    'Instructions per sample and voice, 8 voices, blocks of 32 frames, on QEMU\'s Cortex-M4F; and bytes of flash that the engine takes:', '',
    columns([
      ['', 'saw', 'filter', 'mix', 'all three', 'x native', 'flash'],
      ...[...kernels].map(([engine, { saw, filter, mix, voice, flashBytes }]) => [
        engine, ...[saw, filter, mix, voice].map((n) => n.toFixed(1)), (voice / native.voice).toFixed(2), flashBytes.toLocaleString('en'),
      ]),
    ]), '',
    `The demo's sound engine, 16 voices: instructions (not cycles) a frame, beside the F407's ${FRAME_CYCLES.toLocaleString('en')} cycles a frame:`, '',
    columns([
      ['', 'mean', 'worst block', 'mean / cycles', 'worst / cycles'],
      ...[...demo].map(([engine, { mean, worst }]) => [
        engine, ...[mean, worst].map((n) => n.toFixed(0)), ...[mean, worst].map((n) => `${((100 * n) / FRAME_CYCLES).toFixed(0)} %`),
      ]),
    ]), '',
    `Aim: kernels inside ${100 * DEMO_AIM} %.`,
  ].join('\n');
  return { rows, table };
}
