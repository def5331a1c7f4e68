// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { cents, collect, evenly, instantiateUnits, measureHertz, SAMPLE_RATE, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const hertzOf = (note: number) => 440 * 2 ** ((note - 69) / 12);
const centsOf = (note: number) => cents(((units.noteIncrement(note) >>> 0) / 2 ** 32) * SAMPLE_RATE, hertzOf(note));

test('the sample rate of the specs is the 47,991.07 Hz of the board', () => {
  assert.ok(Math.abs(SAMPLE_RATE - 47991.071) < 0.001);
});

test('each of the 128 notes has its increment to the last bit', () => {
  for (let note = 0; note < 128; note++) {
    assert.equal(units.noteIncrement(note) >>> 0, Math.round((hertzOf(note) / SAMPLE_RATE) * 2 ** 32), `note ${note}`);
  }
});

test('fractions of a semitone are right within 0.002 cent, also above the last note', () => {
  for (let i = 0; i < 135 * 64; i += 7) {
    const note = i / 64; // exact in f32
    assert.ok(Math.abs(centsOf(note)) < 0.002, `note ${note}: ${centsOf(note)} cent`);
  }
});

test('pitch never falls as the note rises by the smallest f32 step', () => {
  for (const note of [11.99, 12, 59.999, 60, 126.999, 127, 127.9999, 128]) {
    const here = Math.fround(note);
    const next = Math.fround(here + 2 ** -17);
    assert.ok(units.noteIncrement(next) >>> 0 >= units.noteIncrement(here) >>> 0, `at ${note}`);
  }
});

test('notes out of range are clamped to 0 and to 135', () => {
  assert.equal(units.noteIncrement(-5), units.noteIncrement(0));
  assert.equal(units.noteIncrement(200), units.noteIncrement(135));
  assert.ok(units.noteIncrement(200) >>> 0 < 2 ** 31);
});

test('every MIDI note of a rendered saw sounds within 0.01 cent of equal temperament', () => {
  for (let note = 0; note < 128; note++) {
    const osc = units.newOscillator();
    const increment = units.noteIncrement(note);
    const signal = collect(units, evenly(note < 24 ? 98304 : 32768), (out, frames) => units.renderSaw(osc, out, frames, increment, 1));
    const error = cents(measureHertz(signal, hertzOf(note)), hertzOf(note));
    assert.ok(Math.abs(error) < 0.01, `note ${note}: ${error} cent`);
  }
});

test('the measurement itself tells half a cent', () => {
  const osc = units.newOscillator();
  const increment = units.noteIncrement(60 + 1 / 256);
  const signal = collect(units, evenly(32768), (out, frames) => units.renderSaw(osc, out, frames, increment, 1));
  const measured = cents(measureHertz(signal, hertzOf(60)), hertzOf(60));
  assert.ok(Math.abs(measured - 100 / 256) < 0.01, `${measured}`);
});

test('exp2 is right to 3e-7 over its range', () => {
  for (let x = -126; x < 127; x += 0.37) {
    const exact = 2 ** Math.fround(x);
    assert.ok(Math.abs(units.exp2(x) / exact - 1) < 3e-7, `2^${x}`);
  }
});

test('cutoff gains follow tan(pi f / fs) within 0.1 %, within 2 % above 8 kHz', () => {
  for (let note = 0; note <= 135; note += 0.31) {
    const exact = Math.tan(Math.PI * Math.min(hertzOf(note) / SAMPLE_RATE, 0.45));
    assert.ok(Math.abs(units.cutoffGain(note) / exact - 1) < (note < 120 ? 0.001 : 0.02), `note ${note}: ${units.cutoffGain(note) / exact}`);
  }
});
