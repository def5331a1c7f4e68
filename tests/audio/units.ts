// SPDX-License-Identifier: MIT
// For the specs of the audio units: the compiled fixture, rendering of long stretches through short blocks, and spectra.

import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

/** Frames a second that the demo board's clock tree gives: 168 MHz from an 8 MHz crystal, PLLI2S 258 / 3, I2SDIV 3, ODD 1, master clock. */
export const SAMPLE_RATE = 86e6 / (256 * 7);

export interface Units extends Fixture {}

/** A fresh instance with its tuning tables filled. */
export async function instantiateUnits(): Promise<Units> {
  const units = await instantiateAssembly('tests/audio/units.as.ts');
  units.initTuning(SAMPLE_RATE);
  return units;
}

/** Block `index` of the fixture as samples. */
export function samplesOf(units: Units, index: number, frameCount = 256): Float32Array {
  return new Float32Array(units.memory.buffer, units.block(index), frameCount);
}

/** Block sizes that add up to `frameCount`: `size` and a remainder. */
export function evenly(frameCount: number, size = 256): number[] {
  const sizes: number[] = [];
  for (let left = frameCount; left > 0; left -= size) sizes.push(Math.min(size, left));
  return sizes;
}

/**
 * Renders into block 0 piece by piece and joins the pieces.
 * @param render called with the block's address, its frame count and its first frame
 */
export function collect(units: Units, sizes: readonly number[], render: (out: number, frameCount: number, frame: number) => void): Float32Array {
  const out = new Float32Array(sizes.reduce((sum, n) => sum + n, 0));
  let frame = 0;
  for (const size of sizes) {
    render(units.block(0), size, frame);
    out.set(samplesOf(units, 0, size), frame);
    frame += size;
  }
  return out;
}

/**
 * Sends a signal through something that works in place on block 0, or adds to blocks 1 and 2, which are silent before each call.
 * @returns the three blocks, joined
 */
export function process(units: Units, input: Float32Array, sizes: readonly number[], run: (frameCount: number, frame: number) => void): Float32Array[] {
  const out = [0, 1, 2].map(() => new Float32Array(input.length));
  let frame = 0;
  for (const size of sizes) {
    samplesOf(units, 0, size).set(input.subarray(frame, frame + size));
    samplesOf(units, 1, size).fill(0);
    samplesOf(units, 2, size).fill(0);
    run(size, frame);
    out.forEach((o, i) => o.set(samplesOf(units, i, size), frame));
    frame += size;
  }
  return out;
}

/** Noise in -1..1 that is the same in every run. */
export function testNoise(frameCount: number, seed = 1): Float32Array {
  const out = new Float32Array(frameCount);
  let state = seed >>> 0;
  for (let i = 0; i < frameCount; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = (state | 0) / 2 ** 31;
  }
  return out;
}

/** Power spectrum of a Hann-windowed signal whose length is a power of two; bin k of length/2 is k · fs / length. A full sine has power 1/2 in all. */
export function powerSpectrum(signal: Float32Array): Float64Array {
  const n = signal.length;
  const re = new Float64Array(n);
  const im = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let j = 0;
    for (let bit = 1, k = i; bit < n; bit <<= 1, k >>= 1) j = (j << 1) | (k & 1);
    re[j] = signal[i] * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n));
  }
  for (let half = 1; half < n; half <<= 1) {
    for (let k = 0; k < half; k++) {
      const c = Math.cos((Math.PI * k) / half);
      const s = -Math.sin((Math.PI * k) / half);
      for (let i = k; i < n; i += 2 * half) {
        const j = i + half;
        const x = re[j] * c - im[j] * s;
        const y = re[j] * s + im[j] * c;
        re[j] = re[i] - x;
        im[j] = im[i] - y;
        re[i] += x;
        im[i] += y;
      }
    }
  }
  // Hann: sum of squares of the window is 3/8 n; two sides.
  return Float64Array.from({ length: n / 2 }, (_, k) => (2 * (re[k] ** 2 + im[k] ** 2)) / (n * n * 0.375));
}

/** The complex strength of one frequency, through a squared Hann window: [amplitude, phase in radians at the first sample of `from`]. */
export function partial(signal: Float32Array, hertz: number, from = 0, length = signal.length - from): [number, number] {
  let re = 0;
  let im = 0;
  for (let i = 0; i < length; i++) {
    const x = signal[from + i] * (1 - Math.cos((2 * Math.PI * (i + 0.5)) / length)) ** 2;
    const angle = (2 * Math.PI * hertz * i) / SAMPLE_RATE;
    re += x * Math.cos(angle);
    im -= x * Math.sin(angle);
  }
  return [(2 * Math.hypot(re, im)) / (1.5 * length), Math.atan2(im, re)];
}

/** Frequency near `expected`, from how far the phase turns over the signal's middle half. Right while the error stays below 2 fs / length. */
export function measureHertz(signal: Float32Array, expected: number): number {
  const hop = signal.length >> 1;
  const [, early] = partial(signal, expected, 0, hop);
  const [, late] = partial(signal, expected, hop, hop);
  const turned = late - early - (2 * Math.PI * expected * hop) / SAMPLE_RATE;
  const wrapped = turned - 2 * Math.PI * Math.round(turned / (2 * Math.PI));
  return expected + (wrapped * SAMPLE_RATE) / (2 * Math.PI * hop);
}

export const decibels = (power: number): number => 10 * Math.log10(power);
export const cents = (hertz: number, reference: number): number => 1200 * Math.log2(hertz / reference);
export const peakOf = (signal: Float32Array): number => signal.reduce((peak, x) => Math.max(peak, Math.abs(x)), 0);
export const largestStep = (signal: Float32Array): number => {
  let step = 0;
  for (let i = 1; i < signal.length; i++) step = Math.max(step, Math.abs(signal[i] - signal[i - 1]));
  return step;
};
/** Index after the last sample that is not exactly zero. */
export const endOf = (signal: Float32Array): number => {
  let end = signal.length;
  while (end > 0 && signal[end - 1] === 0) end--;
  return end;
};
