// SPDX-License-Identifier: MIT
// Stereo reverb in 16 KiB: four all-passes diffuse the input, then a feedback delay network of four lines, each with an all-pass inside,
// mixed by a Householder matrix (M. R. Schroeder, "Natural Sounding Artificial Reverberation", JAES 10(3), 1962; J.-M. Jot & A. Chaigne, "Digital
// Delay Networks for Designing Artificial Reverberators", 90th AES Convention, 1991).
//
// It runs at half the rate, on ticks of two frames, as the echo does; 8,192 i16 samples are 341 ms then. All delays are stretches of one circle of memory, at
// whose joints one delay is read just before the next one is written. So all move by one position, and of 16 ticks, which are less than the shortest
// delay, at most one lies across the circle's end: they are worked off in two runs at most, in which one offset serves all. The matrix keeps energy, the gains are below 1, damping and all-passes add none, and every value stored is truncated towards zero: the energy
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

// Where the delays meet: how far behind the position, in bytes.
const D1_END = 2 * D1;
const D2_END = D1_END + 2 * D2;
const D3_END = D2_END + 2 * D3;
const D4_END = D3_END + 2 * D4;
const A1_END = D4_END + 2 * A1;
const L1_END = A1_END + 2 * L1;
const A2_END = L1_END + 2 * A2;
const L2_END = A2_END + 2 * L2;
const A3_END = L2_END + 2 * A3;
const L3_END = A3_END + 2 * L3;
const A4_END = L3_END + 2 * A4;
const L4_END = A4_END + 2 * L4;

@unmanaged
export class Reverb {
  damping: f32 = 1;
  inputGain: f32 = 0;
  /** 1 when the first frame of a tick is in `pending`. */
  odd: i32 = 0;
  pending: f32 = 0;
  left: f32 = 0;
  right: f32 = 0;
  /** Byte offset in the circle at which the first delay is written next. */
  position: i32 = 0;
  /** Of the four lines of the network: what of the output goes round again, and the state of the low-pass that it passes first. */
  gain1: f32 = 0;
  gain2: f32 = 0;
  gain3: f32 = 0;
  gain4: f32 = 0;
  low1: f32 = 0;
  low2: f32 = 0;
  low3: f32 = 0;
  low4: f32 = 0;
  /** Two chunks of ticks: what goes in, then comes out left; and what comes out right. */
  chunks: usize = heap.alloc(2 * CHUNK_BYTES);
  /** @param memory REVERB_BYTES bytes of silence, 2-aligned */
  constructor(public memory: usize) {}
}

/**
 * @param decayFrames frames in which low notes fall by 60 dB, 1 and up
 * @param damping coefficient of the low-pass in each line, 1 none .. 0.05 dark: 1 - exp(-4 pi f / fs)
 */
export function setReverb(reverb: Reverb, decayFrames: f32, damping: f32): void {
  // 60 dB are 2^9.9658; a tick is two frames; an all-pass delays by its length on average.
  const perTick: f32 = -19.931569 / max<f32>(decayFrames, 1);
  reverb.gain1 = exp2(max<f32>(perTick * <f32>(A1 + L1), -100));
  reverb.gain2 = exp2(max<f32>(perTick * <f32>(A2 + L2), -100));
  reverb.gain3 = exp2(max<f32>(perTick * <f32>(A3 + L3), -100));
  reverb.gain4 = exp2(max<f32>(perTick * <f32>(A4 + L4), -100));
  reverb.damping = max<f32>(min<f32>(damping, 1), 0.05);
  // A long tail gathers more energy: keep the level of steady input about the same. 1 - g² is what each pass loses.
  reverb.inputGain = 0.5 * sqrt<f32>(max<f32>(1 - reverb.gain2 * reverb.gain2, 0.01));
}

/** Truncated towards zero, saturated. */
// @ts-ignore: decorator
@inline
function put(at: usize, value: f32): void {
  store<i16>(at, truncated16(value));
}

/** One tick of an all-pass that is read at one end and written at the other. */
// @ts-ignore: decorator
@inline
function allpass(end: usize, start: usize, x: f32, coefficient: f32): f32 {
  const stored = <f32>(<i32>load<i16>(end));
  const v = x - coefficient * stored;
  put(start, v);
  return stored + coefficient * v;
}

/** Byte offset in the circle, so far behind a position. */
// @ts-ignore: decorator
@inline
function behind(position: i32, bytes: i32): i32 {
  return (position - bytes) & (REVERB_BYTES - 1);
}

/** The input all-passes, in place, from a position on. */
// @ts-ignore: decorator
@inline
function diffuse(reverb: Reverb, chunk: usize, ticks: i32): void {
  const memory = reverb.memory;
  let position = reverb.position;
  // @bound(2)
  while (ticks > 0) {
    const d1 = behind(position, D1_END);
    const d2 = behind(position, D2_END);
    const d3 = behind(position, D3_END);
    const d4 = behind(position, D4_END);
    const last = max<i32>(max<i32>(max<i32>(position, d1), max<i32>(d2, d3)), d4);
    const run = min<i32>((REVERB_BYTES - last) >> 1, ticks);
    const at0 = memory + position;
    const at1 = memory + d1;
    const at2 = memory + d2;
    const at3 = memory + d3;
    const at4 = memory + d4;
    const end = <usize>run << 1;
    let offset: usize = 0;
    // @uses(2 of frameCount + 1)
    do {
      const x = allpass(at2 + offset, at1 + offset, allpass(at1 + offset, at0 + offset, load<f32>(chunk), DIFFUSION), DIFFUSION);
      store<f32>(chunk, allpass(at4 + offset, at3 + offset, allpass(at3 + offset, at2 + offset, x, DIFFUSION), DIFFUSION));
      offset += 2;
      chunk += 4;
    } while (offset != end);
    position = (position + <i32>end) & (REVERB_BYTES - 1);
    ticks -= run;
  }
}

/** The network: takes a chunk in, leaves the left side in its place and the right one in the chunk after it. Moves the position. */
// @ts-ignore: decorator
@inline
function circulate(reverb: Reverb, chunk: usize, ticks: i32): void {
  const memory = reverb.memory;
  const gain1 = reverb.gain1;
  const gain2 = reverb.gain2;
  const gain3 = reverb.gain3;
  const gain4 = reverb.gain4;
  const damping = reverb.damping;
  let position = reverb.position;
  let low1 = reverb.low1;
  let low2 = reverb.low2;
  let low3 = reverb.low3;
  let low4 = reverb.low4;
  // @bound(2)
  while (ticks > 0) {
    const a1 = behind(position, D4_END);
    const l1 = behind(position, A1_END);
    const a2 = behind(position, L1_END);
    const l2 = behind(position, A2_END);
    const a3 = behind(position, L2_END);
    const l3 = behind(position, A3_END);
    const a4 = behind(position, L3_END);
    const l4 = behind(position, A4_END);
    const out = behind(position, L4_END);
    const last = max<i32>(max<i32>(max<i32>(max<i32>(a1, l1), max<i32>(a2, l2)), max<i32>(max<i32>(a3, l3), max<i32>(a4, l4))), out);
    const room = (REVERB_BYTES - last) >> 1;
    const run = min<i32>(room, ticks);
    const inner1 = memory + a1;
    const inner2 = memory + a2;
    const inner3 = memory + a3;
    const inner4 = memory + a4;
    const line1 = memory + l1;
    const line2 = memory + l2;
    const line3 = memory + l3;
    const line4 = memory + l4;
    const end4 = memory + out;
    const end = <usize>run << 1;
    let offset: usize = 0;
    // @uses(2 of 1 + frameCount)
    do {
      low1 += damping * (<f32>(<i32>load<i16>(inner2 + offset)) - low1);
      low2 += damping * (<f32>(<i32>load<i16>(inner3 + offset)) - low2);
      low3 += damping * (<f32>(<i32>load<i16>(inner4 + offset)) - low3);
      low4 += damping * (<f32>(<i32>load<i16>(end4 + offset)) - low4);
      const y1 = low1 * gain1;
      const y2 = low2 * gain2;
      const y3 = low3 * gain3;
      const y4 = low4 * gain4;
      // Householder: each minus half the sum; and the input to all.
      const shared = load<f32>(chunk) - 0.5 * (y1 + y2 + y3 + y4);
      store<f32>(chunk, (y1 - y3) * (1 / UNIT));
      store<f32>(chunk, (y2 - y4) * (1 / UNIT), CHUNK_BYTES);
      put(line1 + offset, allpass(line1 + offset, inner1 + offset, y1 + shared, INNER_DIFFUSION));
      put(line2 + offset, allpass(line2 + offset, inner2 + offset, y2 + shared, INNER_DIFFUSION));
      put(line3 + offset, allpass(line3 + offset, inner3 + offset, y3 + shared, INNER_DIFFUSION));
      put(line4 + offset, allpass(line4 + offset, inner4 + offset, y4 + shared, INNER_DIFFUSION));
      offset += 2;
      chunk += 4;
    } while (offset != end);
    if (run == room) {
      // The place for this: it comes at the same tick however blocks are cut.
      low1 = settled(low1);
      low2 = settled(low2);
      low3 = settled(low3);
      low4 = settled(low4);
    }
    position = (position + <i32>end) & (REVERB_BYTES - 1);
    ticks -= run;
  }
  reverb.low1 = low1;
  reverb.low2 = low2;
  reverb.low3 = low3;
  reverb.low4 = low4;
  reverb.position = position;
}

/** State that has decayed to nothing ends. */
// @ts-ignore: decorator
@inline
function settled(low: f32): f32 {
  return abs<f32>(low) < SILENCE ? 0 : low;
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
