// SPDX-License-Identifier: MIT
// Stereo reverb in 16 KiB: four all-passes diffuse the input, then a feedback delay network of four lines, each with an all-pass inside,
// mixed by a Householder matrix (M. R. Schroeder, "Natural Sounding Artificial Reverberation", JAES 10(3), 1962; J.-M. Jot & A. Chaigne, "Digital
// Delay Networks for Designing Artificial Reverberators", 90th AES Convention, 1991).
//
// It runs at half the rate, on ticks of two frames, as the echo does; 8,192 i16 samples are 341 ms then. Ticks are worked off in runs in which no
// line comes to its end, so that one offset serves all lines. The matrix keeps energy, the gains are below 1, damping and all-passes add none, and every value stored is truncated towards zero: the energy
// in the lines, a sum of squares of integers, falls until it is 0. Units are 1/16384, ±2 saturates.

import { truncated16 } from "./block";
import { exp2 } from "./tuning";

/** Bytes of the lines of one reverb. */
export const REVERB_BYTES: i32 = 16384;

const UNIT: f32 = 16384;
const CHUNK_FRAMES: i32 = 32;
const CHUNK_BYTES: usize = 64; // 16 ticks of f32
const SILENCE: f32 = 0.001;
const DIFFUSION: f32 = 0.65;
const INNER_DIFFUSION: f32 = 0.5;

// Lengths in ticks, primes, so that their echoes meet late; 7,984 in all.
const D1 = 89, D2 = 139, D3 = 211, D4 = 337; // input all-passes
const A1 = 223, A2 = 307, A3 = 379, A4 = 461; // all-passes inside the lines
const L1 = 1129, L2 = 1327, L3 = 1571, L4 = 1811; // lines

/** One delay of fixed length: it is read and then written at its position. */
@unmanaged
class Line {
  position: usize;
  end: usize;
  /** For the four lines of the network: what of the output goes round again, and the state of the low-pass that it passes first. */
  gain: f32 = 0;
  low: f32 = 0;
  constructor(public start: usize, ticks: i32) {
    this.position = start;
    this.end = start + (<usize>ticks << 1);
  }
}

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
  /** Two chunks of ticks: what goes in, then comes out left; and what comes out right. */
  chunks: usize = heap.alloc(2 * CHUNK_BYTES);
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
  store<i16>(at, truncated16(value));
}

/** One tick of an all-pass whose line is at `at`. */
// @ts-ignore: decorator
@inline
function allpass(at: usize, x: f32, coefficient: f32): f32 {
  const stored = <f32>(<i32>load<i16>(at));
  const v = x - coefficient * stored;
  put(at, v);
  return stored + coefficient * v;
}

/** How many ticks until the line comes to its end. */
// @ts-ignore: decorator
@inline
function room(line: Line): i32 {
  return <i32>(line.end - line.position) >> 1;
}

// @ts-ignore: decorator
@inline
function move(line: Line, ticks: i32): void {
  line.position += <usize>ticks << 1;
  if (line.position == line.end) {
    line.position = line.start;
    // The place for this: it comes at the same tick however blocks are cut.
    if (abs<f32>(line.low) < SILENCE) line.low = 0;
  }
}

/** The input all-passes, in place. */
// @ts-ignore: decorator
@inline
function diffuse(reverb: Reverb, chunk: usize, ticks: i32): void {
  const d1 = reverb.d1;
  const d2 = reverb.d2;
  const d3 = reverb.d3;
  const d4 = reverb.d4;
  // Each of the delay lines comes to its end once. @bound(5)
  while (ticks > 0) {
    const run = min<i32>(min<i32>(min<i32>(room(d1), room(d2)), min<i32>(room(d3), room(d4))), ticks);
    const at1 = d1.position;
    const at2 = d2.position;
    const at3 = d3.position;
    const at4 = d4.position;
    const end = <usize>run << 1;
    let offset: usize = 0;
    // @uses(2 of frameCount + 1)
    do {
      const x = allpass(at2 + offset, allpass(at1 + offset, load<f32>(chunk), DIFFUSION), DIFFUSION);
      store<f32>(chunk, allpass(at4 + offset, allpass(at3 + offset, x, DIFFUSION), DIFFUSION));
      offset += 2;
      chunk += 4;
    } while (offset != end);
    move(d1, run);
    move(d2, run);
    move(d3, run);
    move(d4, run);
    ticks -= run;
  }
}

/** The network: takes a chunk in, leaves the left side in its place and the right one in the chunk after it. */
// @ts-ignore: decorator
@inline
function circulate(reverb: Reverb, chunk: usize, ticks: i32): void {
  const a1 = reverb.a1;
  const a2 = reverb.a2;
  const a3 = reverb.a3;
  const a4 = reverb.a4;
  const l1 = reverb.l1;
  const l2 = reverb.l2;
  const l3 = reverb.l3;
  const l4 = reverb.l4;
  const gain1 = l1.gain;
  const gain2 = l2.gain;
  const gain3 = l3.gain;
  const gain4 = l4.gain;
  const damping = reverb.damping;
  // @bound(9)
  while (ticks > 0) {
    const run = min<i32>(
      min<i32>(min<i32>(min<i32>(room(a1), room(a2)), min<i32>(room(a3), room(a4))), min<i32>(min<i32>(room(l1), room(l2)), min<i32>(room(l3), room(l4)))),
      ticks,
    );
    const inner1 = a1.position;
    const inner2 = a2.position;
    const inner3 = a3.position;
    const inner4 = a4.position;
    const line1 = l1.position;
    const line2 = l2.position;
    const line3 = l3.position;
    const line4 = l4.position;
    let low1 = l1.low;
    let low2 = l2.low;
    let low3 = l3.low;
    let low4 = l4.low;
    const end = <usize>run << 1;
    let offset: usize = 0;
    // @uses(2 of 1 + frameCount)
    do {
      low1 += damping * (<f32>(<i32>load<i16>(line1 + offset)) - low1);
      low2 += damping * (<f32>(<i32>load<i16>(line2 + offset)) - low2);
      low3 += damping * (<f32>(<i32>load<i16>(line3 + offset)) - low3);
      low4 += damping * (<f32>(<i32>load<i16>(line4 + offset)) - low4);
      const y1 = low1 * gain1;
      const y2 = low2 * gain2;
      const y3 = low3 * gain3;
      const y4 = low4 * gain4;
      // Householder: each minus half the sum; and the input to all.
      const shared = load<f32>(chunk) - 0.5 * (y1 + y2 + y3 + y4);
      store<f32>(chunk, (y1 - y3) * (1 / UNIT));
      store<f32>(chunk, (y2 - y4) * (1 / UNIT), CHUNK_BYTES);
      put(line1 + offset, allpass(inner1 + offset, y1 + shared, INNER_DIFFUSION));
      put(line2 + offset, allpass(inner2 + offset, y2 + shared, INNER_DIFFUSION));
      put(line3 + offset, allpass(inner3 + offset, y3 + shared, INNER_DIFFUSION));
      put(line4 + offset, allpass(inner4 + offset, y4 + shared, INNER_DIFFUSION));
      offset += 2;
      chunk += 4;
    } while (offset != end);
    l1.low = low1;
    l2.low = low2;
    l3.low = low3;
    l4.low = low4;
    move(a1, run);
    move(a2, run);
    move(a3, run);
    move(a4, run);
    move(l1, run);
    move(l2, run);
    move(l3, run);
    move(l4, run);
    ticks -= run;
  }
}

/** Adds one side's ticks to a block: in the second frame of a pair the middle between the last tick and this, in the next frame this. Returns the last tick. */
// @ts-ignore: decorator
@inline
function spread(ticks: usize, out: usize, frameCount: i32, odd: i32, now: f32): f32 {
  if (odd) {
    const next = load<f32>(ticks);
    store<f32>(out, load<f32>(out) + (now + next) * 0.5);
    now = next;
    ticks += 4;
    out += 4;
    frameCount--;
  }
  const end = out + (<usize>(frameCount & ~1) << 2);
  // @bound(frameCount / 2)
  while (out < end) {
    store<f32>(out, load<f32>(out) + now);
    const next = load<f32>(ticks);
    store<f32>(out, load<f32>(out, 4) + (now + next) * 0.5, 4);
    now = next;
    ticks += 4;
    out += 8;
  }
  if (frameCount & 1) store<f32>(out, load<f32>(out) + now);
  return now;
}

/** Adds the reverberation of a mono block to `left` and `right`. */
// @ts-ignore: decorator
@native
export function addReverb(reverb: Reverb, input: usize, left: usize, right: usize, frameCount: i32): void {
  const chunk = reverb.chunks;
  const gain: f32 = reverb.inputGain * (UNIT / 2);
  // @bound((frameCount + CHUNK_FRAMES - 1) / CHUNK_FRAMES)
  while (frameCount > 0) {
    const count = min<i32>(frameCount, CHUNK_FRAMES);
    const inputEnd = input + (<usize>count << 2);
    const odd = reverb.odd;
    let tick = chunk;
    if (odd) {
      store<f32>(tick, (reverb.pending + load<f32>(input)) * gain);
      input += 4;
      tick += 4;
    }
    while (input + 4 < inputEnd) {
      store<f32>(tick, (load<f32>(input) + load<f32>(input, 4)) * gain);
      input += 8;
      tick += 4;
    }
    reverb.odd = input < inputEnd ? 1 : 0;
    if (input < inputEnd) {
      reverb.pending = load<f32>(input);
      input += 4;
    }
    const ticks = <i32>(tick - chunk) >> 2;
    diffuse(reverb, chunk, ticks);
    circulate(reverb, chunk, ticks);
    reverb.left = spread(chunk, left, count, odd, reverb.left);
    reverb.right = spread(chunk + CHUNK_BYTES, right, count, odd, reverb.right);
    left += <usize>count << 2;
    right += <usize>count << 2;
    frameCount -= count;
  }
}
