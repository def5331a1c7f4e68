// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { collect, decibels, evenly, instantiateUnits, partial, peakOf, powerSpectrum, SAMPLE_RATE, samplesOf, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const LENGTH = 16384;
// 2,003 Hz: no harmonic of it falls where an alias of another does.
const PITCH = 2003;
const incrementOf = (hertz: number) => Math.round((hertz / SAMPLE_RATE) * 2 ** 32);

function render(name: string, hertz: number, ...more: number[]): Float32Array {
  const osc = units.newOscillator();
  return collect(units, evenly(LENGTH), (out, frames) => units[name](osc, out, frames, incrementOf(hertz), ...more));
}

/** Power of all that is no harmonic of `hertz` and below `limit`, against the power of the whole, in dB. */
function aliasLevel(signal: Float32Array, hertz: number, limit = 20000): number {
  const spectrum = powerSpectrum(signal);
  const bin = SAMPLE_RATE / LENGTH;
  let alias = 0;
  let all = 0;
  spectrum.forEach((power, k) => {
    all += power;
    const distance = Math.abs((k * bin) / hertz - Math.round((k * bin) / hertz)) * hertz;
    if (k * bin < limit && distance > 8 * bin) alias += power;
  });
  return decibels(alias / all);
}

const naive = (shape: (turn: number) => number, hertz: number) => Float32Array.from({ length: LENGTH }, (_, i) => shape(((i * hertz) / SAMPLE_RATE) % 1));
const naiveSaw = (turn: number) => (turn < 0.5 ? 2 * turn : 2 * turn - 2);
const naiveSquare = (turn: number) => (turn < 0.5 ? 1 : -1);
const naiveTriangle = (turn: number) => 1 - 4 * Math.abs(((turn + 0.25) % 1) - 0.5);

test('what a saw aliases at 2 kHz is 13 dB below a naive saw\'s, and 25 dB below in the first 2 kHz', () => {
  const ours = render('renderSaw', PITCH, 1);
  const theirs = naive(naiveSaw, PITCH);
  assert.ok(aliasLevel(ours, PITCH) < aliasLevel(theirs, PITCH) - 13, `${aliasLevel(ours, PITCH)} against ${aliasLevel(theirs, PITCH)}`);
  assert.ok(aliasLevel(ours, PITCH, 2000) < aliasLevel(theirs, PITCH, 2000) - 25, `${aliasLevel(ours, PITCH, 2000)} against ${aliasLevel(theirs, PITCH, 2000)}`);
});

test('the same for the square and the triangle', () => {
  const square = render('renderPulse', PITCH, 2 ** 31, 1);
  assert.ok(aliasLevel(square, PITCH) < aliasLevel(naive(naiveSquare, PITCH), PITCH) - 13, `${aliasLevel(square, PITCH)}`);
  const triangle = render('renderTriangle', PITCH, 1);
  assert.ok(aliasLevel(triangle, PITCH) < aliasLevel(naive(naiveTriangle, PITCH), PITCH) - 13, `${aliasLevel(triangle, PITCH)}`);
  assert.ok(aliasLevel(triangle, PITCH) < -55, `${aliasLevel(triangle, PITCH)}`);
});

test('a wave that stands still stays where it is', () => {
  for (const [name, ...more] of [['renderSaw', 0.5], ['renderPulse', 2 ** 31, 0.5], ['renderTriangle', 0.5]] as const) {
    const signal = render(name, 0, ...more);
    assert.ok(signal.every((sample) => sample === signal[0] && Math.abs(sample) <= 0.5), name);
  }
});

test('harmonics have the strengths of the ideal waves', () => {
  // Low harmonics of a low note: the rounding of edges has no say yet.
  const hertz = 110;
  const saw = render('renderSaw', hertz, 0.5);
  const square = render('renderPulse', hertz, 2 ** 31, 0.5);
  const pulse = render('renderPulse', hertz, 2 ** 30, 0.5);
  const triangle = render('renderTriangle', hertz, 0.5);
  for (let k = 1; k <= 9; k++) {
    const near = (signal: Float32Array, ideal: number, what: string) => {
      const strength = partial(signal, k * hertz)[0];
      assert.ok(Math.abs(strength - ideal) < 0.004 * ideal + 2e-4, `${what} ${k}: ${strength}, ideal ${ideal}`);
    };
    near(saw, 1 / (Math.PI * k), 'saw');
    near(square, k % 2 ? 2 / (Math.PI * k) : 0, 'square');
    near(pulse, (2 / (Math.PI * k)) * Math.abs(Math.sin((Math.PI * k) / 4)), 'pulse');
    near(triangle, k % 2 ? 4 / (Math.PI ** 2 * k * k) : 0, 'triangle');
  }
});

test('away from edges the waves are exactly the naive ones', () => {
  const hertz = 100;
  for (const [name, shape, ...more] of [['renderSaw', naiveSaw, 1], ['renderTriangle', naiveTriangle, 1], ['renderPulse', naiveSquare, 2 ** 31, 1]] as const) {
    const ours = render(name, hertz, ...more);
    const turnPerFrame = incrementOf(hertz) / 2 ** 32;
    for (let i = 0; i < 4000; i++) {
      const turn = (i * turnPerFrame) % 1;
      const fromEdge = Math.min(...[0, 0.25, 0.5, 0.75, 1].map((e) => Math.abs(turn - e)));
      if (fromEdge > 1.01 * turnPerFrame) assert.ok(Math.abs(ours[i] - shape(turn)) < 2e-6, `${name} frame ${i}: ${ours[i]} ${shape(turn)}`);
    }
  }
});

test('no wave leaves its range, at any pitch', () => {
  for (const hertz of [9, 440, 3000, 12544, 19900]) {
    for (const [name, ...more] of [['renderSaw', 1], ['renderTriangle', 1], ['renderSine', 1]] as [string, ...number[]][]) {
      assert.ok(peakOf(render(name, hertz, ...more)) <= 1.00001, `${name} at ${hertz}`);
    }
    for (const width of [1, 2 ** 28, 2 ** 31, 2 ** 32 - 1]) assert.ok(peakOf(render('renderPulse', hertz, width, 1)) <= 2.00001, `pulse at ${hertz}`);
  }
});

test('a pulse of any width has no offset', () => {
  for (const width of [0.05, 0.25, 0.5, 0.9]) {
    const signal = render('renderPulse', 1000, Math.round(width * 2 ** 32), 1);
    const mean = signal.reduce((sum, x) => sum + x, 0) / LENGTH;
    assert.ok(Math.abs(mean) < 0.002, `width ${width}: ${mean}`);
  }
});

test('the sine follows sin within 2e-6, and starts at exactly 0', () => {
  const signal = render('renderSine', 440, 1);
  const turn = incrementOf(440) / 2 ** 32;
  assert.equal(signal[0], 0);
  for (let i = 0; i < LENGTH; i++) assert.ok(Math.abs(signal[i] - Math.sin(2 * Math.PI * i * turn)) < 2e-6, `frame ${i}`);
});

test('adding variants add what the others write', () => {
  const wave = units.newWavetableOscillator();
  for (const [render, add, make, ...more] of [
    ['renderSaw', 'addSaw', units.newOscillator, 0x3000000, 0.3], ['renderPulse', 'addPulse', units.newOscillator, 0x3000000, 0x50000000, 0.3],
    ['renderTriangle', 'addTriangle', units.newOscillator, 0x3000000, 0.3], ['renderSine', 'addSine', units.newOscillator, 0x3000000, 0.3],
    ['renderNoise', 'addNoise', () => units.newNoise(7), 0.3], ['renderWavetable', 'addWavetable', () => (units.setPhase(wave, 0), wave), 0x3000000, 0.3],
  ] as [string, string, () => number, ...number[]][]) {
    units[render](make(), units.block(0), 201, ...more);
    samplesOf(units, 1).fill(0.25);
    units[add](make(), units.block(1), 201, ...more);
    const alone = samplesOf(units, 0, 201);
    // What an edge gets is added after the wave, so that near one the rounding may differ.
    samplesOf(units, 1, 201).forEach((x, i) => assert.ok(Math.abs(x - (alone[i] + 0.25)) < 1e-7, `${add} frame ${i}`));
  }
});

test('noise is white: mean 0, variance 1/3, no two near samples alike', () => {
  const source = units.newNoise(12345);
  const signal = collect(units, evenly(65536), (out, frames) => units.renderNoise(source, out, frames, 1));
  const mean = signal.reduce((sum, x) => sum + x, 0) / signal.length;
  assert.ok(Math.abs(mean) < 0.01, `${mean}`);
  for (let lag = 0; lag < 40; lag++) {
    let sum = 0;
    for (let i = lag; i < signal.length; i++) sum += signal[i] * signal[i - lag];
    const correlation = sum / (signal.length - lag);
    assert.ok(Math.abs(correlation - (lag === 0 ? 1 / 3 : 0)) < 0.01, `lag ${lag}: ${correlation}`);
  }
});

test('a wavetable gives back the harmonics it was made of, and none beyond half the sample rate', () => {
  const strengths = new Float32Array(units.memory.buffer, units.harmonics(), 128);
  strengths.forEach((_, i) => (strengths[i] = 1 / (i + 1)));
  units.buildWavetable(units.wavetable(), units.harmonics(), 128);
  const scale = (() => {
    let peak = 0;
    for (let i = 0; i < 512; i++) {
      let sum = 0;
      for (let k = 1; k <= 128; k++) sum += Math.sin((2 * Math.PI * i * k) / 512) / k;
      peak = Math.max(peak, Math.abs(sum));
    }
    return 1 / peak;
  })();
  for (const hertz of [55, 440, PITCH, 9000]) {
    const osc = units.newWavetableOscillator();
    const signal = collect(units, evenly(LENGTH), (out, frames) => units.renderWavetable(osc, out, frames, incrementOf(hertz), 1));
    for (let k = 1; k <= 8 && k * hertz < 12000; k++) {
      const strength = partial(signal, k * hertz)[0];
      assert.ok(Math.abs(strength / (scale / k) - 1) < 0.08, `${hertz} Hz, harmonic ${k}: ${strength / (scale / k)}`);
    }
    assert.ok(aliasLevel(signal, hertz) < -45, `${hertz} Hz: ${aliasLevel(signal, hertz)} dB`);
  }
});
