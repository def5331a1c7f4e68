// SPDX-License-Identifier: MIT
// Stereo reverb in 16 KiB: four all-passes diffuse the input, then a feedback delay network of four lines, each with an all-pass inside,
// mixed by a Householder matrix (M. R. Schroeder, "Natural Sounding Artificial Reverberation", JAES 10(3), 1962; J.-M. Jot & A. Chaigne, "Digital
// Delay Networks for Designing Artificial Reverberators", 90th AES Convention, 1991).
//
// It runs at half the rate, on ticks of two frames, as the echo does; 8,192 i16 samples are 341 ms then. A stretch of up to 16 ticks
// goes through one unit after the other: every line is longer than that, so this is the same as tick by tick, and each loop is short.
// The matrix keeps energy, the gains are below 1, damping and all-passes add none, and every value stored is truncated towards zero: the energy
// in the lines, a sum of squares of integers, falls until it is 0. Units are 1/16384, ±2 saturates.

import { exp2 } from "./tuning";

/** Bytes of the lines of one reverb. */
export const REVERB_BYTES: i32 = 16384;

const UNIT: f32 = 16384;
const CHUNK_FRAMES: i32 = 32;
const CHUNK_BYTES: i32 = 64; // 16 ticks of f32
const SILENCE: f32 = 0.001;
const DIFFUSION: f32 = 0.65;
const INNER_DIFFUSION: f32 = 0.5;

// Lengths in ticks, primes, so that their echoes meet late; 7,984 in all.
const D1 = 89, D2 = 139, D3 = 211, D4 = 337; // input all-passes
const A1 = 223, A2 = 307, A3 = 379, A4 = 461; // all-passes inside the lines
const L1 = 1129, L2 = 1327, L3 = 1571, L4 = 1811; // lines

/** One delay of fixed length: it is read and then written at its position. */
// @ts-ignore: decorator
@unmanaged
class Line {
  position: usize;
  end: usize;
  /** What of the line's output goes on, and the low-pass it passes; for the four lines of the network. */
  gain: f32 = 0;
  low: f32 = 0;
  constructor(public start: usize, ticks: i32) {
    this.position = start;
    this.end = start + (<usize>ticks << 1);
  }
}

// @ts-ignore: decorator
@unmanaged
export class Reverb {
  damping: f32 = 1;
  inputGain: f32 = 0;
  /** 1 when the first frame of a tick is in `pending`. */
  odd: i32 = 0;
  pending: f32 = 0;
  left: f32 = 0;
  right: f32 = 0;
  d1: Line;
  d2: Line;
  d3: Line;
  d4: Line;
  a1: Line;
  a2: Line;
  a3: Line;
  a4: Line;
  l1: Line;
  l2: Line;
  l3: Line;
  l4: Line;
  /** Six chunks of ticks: input (then left), the four lines, right. */
  chunks: usize = heap.alloc(6 * CHUNK_BYTES);
  /** @param memory REVERB_BYTES bytes of silence, 2-aligned */
  constructor(memory: usize) {
    const d1 = new Line(memory, D1);
    const d2 = new Line(d1.end, D2);
    const d3 = new Line(d2.end, D3);
    const d4 = new Line(d3.end, D4);
    const a1 = new Line(d4.end, A1);
    const a2 = new Line(a1.end, A2);
    const a3 = new Line(a2.end, A3);
    const a4 = new Line(a3.end, A4);
    const l1 = new Line(a4.end, L1);
    const l2 = new Line(l1.end, L2);
    const l3 = new Line(l2.end, L3);
    const l4 = new Line(l3.end, L4);
    this.d1 = d1;
    this.d2 = d2;
    this.d3 = d3;
    this.d4 = d4;
    this.a1 = a1;
    this.a2 = a2;
    this.a3 = a3;
    this.a4 = a4;
    this.l1 = l1;
    this.l2 = l2;
    this.l3 = l3;
    this.l4 = l4;
  }
}

/**
 * @param decayFrames frames in which low notes fall by 60 dB, 1 and up
 * @param damping coefficient of the low-pass in each line, 1 none .. 0.05 dark: 1 - exp(-4 pi f / fs)
 */
export function setReverb(reverb: Reverb, decayFrames: f32, damping: f32): void {
  // 60 dB are 2^9.9658; a tick is two frames; an all-pass delays by its length on average.
  const perTick: f32 = -19.931569 / max<f32>(decayFrames, 1);
  reverb.l1.gain = exp2(max<f32>(perTick * <f32>(A1 + L1), -100));
  reverb.l2.gain = exp2(max<f32>(perTick * <f32>(A2 + L2), -100));
  reverb.l3.gain = exp2(max<f32>(perTick * <f32>(A3 + L3), -100));
  reverb.l4.gain = exp2(max<f32>(perTick * <f32>(A4 + L4), -100));
  reverb.damping = max<f32>(min<f32>(damping, 1), 0.05);
  // A long tail gathers more energy: keep the level of steady input about the same. 1 - g² is what each pass loses.
  reverb.inputGain = 0.5 * sqrt<f32>(max<f32>(1 - reverb.l2.gain * reverb.l2.gain, 0.01));
}

/** Truncated towards zero, saturated. */
// @ts-ignore: decorator
@inline
function put(at: usize, value: f32): void {
  store<i16>(at, <i16>(<i32>max<f32>(min<f32>(value, 32767), -32768)));
}

/** Sends a chunk through an all-pass, in place. */
function allpass(line: Line, chunk: usize, ticks: i32, coefficient: f32): void {
  const end = chunk + (<usize>ticks << 2);
  const lineEnd = line.end;
  let at = line.position;
  while (chunk < end) {
    const stored = <f32>(<i32>load<i16>(at));
    const v = load<f32>(chunk) - coefficient * stored;
    put(at, v);
    store<f32>(chunk, stored + coefficient * v);
    at += 2;
    at = at == lineEnd ? line.start : at;
    chunk += 4;
  }
  line.position = at;
}

/** Reads the next ticks of a line, damped and weakened, into a chunk; `writeLine` then puts new ones in their place. */
function readLine(line: Line, chunk: usize, ticks: i32, damping: f32): void {
  const end = chunk + (<usize>ticks << 2);
  const lineEnd = line.end;
  const gain = line.gain;
  let low = line.low;
  let at = line.position;
  while (chunk < end) {
    low += damping * (<f32>(<i32>load<i16>(at)) - low);
    low = abs<f32>(low) < SILENCE ? 0 : low;
    store<f32>(chunk, low * gain);
    at += 2;
    at = at == lineEnd ? line.start : at;
    chunk += 4;
  }
  line.low = low;
}

function writeLine(line: Line, chunk: usize, ticks: i32): void {
  const end = chunk + (<usize>ticks << 2);
  const lineEnd = line.end;
  let at = line.position;
  while (chunk < end) {
    put(at, load<f32>(chunk));
    at += 2;
    at = at == lineEnd ? line.start : at;
    chunk += 4;
  }
  line.position = at;
}

/** Runs the network for the ticks in the first chunk; leaves left and right, as f32 audio, in the first and the last. */
function runTicks(reverb: Reverb, chunks: usize, ticks: i32): void {
  allpass(reverb.d1, chunks, ticks, DIFFUSION);
  allpass(reverb.d2, chunks, ticks, DIFFUSION);
  allpass(reverb.d3, chunks, ticks, DIFFUSION);
  allpass(reverb.d4, chunks, ticks, DIFFUSION);
  readLine(reverb.l1, chunks + CHUNK_BYTES, ticks, reverb.damping);
  readLine(reverb.l2, chunks + 2 * CHUNK_BYTES, ticks, reverb.damping);
  readLine(reverb.l3, chunks + 3 * CHUNK_BYTES, ticks, reverb.damping);
  readLine(reverb.l4, chunks + 4 * CHUNK_BYTES, ticks, reverb.damping);
  const end = chunks + (<usize>ticks << 2);
  for (let at = chunks; at < end; at += 4) {
    const y1 = load<f32>(at, CHUNK_BYTES);
    const y2 = load<f32>(at, 2 * CHUNK_BYTES);
    const y3 = load<f32>(at, 3 * CHUNK_BYTES);
    const y4 = load<f32>(at, 4 * CHUNK_BYTES);
    // Householder: each minus half the sum; and the input to all.
    const shared = load<f32>(at) - 0.5 * (y1 + y2 + y3 + y4);
    store<f32>(at, (y1 - y3) * (1 / UNIT));
    store<f32>(at, y1 + shared, CHUNK_BYTES);
    store<f32>(at, y2 + shared, 2 * CHUNK_BYTES);
    store<f32>(at, y3 + shared, 3 * CHUNK_BYTES);
    store<f32>(at, y4 + shared, 4 * CHUNK_BYTES);
    store<f32>(at, (y2 - y4) * (1 / UNIT), 5 * CHUNK_BYTES);
  }
  allpass(reverb.a1, chunks + CHUNK_BYTES, ticks, INNER_DIFFUSION);
  allpass(reverb.a2, chunks + 2 * CHUNK_BYTES, ticks, INNER_DIFFUSION);
  allpass(reverb.a3, chunks + 3 * CHUNK_BYTES, ticks, INNER_DIFFUSION);
  allpass(reverb.a4, chunks + 4 * CHUNK_BYTES, ticks, INNER_DIFFUSION);
  writeLine(reverb.l1, chunks + CHUNK_BYTES, ticks);
  writeLine(reverb.l2, chunks + 2 * CHUNK_BYTES, ticks);
  writeLine(reverb.l3, chunks + 3 * CHUNK_BYTES, ticks);
  writeLine(reverb.l4, chunks + 4 * CHUNK_BYTES, ticks);
}

/** Adds what one channel's ticks give to a block: the middle between two ticks, then the tick itself. Returns the last tick. */
// @ts-ignore: decorator
@inline
function spread(ticks: usize, out: usize, frameCount: i32, odd: i32, now: f32): f32 {
  const end = out + (<usize>frameCount << 2);
  while (out < end) {
    if (odd) {
      const next = load<f32>(ticks);
      store<f32>(out, load<f32>(out) + (now + next) * 0.5);
      now = next;
      ticks += 4;
    } else {
      store<f32>(out, load<f32>(out) + now);
    }
    odd ^= 1;
    out += 4;
  }
  return now;
}

/** Adds the reverberation of a mono block to `left` and `right`. */
export function addReverb(reverb: Reverb, input: usize, left: usize, right: usize, frameCount: i32): void {
  const chunks = reverb.chunks;
  const gain: f32 = reverb.inputGain * (UNIT / 2);
  while (frameCount > 0) {
    const count = min<i32>(frameCount, CHUNK_FRAMES);
    const end = input + (<usize>count << 2);
    const startOdd = reverb.odd;
    let odd = startOdd;
    let pending = reverb.pending;
    let tick = chunks;
    while (input < end) {
      const x = load<f32>(input);
      if (odd) {
        store<f32>(tick, (pending + x) * gain);
        tick += 4;
      } else {
        pending = x;
      }
      odd ^= 1;
      input += 4;
    }
    reverb.odd = odd;
    reverb.pending = pending;
    if (tick != chunks) runTicks(reverb, chunks, <i32>(tick - chunks) >> 2);
    reverb.left = spread(chunks, left, count, startOdd, reverb.left);
    reverb.right = spread(chunks + 5 * CHUNK_BYTES, right, count, startOdd, reverb.right);
    left += <usize>count << 2;
    right += <usize>count << 2;
    frameCount -= count;
  }
}
