// SPDX-License-Identifier: MIT
// The same TypeScript on every engine of an image, beside C by hand: executed instructions on QEMU's Cortex-M4F, which repeat exactly, and flash.

import { loadBoard } from '../../host/boards/index.js';
import type { Image, ImageOptions } from '../../host/build/image/image.js';
import type { MidiFileEvent } from '../../host/devices/midi-file.js';
import type { Elf } from '../../host/image/elf.js';
import { logOf, onQemu, piece, withImage } from '../image/demo.js';
import { missingForQemu } from '../wasm3/programs.js';
import { measureNative, parseCounts, SAMPLES, type Counts } from './aot.js';
import { columns, type BenchRow, type BenchTable } from './row.js';

const BOARD = 'mps2-an386';
/** As the synth's config.ts has it. */
const BLOCK_FRAMES = 32;
/** Of the demo on the F407: 86 MHz / 1792 (RM0090 rev 18, 28.4.4). */
const SAMPLE_RATE = 86e6 / 1792;
/** Cycles from one frame to the next on the F407, at 168 MHz. */
export const FRAME_CYCLES = Math.round(168e6 / SAMPLE_RATE);
/** The part of them that the demo with kernels is to stay within. */
export const DEMO_AIM = 0.6;

/** Engines of images, in the order in which they get slower. */
export const imageEngines = ['AOT', 'kernels', 'wasm3, tuned', 'wasm3, as it comes'] as const;
export type ImageEngine = (typeof imageEngines)[number];
const options: Readonly<Record<ImageEngine, Pick<ImageOptions, 'engine' | 'wasm3'>>> = {
  AOT: { engine: 'aot' }, kernels: { engine: 'kernels' },
  'wasm3, tuned': { engine: 'wasm3' }, 'wasm3, as it comes': { engine: 'wasm3', wasm3: 'reference' },
};

export interface KernelCost {
  /** Instructions per sample and voice of saw, filter, mix, and all three, the calls included. */
  readonly saw: number;
  readonly filter: number;
  readonly mix: number;
  readonly voice: number;
  /** Of all that was rendered: the same on every engine. */
  readonly digest: number;
  /** Bytes of flash that go with the engine, without the shim, which all have. */
  readonly flash: Readonly<Record<FlashPart, number>>;
}

/** The interpreter with its compiler; code from TypeScript or C; the module that is interpreted; libraries and initial data. */
const flashParts = ['interpreter', 'compiled', 'module', 'rest'] as const;
type FlashPart = (typeof flashParts)[number];
const sum = (flash: KernelCost['flash']): number => flashParts.reduce((bytes, part) => bytes + flash[part], 0);

export interface DemoCost {
  /** Instructions a frame: of all blocks that count, and of the worst. */
  readonly mean: number;
  readonly worst: number;
  /** Of all frames: the same on every engine. */
  readonly digest: number;
}

const perSample = ({ saw, filter, mix, voice, digest }: Counts, flash: KernelCost['flash']): KernelCost => (
  { saw: saw / SAMPLES, filter: filter / SAMPLES, mix: mix / SAMPLES, voice: voice / SAMPLES, digest, flash });

/** Lets a benchmark's firmware run to its end. @param input what lies at the board's `midi.events` */
async function countOn(image: Image, elf: Elf, input?: Uint8Array): Promise<Counts> {
  return onQemu(image, input, async (qemu) => {
    let text = '';
    await qemu.until(`${image.firmware.file} to finish`, async () => /^digest \d+\n/m.test(text = await logOf(qemu, elf)));
    return parseCounts(text, image.firmware.file);
  });
}

const buildFor = (firmware: string, engine: ImageEngine) => ({ firmware, board: loadBoard(BOARD), ...options[engine] });

/** What is compared must be the same work. @throws Error when an engine rendered other samples than the first */
function requireSameSamples(digests: readonly (readonly [engine: string, digest: number])[]): void {
  const [[first, expected]] = digests;
  const other = digests.find(([, digest]) => digest !== expected);
  if (other) throw new Error(`${other[0]} renders other samples than ${first}, so their instructions cannot be compared; tests/image/audio.spec.ts looks closer`);
}

const NATIVE = 'native C';

/**
 * Saw, filter and mix of eight voices in blocks of 32 frames.
 * @throws Error when they do not all render the same samples
 */
export async function measureKernels(): Promise<ReadonlyMap<typeof NATIVE | ImageEngine, KernelCost>> {
  const native = await measureNative();
  const costs = new Map<typeof NATIVE | ImageEngine, KernelCost>();
  costs.set(NATIVE, perSample(native.counts, { interpreter: 0, compiled: native.codeBytes, module: 0, rest: 0 }));
  for (const engine of imageEngines) {
    await withImage(buildFor('tests/bench/engines.as.ts', engine), async (image, elf) => {
      const { shim = 0, wasm3: interpreter = 0, kernels = 0, firmware = 0, module = 0 } = image.sizes.flash;
      const compiled = kernels + firmware;
      const rest = image.sizes.flashBytes - shim - interpreter - compiled - module;
      costs.set(engine, perSample(await countOn(image, elf), { interpreter, compiled, module, rest }));
    });
  }
  requireSameSamples([...costs].map(([engine, { digest }]) => [engine, digest]));
  return costs;
}

const chordMessages = [[0xc0, 16], ...Array.from({ length: 16 }, (_, i) => [0x90, 40 + 3 * i, 100])];
const chord: readonly MidiFileEvent[] = chordMessages.map((bytes) => ({ seconds: 0, bytes }));

/** What is played: messages, the seconds after which frames count, and those after which it ends. */
const scores = {
  /** A second of the middle of the demo's piece, in which up to seven keys are down, with the pedal, and released voices die away. */
  piece: { events: piece.events, from: 1, to: 2 },
  /** Sixteen voices of the organ, which sound as long as their keys are held. */
  chord: { events: chord, from: 0, to: 0.2 },
} as const;
export type Score = keyof typeof scores;

/** As engine-blocks.as.ts reads it; messages come no faster than a MIDI wire brings them: ten bits a byte at 31,250 a second. */
function scoreFile({ events, from, to }: (typeof scores)[Score]): Uint8Array {
  const words = [Math.ceil(from * SAMPLE_RATE), Math.floor(to * SAMPLE_RATE)];
  let wireFree = 0;
  for (const { seconds, bytes: [status, data1 = 0, data2 = 0], bytes } of events) {
    if (status >= 0xf0) continue;
    wireFree = Math.max(seconds, wireFree) + (10 * bytes.length) / 31_250;
    words.push(Math.ceil(wireFree * SAMPLE_RATE), status | (data1 << 8) | (data2 << 16));
  }
  return new Uint8Array(new Uint32Array([...words, 0xffff_ffff]).buffer);
}

/**
 * The demo's sound engine and the scheduler before it, by block. What receives MIDI and hands frames to the DMA is left out: it is the board's, and
 * QEMU's boards have none of it.
 * @throws Error when they do not all render the same samples
 */
export async function measureDemo(engines: readonly ImageEngine[] = imageEngines): Promise<ReadonlyMap<ImageEngine, Readonly<Record<Score, DemoCost>>>> {
  const costs = new Map<ImageEngine, Readonly<Record<Score, DemoCost>>>();
  for (const engine of engines) {
    await withImage(buildFor('tests/bench/engine-blocks.as.ts', engine), async (image, elf) => {
      const costOf = async (score: Score): Promise<DemoCost> => {
        const { total, frames, worst, digest } = await countOn(image, elf, scoreFile(scores[score]));
        return { mean: total / frames, worst: worst / BLOCK_FRAMES, digest };
      };
      costs.set(engine, { piece: await costOf('piece'), chord: await costOf('chord') });
    });
  }
  for (const score of ['piece', 'chord'] as const) requireSameSamples([...costs].map(([engine, cost]) => [engine, cost[score].digest]));
  return costs;
}


/** Empty where the tools are missing. */
export async function benchEngines(): Promise<BenchTable> {
  const missing = await missingForQemu();
  if (missing) return { rows: [], table: `engines: skipped, ${missing} (Debian: gcc-arm-none-eabi, qemu-system-arm)` };
  const kernels = await measureKernels();
  const demo = await measureDemo();
  const native = kernels.get(NATIVE)!;
  const rows: BenchRow[] = [...kernels].flatMap(([engine, cost]) => [
    ...(['saw', 'filter', 'mix', 'voice'] as const).map((name) => ({
      name: `${name}, ${engine}`, value: cost[name], unit: 'instr/sample', peer: NATIVE, peerValue: native[name], ratio: cost[name] / native[name],
    })),
    { name: `flash, ${engine}`, value: sum(cost.flash), unit: 'bytes', peer: NATIVE, peerValue: sum(native.flash), ratio: sum(cost.flash) / sum(native.flash) },
  ]);
  for (const [engine, costs] of demo) {
    for (const [score, cost] of Object.entries(costs)) {
      for (const which of ['mean', 'worst'] as const) {
        rows.push({ name: `demo's ${score}, ${which}, ${engine}`, value: cost[which], unit: 'instr/frame', peer: 'cycles of a frame, F407', peerValue: FRAME_CYCLES,
          ratio: cost[which] / FRAME_CYCLES });
      }
    }
  }
  const table = [
    'Instructions per sample and voice, 8 voices, blocks of 32 frames, on QEMU\'s Cortex-M4F; and bytes of flash without the shim:', '',
    columns([
      ['', 'saw', 'filter', 'mix', 'all three', 'x native', 'flash', ...flashParts],
      ...[...kernels].map(([engine, { saw, filter, mix, voice, flash }]) => [
        engine, ...[saw, filter, mix, voice].map((n) => n.toFixed(1)), (voice / native.voice).toFixed(2),
        ...[sum(flash), ...flashParts.map((part) => flash[part])].map((n) => n.toLocaleString('en')),
      ]),
    ]), '',
    `The demo's sound engine in blocks of ${BLOCK_FRAMES} frames: instructions (not cycles) a frame, and of the F407's ${FRAME_CYCLES.toLocaleString('en')} cycles a frame:`, '',
    columns([
      ['', 'piece, mean', '', 'worst block', '', '16 voices, mean', '', 'worst block', ''],
      ...[...demo].map(([engine, costs]) => [engine, ...[costs.piece, costs.chord].flatMap(({ mean, worst }) => [mean, worst])
        .flatMap((n) => [n.toFixed(0), `${((100 * n) / FRAME_CYCLES).toFixed(0)} %`])]),
    ]), '',
    `Aim: the demo with kernels inside ${100 * DEMO_AIM} %.`,
  ].join('\n');
  return { rows, table };
}
