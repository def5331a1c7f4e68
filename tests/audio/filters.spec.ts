// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { endOf, evenly, instantiateUnits, peakOf, process, SAMPLE_RATE, samplesOf, testNoise, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const [LOWPASS, BANDPASS, HIGHPASS, NOTCH] = [0, 1, 2, 3];
const hertzOf = (note: number) => 440 * 2 ** ((note - 69) / 12);

/** The analogue frequency that the bilinear transform puts at `hertz`, over the one it puts at the cutoff: s = j times this. */
const warped = (hertz: number, note: number) => Math.tan((Math.PI * hertz) / SAMPLE_RATE) / Math.tan((Math.PI * hertzOf(note)) / SAMPLE_RATE);

/** |H| at a frequency, from the impulse response. */
function gainAt(impulse: Float32Array, hertz: number): number {
  let re = 0;
  let im = 0;
  impulse.forEach((x, i) => {
    re += x * Math.cos((2 * Math.PI * hertz * i) / SAMPLE_RATE);
    im += x * Math.sin((2 * Math.PI * hertz * i) / SAMPLE_RATE);
  });
  return Math.hypot(re, im);
}

function impulseOf(size: number, length: number, render: (buffer: number, frames: number) => void): Float32Array {
  const input = new Float32Array(length);
  input[0] = size;
  return process(units, input, evenly(length), (frames) => render(units.block(0), frames))[0].map((x) => x / size);
}

test('the state-variable filter has the analytic response in all four modes', () => {
  for (const note of [33, 69, 93, 117]) {
    for (const resonance of [0, 0.3, 0.7, 0.95]) {
      for (const mode of [LOWPASS, BANDPASS, HIGHPASS, NOTCH]) {
        const filter = units.newSvf();
        units.setSvf(filter, mode, note, resonance);
        const impulse = impulseOf(1, 32768, (buffer, frames) => units.renderSvf(filter, buffer, frames));
        for (const ratio of [0.1, 0.5, 0.9, 1, 1.1, 2, 5]) {
          const hertz = hertzOf(note) * ratio;
          if (hertz > 21000) continue;
          const w = warped(hertz, note);
          const damping = 2 - 2 * resonance;
          const below = Math.hypot(1 - w * w, damping * w);
          const ideal = [1, damping * w, w * w, Math.abs(1 - w * w)][mode] / below;
          const measured = gainAt(impulse, hertz);
          // The table of cutoffs is exact at whole notes.
          assert.ok(Math.abs(measured - ideal) < 0.002 * ideal + 0.0005, `mode ${mode} note ${note} resonance ${resonance} at ${ratio}: ${measured}, ideal ${ideal}`);
        }
      }
    }
  }
});

test('the ladder, for small signals, has the response of four poles in a loop', () => {
  for (const note of [45, 69, 100]) {
    for (const resonance of [0, 0.5, 0.9]) {
      const filter = units.newLadder();
      units.setLadder(filter, note, resonance);
      const impulse = impulseOf(1e-3, 32768, (buffer, frames) => units.renderLadder(filter, buffer, frames));
      for (const ratio of [0.1, 0.5, 1, 2]) {
        const w = warped(hertzOf(note) * ratio, note);
        // (1 + jw)^4 + k
        const k = 4 * resonance;
        const re = 1 - 6 * w ** 2 + w ** 4 + k;
        const im = 4 * w - 4 * w ** 3;
        const ideal = (1 + 2 * resonance) / Math.hypot(re, im);
        const measured = gainAt(impulse, hertzOf(note) * ratio);
        assert.ok(Math.abs(measured - ideal) < 0.003 * ideal + 1e-4, `note ${note} resonance ${resonance} at ${ratio}: ${measured}, ideal ${ideal}`);
      }
    }
  }
});

test('the ladder sings at its corner at full resonance, within a quarter tone, and stays below 1', () => {
  for (const note of [57, 81]) {
    const filter = units.newLadder();
    units.setLadder(filter, note, 1);
    const input = new Float32Array(32768);
    input[0] = 1;
    const [out] = process(units, input, evenly(input.length), (frames) => units.renderLadder(filter, units.block(0), frames));
    const tail = out.subarray(16384);
    let crossings = 0;
    for (let i = 1; i < tail.length; i++) if (tail[i - 1] < 0 && tail[i] >= 0) crossings++;
    const hertz = (crossings * SAMPLE_RATE) / tail.length;
    assert.ok(Math.abs(1200 * Math.log2(hertz / hertzOf(note))) < 50, `${hertz} Hz`);
    assert.ok(peakOf(out) < 1 && peakOf(tail) > 1e-3, `${peakOf(tail)}`);
  }
});

test('no modulation, however wild, makes a filter run away, and it comes to rest afterwards', () => {
  const noise = testNoise(96000);
  const random = testNoise(6000, 99);
  let next = 0;
  for (const mode of [LOWPASS, BANDPASS, HIGHPASS, NOTCH]) {
    const filter = units.newSvf();
    const sizes = [...evenly(96000, 32)];
    const [out] = process(units, noise, sizes, (frames) => {
      units.setSvf(filter, mode, 67.5 + 67.5 * random[next++ % 6000], 0.5 + 0.5 * random[next++ % 6000]);
      units.renderSvf(filter, units.block(0), frames);
    });
    assert.ok(peakOf(out) < 60, `mode ${mode}: ${peakOf(out)}`);
  }
  const ladder = units.newLadder();
  const [out] = process(units, noise.map((x) => 4 * x), evenly(96000, 16), (frames) => {
    units.setLadder(ladder, 67.5 + 67.5 * random[next++ % 6000], 0.5 + 0.5 * random[next++ % 6000]);
    units.renderLadder(ladder, units.block(0), frames);
  });
  assert.ok(peakOf(out) < 4, `ladder: ${peakOf(out)}`);
});

test('after its input ends a filter decays to exact zeros', () => {
  const input = new Float32Array(48000);
  input.set(testNoise(2000));
  const svf = units.newSvf();
  const ladder = units.newLadder();
  for (const run of [
    (frames: number) => (units.setSvf(svf, LOWPASS, 60, 0.9), units.renderSvf(svf, units.block(0), frames)),
    (frames: number) => (units.setLadder(ladder, 60, 0.6), units.renderLadder(ladder, units.block(0), frames)),
  ]) {
    const [out] = process(units, input, evenly(input.length, 32), run);
    assert.ok(endOf(out) > 2000 && endOf(out) < 40000, `${endOf(out)}`);
  }
});

test('a reset filter starts as a new one does', () => {
  const filter = units.newSvf();
  const fresh = units.newSvf();
  samplesOf(units, 0).set(testNoise(256));
  units.setSvf(filter, LOWPASS, 70, 0.5);
  units.setSvf(fresh, LOWPASS, 70, 0.5);
  units.renderSvf(filter, units.block(0), 256);
  units.resetSvf(filter);
  samplesOf(units, 0).fill(0.5);
  samplesOf(units, 1).fill(0.5);
  units.renderSvf(filter, units.block(0), 256);
  units.renderSvf(fresh, units.block(1), 256);
  assert.deepEqual(samplesOf(units, 0), samplesOf(units, 1));
});
