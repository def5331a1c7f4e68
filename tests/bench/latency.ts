// SPDX-License-Identifier: MIT
// How late sound is: the demo's image on the emulated core, by board, engine and block size, beside what block size and clocks give, and beside the
// latencies that a published table claims for chips that are no boards here.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listBoards, loadBoard, type Stm32Board } from '../../host/boards/index.js';
import { sampleRateOf } from '../../host/build/board-module.js';
import { CompileError } from '../../host/build/compile.js';
import { engineNames, type EngineName } from '../../host/build/image/engine-names.js';
import { buildImage, type Image } from '../../host/build/image/image.js';
import type { MidiFileEvent } from '../../host/devices/midi-file.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { resultOf } from '../../host/emulator/result.js';
import { MIDI_START_SECONDS } from '../../host/emulator/session.js';
import { packageRoot } from '../../host/paths.js';
import { without } from '../../host/testing/needs.js';
import { columns, type BenchRow, type BenchTable } from './row.js';

export const BLOCK_SIZES = [16, 32, 64] as const;

/** "Audio Latency Benchmarks" of the reference that the project measures itself by: a buffer's frames, and the most that they are said to take. */
export const CLAIMS = [
  { platform: 'STM32H7, bare metal, DMA and I2S', frames: 32, ms: 0.5 },
  { platform: 'Teensy 4.0, its audio library', frames: 16, ms: 0.2 },
] as const;
/** The same reference's rule for interrupt handlers. */
export const ISR_LIMIT_US = 10;

/**
 * Frames that are on their way between the ring and the wire, at most: the DMA's FIFO of 16 bytes holds four (RM0090, 10.3.12), the I2S's data
 * register and its shift register a sample each (28.4.4), which are one.
 */
const READ_AHEAD_FRAMES = 5;

/** Renders a block; the other handlers are the ones that have to be short. */
const RENDERER = 'PendSV';

export interface Latency {
  /** Least and most from a note's last byte to its first frame on I2S, in ms; undefined when no note sounded in time. */
  readonly midiToAudio: { readonly notes: number; readonly minMs: number; readonly maxMs: number } | undefined;
  /** Most from the boundary at which a block's rendering is asked for to its first frame on I2S, in ms. */
  readonly bufferMs: number;
  /** The longest run of a handler that does not render, without what pre-empted it. */
  readonly isr: { readonly vector: string; readonly us: number };
  /** Most of a block's time that was spent awake. */
  readonly busiest: number;
  readonly lateBlocks: number;
  readonly blocks: number;
}

/** What block size and sample rate give, in ms. */
export function calculated(blockFrames: number, sampleRate: number): { block: number; buffer: readonly [number, number]; midiToAudio: readonly [number, number] } {
  const ms = (frames: number): number => (frames / sampleRate) * 1000;
  return {
    block: ms(blockFrames),
    // A block is rendered while the one before it plays; the DMA reads it as much earlier than it sounds as there is on the way.
    buffer: [ms(blockFrames), ms(blockFrames + READ_AHEAD_FRAMES)],
    // Two blocks after the frame in which the last byte ended, wherever in that frame.
    midiToAudio: [ms(2 * blockFrames), ms(2 * blockFrames + 1)],
  };
}

/** Notes with digital silence between them at times that fall anywhere in a block, then sixteen voices that go on to the end. */
const NOTES = 6;
const NOTE_SECONDS = 0.1803;
const CHORD_SECONDS = NOTES * NOTE_SECONDS;
const END_SECONDS = CHORD_SECONDS + 0.3;
const CHORD_VOICES = 16;
const score: readonly MidiFileEvent[] = [
  // Reverb, chorus and delay off, so that a note's end is an end.
  ...[91, 93, 94].map((controller) => ({ seconds: 0, bytes: [0xb0, controller, 0] })),
  { seconds: 0, bytes: [0xc0, 16] },
  ...Array.from({ length: NOTES }, (_, i) => [
    { seconds: 0.01 + i * NOTE_SECONDS, bytes: [0x90, 60 + i, 100] },
    { seconds: 0.03 + i * NOTE_SECONDS, bytes: [0x80, 60 + i, 64] },
    { seconds: 0.04 + i * NOTE_SECONDS, bytes: [0xb0, 120, 0] },
  ]).flat(),
  ...Array.from({ length: CHORD_VOICES }, (_, i) => ({ seconds: CHORD_SECONDS, bytes: [0x90, 40 + 3 * i, 100] })),
];

/** The demo's sources in `directory`, built for another block size; they take the library from the package, as a project's do. @returns its file */
async function demoFor(blockFrames: number, directory: string): Promise<string> {
  const from = join(packageRoot, 'assembly', 'firmware');
  for (const file of ['synth.ts', 'synth']) await cp(join(from, file), join(directory, file), { recursive: true });
  await writeFile(join(directory, 'package.json'), '{}');
  const edit = async (file: string, change: (text: string) => string): Promise<void> => {
    const path = join(directory, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  };
  await edit('synth.ts', (text) => text.replaceAll('"../', '"tonewheel/assembly/'));
  for (const file of await readdir(join(directory, 'synth'))) await edit(join('synth', file), (text) => text.replaceAll('"../../', '"tonewheel/assembly/'));
  await edit('synth/config.ts', (text) => {
    const size = /(BLOCK_FRAMES: i32 = )\d+/;
    if (!size.test(text)) throw new Error('the demo\'s config.ts has no BLOCK_FRAMES');
    return text.replace(size, `$1${blockFrames}`);
  });
  return join(directory, 'synth.ts');
}

/** Plays the score on an image. @throws EmulationError when the firmware faults */
async function measureImage(image: Image): Promise<Latency> {
  const board = new ImageBoard(image, {});
  board.midi.play(score, MIDI_START_SECONDS);
  board.run(MIDI_START_SECONDS + END_SECONDS);
  await board.check();
  const { midiToAudio: { notes, minMs, maxMs }, isr, coreHertz, cyclesPerFrame, lateBlocks, blockFrames } = resultOf(board, null);
  const { boundaryCycles, count } = board.recorder.blocks();
  let bufferCycles = 0;
  // At boundary i block i has been read, and block i + 2 is rendered into its place.
  for (let i = 0; i < count && (i + 2) * blockFrames < board.audio.frames; i++) {
    bufferCycles = Math.max(bufferCycles, board.audio.cycleOf((i + 2) * blockFrames) - boundaryCycles[i]);
  }
  const [vector, { maxCycles }] = Object.entries(isr).filter(([name]) => name !== RENDERER).sort((a, b) => b[1].maxCycles - a[1].maxCycles)[0];
  return {
    midiToAudio: notes === 0 ? undefined : { notes, minMs: minMs!, maxMs: maxMs! },
    bufferMs: (bufferCycles / coreHertz) * 1000,
    isr: { vector, us: (maxCycles / coreHertz) * 1e6 },
    busiest: cyclesPerFrame.max / cyclesPerFrame.budget, lateBlocks, blocks: count,
  };
}

/** Measures a board with an engine at a block size. @returns the reason when the demo cannot be built so */
export async function measureLatency(board: Stm32Board, engine: EngineName, blockFrames: number): Promise<Latency | string> {
  const directory = await mkdtemp(join(tmpdir(), 'tonewheel-latency-'));
  try {
    const firmware = await demoFor(blockFrames, directory);
    return await measureImage(await buildImage({ board, engine, firmware, out: join(directory, 'image'), onTrap: 'halt' }));
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return 'does not fit the board\'s RAM';
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const ms = (value: number): string => value.toFixed(3);
const range = ([min, max]: readonly [number, number]): string => `${ms(min)}-${ms(max)}`;

function tableLine(board: Stm32Board, engine: EngineName, blockFrames: number, measured: Latency | string): string[] {
  const { block, buffer, midiToAudio } = calculated(blockFrames, sampleRateOf(board));
  const head = [board.name, engine, String(blockFrames), ms(block), range(buffer), range(midiToAudio)];
  if (typeof measured === 'string') return [...head, '-', measured, '', '', '', ''];
  const { midiToAudio: heard, bufferMs, isr, busiest, lateBlocks, blocks } = measured;
  return [
    ...head, ms(bufferMs), heard ? `${range([heard.minMs, heard.maxMs])}` : 'no note in time', `${isr.us.toFixed(1)} ${isr.vector}`,
    isr.us <= ISR_LIMIT_US ? 'yes' : 'NO', `${Math.round(100 * busiest)} %`, lateBlocks === 0 ? '0' : `${lateBlocks} of ${blocks}`,
  ];
}

function rowsOf(board: Stm32Board, engine: EngineName, blockFrames: number, measured: Latency): BenchRow[] {
  const { buffer, midiToAudio } = calculated(blockFrames, sampleRateOf(board));
  const where = `${board.name}, ${engine}, ${blockFrames} frames`;
  const row = (name: string, value: number, unit: string, peer: string, peerValue: number): BenchRow => (
    { name: `${name}: ${where}`, value, unit, peer, peerValue, ratio: value / peerValue });
  const heard = measured.midiToAudio;
  return [
    ...(heard ? [row('MIDI to audio, most', heard.maxMs, 'ms', 'calculated, most', midiToAudio[1])] : []),
    row('audio buffer, most', measured.bufferMs, 'ms', 'calculated, most', buffer[1]),
    row(`longest handler (${measured.isr.vector})`, measured.isr.us, 'us', 'limit', ISR_LIMIT_US),
    row('late blocks', measured.lateBlocks, 'blocks', 'of', measured.blocks),
  ];
}

/** A claim beside what its own number of frames lasts: a buffer cannot be heard sooner than it has been played. */
function claimLines(): string[][] {
  return CLAIMS.map(({ platform, frames, ms: most }) => {
    const at = (rate: number): string => `${ms((frames / rate) * 1000)}`;
    return [platform, String(frames), `< ${most}`, at(44_100), at(48_000), at(96_000), `${(frames / most).toFixed(0)} kHz`, 'missing: no board here'];
  });
}

/** Empty where the tools are missing. */
export async function benchLatency(): Promise<BenchTable> {
  const missing = without('arm-none-eabi-gcc');
  if (missing) return { rows: [], table: `latency: skipped, ${missing} (Debian: gcc-arm-none-eabi)` };
  const rows: BenchRow[] = [];
  const lines: string[][] = [];
  const others: string[] = [];
  for (const board of listBoards().map(loadBoard)) {
    if (board.family === 'mps2') {
      others.push(`${board.name}: missing. QEMU plays it slower than a board would, without I2S, and counts instructions, no cycles.`);
      continue;
    }
    for (const engine of [...engineNames].reverse()) {
      for (const blockFrames of BLOCK_SIZES) {
        const measured = await measureLatency(board, engine, blockFrames);
        if (typeof measured !== 'string') rows.push(...rowsOf(board, engine, blockFrames, measured));
        lines.push(tableLine(board, engine, blockFrames, measured));
      }
    }
  }
  const table = [
    'Latency of the demo. Calculated (c): from block size and sample rate. Measured (m): its image on the emulated core, CPU arm, single notes that come',
    `in silence and then ${CHORD_VOICES} voices at once. Times in ms, to the first bit on I2S; the filters of the DAC come on top (its data sheet).`, '',
    columns([
      ['board', 'engine', 'frames', 'block (c)', 'buffer (c)', 'MIDI to audio (c)', 'buffer (m)', 'MIDI to audio (m)', 'longest ISR, us (m)', `<= ${ISR_LIMIT_US} us`, 'busiest block (m)', 'late blocks (m)'],
      ...lines,
    ]), '',
    ...others, '',
    'buffer: from the boundary at which a block\'s rendering is asked for to its first frame on the wire: one block, and what the DMA\'s FIFO and I2S hold.',
    'MIDI to audio: from the end of a note\'s last byte: two blocks and the rest of a frame, so that notes keep their distances; an attack that rises from 0 is heard a frame later.',
    'MIDI to audio beside late blocks is of the notes that did come in time.',
    `longest ISR: of the handlers that do not render (${RENDERER} does, at the lowest priority), without what pre-empted it.`, '',
    'Claimed elsewhere, for chips that are no boards here, so that nothing of theirs is measured; what their buffer lasts is calculated:', '',
    columns([['', 'frames', 'claimed, ms', 'at 44.1 kHz (c)', 'at 48 kHz (c)', 'at 96 kHz (c)', 'holds from (c)', 'measured'], ...claimLines()]),
  ].join('\n');
  return { rows, table };
}
