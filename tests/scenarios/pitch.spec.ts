// SPDX-License-Identifier: MIT
// Every note's pitch, measured on the frames that left I2S, against equal temperament (A4 = 440 Hz) at the true sample rate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, seconds, type EmulatedBoard } from '../../host/index.js';
import { cents, fitPitch } from './pitch-fit.js';
import { CORE_HERTZ, framesAt, losses, strap, STRAPS_OF_32, SYNTH, VOICE } from './rig.js';

/** Frames a second, from the PLL's numbers: 8 MHz / 8 · 258 / 3 / (256 · (2 · 3 + 1)). */
const SAMPLE_RATE = 86_000_000 / 1792;
const TOLERANCE_CENTS = 0.1;

/** Firmware is up by then; the demo synth fills its wavetables first. */
const START = 0.25;
const STEP = 0.2;

const hertzOf = (note: number): number => 440 * 2 ** ((note - 69) / 12);

/** Left samples from `from` to `to` seconds since reset. */
function leftChannel(board: EmulatedBoard, from: number, to: number): Float64Array {
  const first = Math.ceil(framesAt(board, board.time.cycleAt(from)));
  const count = Math.floor((to - from) * SAMPLE_RATE);
  const both = board.audio.samples(first, count);
  return Float64Array.from({ length: count }, (_, i) => both[2 * i]);
}

test('the measure tells a hundredth of a cent, on the lowest note and with harmonics', () => {
  for (const [note, harmonics] of [[0, 1], [127, 1], [36, 8]] as const) {
    const frequency = (hertzOf(note) / SAMPLE_RATE) * 2 ** (0.01 / 1200);
    const tone = Array.from({ length: 8000 }, (_, i) => {
      let x = 0;
      for (let h = 1; h <= harmonics; h++) x += Math.cos(2 * Math.PI * h * frequency * i + h) / h;
      return Math.round(8000 * x);
    });
    const fit = fitPitch(tone, hertzOf(note) / SAMPLE_RATE, harmonics);
    assert.ok(Math.abs(cents(fit.frequency, hertzOf(note) / SAMPLE_RATE) - 0.01) < 0.002, `note ${note}: ${cents(fit.frequency, hertzOf(note) / SAMPLE_RATE)}`);
  }
});

test('all 128 notes of a single voice are within a tenth of a cent', async () => {
  const board = await play(VOICE, function* (board) {
    strap(board, STRAPS_OF_32);
    for (let note = 0; note < 128; note++) board.midi.noteOn(0, note, 100, { seconds: START + STEP * note });
    yield seconds(START + STEP * 128);
  });
  assert.deepEqual(losses(board), {});
  // The rate on the wire, from the cycles at which frames went out.
  const last = board.audio.frames - 1;
  const rate = (CORE_HERTZ * last) / (board.audio.cycleOf(last) - board.audio.cycleOf(0));
  assert.ok(Math.abs(rate - SAMPLE_RATE) < 1e-4, `${rate} frames a second`);
  assert.ok(Math.abs(rate - 47_991.07) < 0.01);
  for (let note = 0; note < 128; note++) {
    const at = START + STEP * note;
    const { frequency, residual } = fitPitch(leftChannel(board, at + 0.01, at + STEP - 0.01), hertzOf(note) / rate);
    // What is left is the rounding to 16 bits (1/√12 of a step), so nothing but the note was there.
    assert.ok(residual < 0.35, `note ${note}: ${residual} steps of 16 bits left`);
    const error = cents(frequency * rate, hertzOf(note));
    assert.ok(Math.abs(error) < TOLERANCE_CENTS, `note ${note}: ${error} cent`);
  }
});

test('the demo synth\'s organ is in tune from note 24 to 96', async () => {
  const notes = Array.from({ length: 13 }, (_, i) => 24 + 6 * i);
  const step = 0.5;
  const board = await play(SYNTH, function* ({ midi }) {
    midi.program(0, 19, { seconds: START });
    // Reverb, chorus and echo off: what is left is the voice.
    for (const effect of [91, 93, 94]) midi.controlChange(0, effect, 0, { seconds: START });
    notes.forEach((note, i) => {
      midi.noteOn(0, note, 100, { seconds: START + step * i + 0.05 });
      midi.noteOff(0, note, 64, { seconds: START + step * i + 0.4 });
    });
    yield seconds(START + step * notes.length);
  });
  assert.deepEqual(losses(board), {});
  notes.forEach((note, i) => {
    const at = START + step * i;
    const expected = hertzOf(note) / SAMPLE_RATE;
    const harmonics = Math.min(16, Math.floor(0.5 / expected));
    const sound = leftChannel(board, at + 0.15, at + 0.39);
    const { frequency, residual } = fitPitch(sound, expected, harmonics);
    const level = Math.sqrt(sound.reduce((sum, x) => sum + x * x, 0) / sound.length);
    assert.ok(residual < level / 100, `note ${note}: what is left is ${(100 * residual / level).toFixed(2)} % of the sound`);
    const error = cents(frequency, expected);
    assert.ok(Math.abs(error) < TOLERANCE_CENTS, `note ${note}: ${error} cent`);
  });
});
