// SPDX-License-Identifier: MIT
// What the report's plots are drawn from: a run's record brought down to some thousand points, packed into text. Shared by both ends.

import type { HeardNote } from './midi-to-audio.js';
import { pack, packNotes, type Packed, type PackedLoad, type PackedNotes } from './page/packed.js';
import { type BlockRecord, cyclesPerFrameOfBlocks } from './recorder.js';
import type { RunResult } from './run-result.js';
import { frameCount, type SentAudio } from './sent-audio.js';

export interface ReportData {
  /** Length of the time axis. Times are seconds since reset. */
  readonly seconds: number;
  readonly blockFrames: number;
  /** Core cycles from one frame to the next. */
  readonly budget: number;
  readonly load: PackedLoad & { readonly blocksPerPoint: number };
  readonly notes: PackedNotes;
  readonly audio: {
    readonly time: Packed; // f32
    /** Largest magnitude, 0 to 255 for full scale: u8. */
    readonly left: Packed;
    readonly right: Packed;
  };
  /** Blocks by cycles per frame: counts[i] for [i, i + 1) · width. */
  readonly histogram: { readonly width: number; readonly counts: readonly number[] };
}

/** Points of the load plot: at 32 frames a block, a minute and a half come down to a point every 6 ms. */
const MAX_LOAD_POINTS = 16_384;
const MAX_AUDIO_POINTS = 8192;
const HISTOGRAM_BINS = 100;

function load(blocks: BlockRecord, values: Float64Array, coreHertz: number): ReportData['load'] {
  const blocksPerPoint = Math.max(1, Math.ceil(blocks.count / MAX_LOAD_POINTS));
  const points = Math.ceil(blocks.count / blocksPerPoint);
  const time = new Float32Array(points);
  const mean = new Float32Array(points);
  const max = new Float32Array(points);
  const voices = new Uint8Array(points);
  for (let p = 0; p < points; p++) {
    const from = p * blocksPerPoint;
    const to = Math.min(blocks.count, from + blocksPerPoint);
    time[p] = blocks.boundaryCycles[from] / coreHertz;
    for (let i = from; i < to; i++) {
      mean[p] += values[i] / (to - from);
      max[p] = Math.max(max[p], values[i]);
      voices[p] = Math.max(voices[p], blocks.voices[i]);
    }
  }
  return { blocksPerPoint, time: pack(time), mean: pack(mean), max: pack(max), voices: pack(voices) };
}

function envelope(audio: SentAudio, coreHertz: number): ReportData['audio'] {
  const { samples, fullScale } = audio;
  const frames = frameCount(audio);
  const points = Math.min(MAX_AUDIO_POINTS, frames);
  const time = new Float32Array(points);
  const sides = [new Uint8Array(points), new Uint8Array(points)];
  for (let p = 0; p < points; p++) {
    const from = Math.floor((p * frames) / points);
    const to = Math.floor(((p + 1) * frames) / points);
    time[p] = audio.frameCycle(from) / coreHertz;
    for (const [side, peaks] of sides.entries()) {
      let peak = 0;
      for (let i = 2 * from + side; i < 2 * to; i += 2) peak = Math.max(peak, Math.abs(samples[i]));
      peaks[p] = Math.ceil((peak / fullScale) * 255); // anything but silence shows
    }
  }
  return { time: pack(time), left: pack(sides[0]), right: pack(sides[1]) };
}

function histogram(values: Float64Array, budget: number): ReportData['histogram'] {
  const width = budget / HISTOGRAM_BINS; // 0 only when there is no block
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of values) counts[Math.min(HISTOGRAM_BINS - 1, Math.floor(value / width))]++;
  return { width, counts };
}

/** Brings a run's record down to what can be drawn. Maxima stay maxima: no late block or overload is averaged away. */
export function reportData(result: RunResult, blocks: BlockRecord, notes: readonly HeardNote[], audio: SentAudio): ReportData {
  const { seconds, coreHertz, blockFrames, cyclesPerFrame: { budget } } = result;
  const values = cyclesPerFrameOfBlocks(blocks, budget);
  return {
    seconds, blockFrames, budget,
    load: load(blocks, values, coreHertz),
    notes: packNotes(notes.map(({ onCycle, offCycle, ...note }) => ({ ...note, start: onCycle / coreHertz, end: Math.min(seconds, offCycle / coreHertz) }))),
    audio: envelope(audio, coreHertz),
    histogram: histogram(values, budget),
  };
}
