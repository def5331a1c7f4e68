// SPDX-License-Identifier: MIT
// Wavetable oscillator: one cycle in eight versions, each with half the harmonics of the one before, so that no harmonic passes half the
// sample rate (R. Bristow-Johnson, "Wavetable Synthesis 101", AES 101st Convention, 1996).
//
// Version v holds harmonics 1..128 >> v in i16, at 4 (v = 0) or 8 and more samples a period of its top harmonic, so that what linear
// interpolation adds stays small. Which version sounds follows from the increment alone; there is no fade from one to the next.

import { sine } from "./oscillators";

/** Versions; lengths are 512, 512, 256, 256, then 128. One more sample each, the first again, serves interpolation. */
const VERSIONS: i32 = 8;
const LONGEST_BITS: i32 = 9;
const SHORTEST_BITS: i32 = 7;

/** Harmonics of the richest version. */
export const WAVETABLE_HARMONICS: i32 = 128;

/** Bytes of one wavetable. */
export const WAVETABLE_BYTES: i32 = (2 * 512 + 2 * 256 + 4 * 128 + VERSIONS) * 2;

// @ts-ignore: decorator
@inline
function bitsOf(version: i32): i32 {
  return max<i32>(LONGEST_BITS - (version >> 1), SHORTEST_BITS);
}

/** Byte offset of a version in the table. */
// @ts-ignore: decorator
@inline
function offsetOf(version: i32): usize {
  const samples = version < 2 ? 513 * version : version < 4 ? 1026 + 257 * (version - 2) : 1540 + 129 * (version - 4);
  return <usize>samples << 1;
}

/**
 * Computes all versions of a wave from the strengths of its harmonics (sines); for start only, some 3 million instructions. The whole is
 * scaled so that the richest version peaks at 1; the others keep that scale.
 * @param table WAVETABLE_BYTES bytes, 2-aligned
 * @param harmonics f32 strengths of harmonics 1, 2, 3 ...
 * @param count how many, up to WAVETABLE_HARMONICS
 */
export function buildWavetable(table: usize, harmonics: usize, count: i32): void {
  let peak: f32 = 0;
  for (let i = 0; i < 1 << (LONGEST_BITS - 1); i++) peak = max<f32>(peak, abs<f32>(sumAt(harmonics, min<i32>(count, WAVETABLE_HARMONICS), <u32>i << (32 - LONGEST_BITS))));
  const scale: f32 = peak > 0 ? 32767 / peak : 0;
  for (let version = 0; version < VERSIONS; version++) {
    const bits = bitsOf(version);
    const length = 1 << bits;
    const used = min<i32>(count, WAVETABLE_HARMONICS >> version);
    const at = table + offsetOf(version);
    // A sum of sines is odd: the second half is the first, backwards and negated.
    for (let i = 0; i <= length >> 1; i++) {
      // A poorer version may overshoot the richest one's peak.
      const value = <i32>nearest<f32>(max<f32>(min<f32>(sumAt(harmonics, used, <u32>i << (32 - bits)) * scale, 32767), -32767));
      store<i16>(at + (<usize>i << 1), <i16>value);
      store<i16>(at + (<usize>(length - i) << 1), <i16>-value);
    }
  }
}

/** Sum of the first `count` harmonics at a phase. */
function sumAt(harmonics: usize, count: i32, phase: u32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < count; i++) sum += load<f32>(harmonics + (<usize>i << 2)) * sine(phase * (i + 1));
  return sum;
}

@unmanaged
export class WavetableOscillator {
  phase: u32 = 0;
  /** @param table what `buildWavetable` filled; many oscillators may share it */
  constructor(public table: usize) {}
}

// @ts-ignore: decorator
@inline
function wavetable(osc: WavetableOscillator, out: usize, frameCount: i32, increment: u32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  // The smallest version v with increment · (128 >> v) <= 2^31.
  const version = min<i32>(max<i32>(8 - <i32>clz<u32>(increment - 1), 0), VERSIONS - 1);
  const bits = bitsOf(version);
  const table = osc.table + offsetOf(version);
  const indexShift = 32 - bits;
  const scale: f32 = gain * <f32>(1.0 / 1073741824.0); // 32768 · 2^15
  let phase = osc.phase;
  while (out < end) {
    const at = table + (<usize>(phase >> indexShift) << 1);
    const low = <i32>load<i16>(at);
    const part = <i32>((phase << bits) >> 17);
    const value = <f32>((low << 15) + (<i32>load<i16>(at, 2) - low) * part) * scale;
    store<f32>(out, add ? load<f32>(out) + value : value);
    phase += increment;
    out += 4;
  }
  osc.phase = phase;
}

/** The wave of the table, peak `gain`. Increments as in oscillators.ts. */
// @ts-ignore: decorator
@native
export function renderWavetable(osc: WavetableOscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  wavetable(osc, out, frameCount, increment, gain, false);
}
// @ts-ignore: decorator
@native
export function addWavetable(osc: WavetableOscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  wavetable(osc, out, frameCount, increment, gain, true);
}
