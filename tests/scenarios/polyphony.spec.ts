// SPDX-License-Identifier: MIT
// Sixteen voices of any timbre, with effects and vibrato, are rendered in time, and so are twelve channels with a voice each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, resultOf, seconds, until } from '../../host/index.js';
import { SYNTH } from './rig.js';

const MODULATION = 1;
const REVERB_SEND = 91;
const CHORUS_SEND = 93;
const ALL_SOUND_OFF = 120;

test('sixteen voices of each General MIDI family make no block late', async () => {
  const board = await play(SYNTH, function* ({ midi, codec }) {
    yield until(() => codec.playing, 'the codec', 2);
    midi.controlChange(0, REVERB_SEND, 60);
    midi.controlChange(0, CHORUS_SEND, 40);
    midi.controlChange(0, MODULATION, 60);
    for (let program = 0; program < 128; program += 8) {
      midi.program(0, program);
      for (let i = 0; i < 16; i++) midi.noteOn(0, 36 + 3 * i, 100);
      yield seconds(0.2);
      // Every voice is taken from another note.
      for (let i = 0; i < 16; i++) midi.noteOn(0, 37 + 3 * i, 100);
      yield seconds(0.1);
      midi.controlChange(0, ALL_SOUND_OFF, 0);
      yield seconds(0.02);
    }
  });
  const { losses, gauges, isr } = resultOf(board, null);
  assert.equal(gauges.maxVoices, 16);
  assert.ok(losses.stolenVoices > 0);
  assert.equal(losses.lateBlocks, 0);
  assert.equal(losses.lateEvents, 0);
  assert.equal(isr.PendSV.overBudget, 0);
});

test('twelve channels with a timbre each make no block late', async () => {
  const board = await play(SYNTH, function* ({ midi, codec }) {
    yield until(() => codec.playing, 'the codec', 2);
    for (let channel = 0; channel < 12; channel++) {
      midi.program(channel, 8 * channel);
      midi.controlChange(channel, REVERB_SEND, 40);
      midi.noteOn(channel, 40 + 2 * channel, 100);
    }
    yield seconds(0.5);
  });
  const { losses, gauges } = resultOf(board, null);
  assert.ok(gauges.maxVoices >= 11);
  assert.equal(losses.lateBlocks, 0);
});
