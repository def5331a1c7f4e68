// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { decibels, endOf, evenly, instantiateUnits, partial, peakOf, process, SAMPLE_RATE, testNoise, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const blocks = () => [units.block(0), units.block(1), units.block(2)] as const;

function impulse(length: number, size = 1): Float32Array {
  // Two frames: the echo and the reverb work on pairs.
  const input = new Float32Array(length);
  input[0] = input[1] = size;
  return input;
}
const energy = (signal: Float32Array, from: number, to: number) => signal.subarray(from, to).reduce((sum, x) => sum + x * x, 0);

test('echoes come after their times, left and right, each weaker by the feedback', () => {
  const delay = units.newDelay();
  units.setDelay(delay, 6000, 12000, 0.5, 1);
  const [, left, right] = process(units, impulse(60000, 0.5), evenly(60000), (frames) => units.addDelay(delay, ...blocks(), frames));
  const peaks = (signal: Float32Array) => [...signal.keys()].filter((i) => Math.abs(signal[i]) > 0.02 && Math.abs(signal[i]) >= Math.abs(signal[i - 1]) && Math.abs(signal[i]) > Math.abs(signal[i + 1]));
  // A pair of frames at t comes out as a peak in the second of the pair at t + time, or one frame after.
  const near = (found: number[], wanted: number[]) => {
    assert.equal(found.length, wanted.length, `${found}`);
    found.forEach((at, i) => assert.ok(at - wanted[i] >= 0 && at - wanted[i] <= 2, `${found} for ${wanted}`));
  };
  near(peaks(left), [6000, 18000, 30000, 42000, 54000]);
  near(peaks(right), [12000, 24000, 36000, 48000]);
  peaks(right).forEach((at, i) => assert.ok(Math.abs(right[at] - 0.5 ** (i + 1)) < 0.001, `${right[at]}`));
});

test('the tone of the echo darkens with each pass', () => {
  const delay = units.newDelay();
  units.setDelay(delay, 4000, 4000, 0.9, 0.3);
  const burst = new Float32Array(20000);
  burst.set(testNoise(3000).map((x) => x / 2));
  const [, left] = process(units, burst, evenly(20000), (frames) => units.addDelay(delay, ...blocks(), frames));
  const brightness = (from: number) => partialPower(left, from, 5000) / partialPower(left, from, 300);
  assert.ok(brightness(8000) < 0.3 * brightness(4000), `${brightness(4000)} ${brightness(8000)}`);
  assert.ok(brightness(12000) < 0.3 * brightness(8000), `${brightness(8000)} ${brightness(12000)}`);
});

/** Mean power around a frequency over 3,000 frames. */
function partialPower(signal: Float32Array, from: number, hertz: number): number {
  let sum = 0;
  for (let k = -8; k <= 8; k++) sum += partial(signal, hertz + 20 * k, from, 3000)[0] ** 2;
  return sum;
}

test('echo, chorus and reverb end in exact zeros, whatever they were fed', () => {
  const input = new Float32Array(400000);
  // Loud enough to saturate the lines at times.
  input.set(testNoise(24000).map((x, i) => 2 * x + Math.sin(i * 0.01)));
  const delay = units.newDelay();
  const chorus = units.newChorus();
  const reverb = units.newReverb();
  units.setDelay(delay, 5000, 9000, 0.7, 0.7);
  units.setChorus(chorus, 80000, 700, 300);
  units.setReverb(reverb, 3 * SAMPLE_RATE, 1);
  const runs: [string, (frames: number) => void, number, number][] = [
    ['delay', (frames) => units.addDelay(delay, ...blocks(), frames), 100000, 400000],
    ['chorus', (frames) => units.addChorus(chorus, ...blocks(), frames, 0.7), 24400, 24000 + 2048],
    ['reverb', (frames) => units.addReverb(reverb, ...blocks(), frames), 80000, 24000 + 5 * SAMPLE_RATE],
  ];
  for (const [name, run, notBefore, notAfter] of runs) {
    const [, left, right] = process(units, input, evenly(input.length), run);
    for (const signal of [left, right]) {
      assert.ok(endOf(signal) > notBefore && endOf(signal) < notAfter, `${name} ends at ${endOf(signal)}`);
      assert.ok(peakOf(signal) <= 4, `${name}: ${peakOf(signal)}`);
    }
  }
});

test('fed with constant full scale, then nothing, the lines do not hold on to it', () => {
  const input = new Float32Array(300000).fill(1, 0, 50000);
  const reverb = units.newReverb();
  units.setReverb(reverb, SAMPLE_RATE, 0.5);
  const [, left] = process(units, input, evenly(input.length), (frames) => units.addReverb(reverb, ...blocks(), frames));
  assert.ok(peakOf(left) < 2.01);
  assert.ok(endOf(left) < 50000 + 3 * SAMPLE_RATE, `${endOf(left)}`);
});

test('chorus delays swing between centre - depth and centre + depth, the sides a quarter cycle apart', () => {
  const chorus = units.newChorus();
  const swingHertz = 2;
  units.setChorus(chorus, Math.round((swingHertz / SAMPLE_RATE) * 2 ** 32), 800, 400);
  // A ramp says by how much it is late. It wraps within ±0.5; look where it does not.
  const slope = 1 / 8192;
  const length = 96000;
  const input = Float32Array.from({ length }, (_, i) => ((i * slope) % 1) - 0.5);
  const [, left, right] = process(units, input, evenly(length), (frames) => units.addChorus(chorus, ...blocks(), frames, 1));
  const late = [left, right].map((signal) => Array.from({ length }, (_, i) => ((((i * slope - 0.5 - signal[i]) / slope) % 8192) + 8192) % 8192));
  const range = (delays: number[]) => {
    const settled = delays.filter((_, i) => i > 24000 && (i % 8192) > 1300 && (i % 8192) < 8100);
    return [Math.min(...settled), Math.max(...settled)];
  };
  for (const delays of late) {
    const [least, most] = range(delays);
    assert.ok(Math.abs(least - 400) < 4 && Math.abs(most - 1200) < 4, `${least}..${most}`);
  }
  // Left rises through the centre when its sine does; right is there a quarter of 2 Hz later.
  const quarter = Math.round(SAMPLE_RATE / swingHertz / 4);
  for (let i = 26000; i < 60000; i += 977) {
    if (i % 8192 > 1300 && i % 8192 < 8100 && (i + quarter) % 8192 > 1300 && (i + quarter) % 8192 < 8100) {
      assert.ok(Math.abs(late[0][i] - late[1][i + quarter]) < 5, `frame ${i}: ${late[0][i]} ${late[1][i + quarter]}`);
    }
  }
});

/** Frames for 60 dB, from the slope of Schroeder's backward integral between -5 and -35 dB. */
function decayFrames(signal: Float32Array): number {
  const left = new Float64Array(signal.length + 1);
  for (let i = signal.length - 1; i >= 0; i--) left[i] = left[i + 1] + signal[i] ** 2;
  const at = (db: number) => left.findIndex((e) => decibels(e / left[0]) < db);
  return 2 * (at(-35) - at(-5));
}

test('reverberation falls by 60 dB in the time set, within 15 %', () => {
  for (const seconds of [0.6, 1.5, 3]) {
    const reverb = units.newReverb();
    units.setReverb(reverb, seconds * SAMPLE_RATE, 1);
    const input = new Float32Array(Math.round(4 * SAMPLE_RATE));
    input.set(testNoise(4000).map((x) => 1.9 * x));
    const [, left] = process(units, input, evenly(input.length), (frames) => units.addReverb(reverb, ...blocks(), frames));
    const measured = decayFrames(left.subarray(4000)) / SAMPLE_RATE;
    assert.ok(Math.abs(measured / seconds - 1) < 0.15, `${measured} s for ${seconds} s`);
  }
});

test('damping makes high notes die sooner', () => {
  const reverb = units.newReverb();
  units.setReverb(reverb, 2 * SAMPLE_RATE, 0.4);
  const input = new Float32Array(48000);
  input.set(testNoise(4000));
  const [, left] = process(units, input, evenly(input.length), (frames) => units.addReverb(reverb, ...blocks(), frames));
  const fall = (hertz: number) => decibels(partialPower(left, 24000, hertz) / partialPower(left, 6000, hertz));
  assert.ok(fall(6000) < fall(300) - 10, `${fall(6000)} ${fall(300)}`);
});

test('the reverb\'s sides have equal strength and little in common, and echoes grow dense', () => {
  const reverb = units.newReverb();
  units.setReverb(reverb, 2 * SAMPLE_RATE, 0.8);
  const [, left, right] = process(units, impulse(48000, 1.9), evenly(48000), (frames) => units.addReverb(reverb, ...blocks(), frames));
  const [l, r] = [energy(left, 5000, 48000), energy(right, 5000, 48000)];
  let both = 0;
  for (let i = 5000; i < 48000; i++) both += left[i] * right[i];
  assert.ok(Math.abs(decibels(l / r)) < 2, `${decibels(l / r)}`);
  assert.ok(Math.abs(both) / Math.sqrt(l * r) < 0.2, `${both / Math.sqrt(l * r)}`);
  const busy = left.subarray(7000, 9000).filter((x) => x !== 0).length;
  assert.ok(busy > 1500, `${busy} of 2000 frames`);
});
