// SPDX-License-Identifier: MIT
// The same firmware on another chip and another DAC: an STM32F411 at 100 MHz with a PCM5102, MIDI on USART1 (RM0383; TI SLAS859C).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmulatedBoard, loadBoard, ms, play, resultOf, until } from '../../host/index.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { losses, SYNTH } from './rig.js';

const BOARD = 'weact-blackpill-f411';
const TONE = 'assembly/firmware/tone.ts';

test('the tone plays cleanly at 48,000 frames a second, 440 Hz, with nothing to complain of', async () => {
  const board = new EmulatedBoard(loadBoard(BOARD), await firmwareFor(TONE, BOARD));
  board.run(1);
  const result = resultOf(board, null);
  assert.deepEqual([result.lateBlocks, result.codecProblems, result.diagnostics, losses(board)], [0, [], [], {}]);
  assert.equal(result.coreHertz, 100_000_000);
  // 100 MHz / 48 kHz is 2083 cycles and a third; 3000 frames are a whole number of them.
  assert.equal(board.audio.cycleOf(6000) - board.audio.cycleOf(3000), 6_250_000);
  const frames = 24_000;
  const samples = board.audio.samples(1000, frames);
  let rising = 0;
  for (let i = 1; i < frames; i++) if (samples[2 * (i - 1)] < 0 && samples[2 * i] >= 0) rising++;
  assert.equal(rising, 220); // half a second of 440 Hz
  assert.deepEqual(result.isr.DMA1_Stream4.count, result.gauges.renderedBlocks);
});

test('a note sounds two blocks after it came, and the lamp changes', async () => {
  await play(SYNTH, function* (board) {
    yield until(() => board.audio.frames > 0, 'the DAC to start');
    const lamp = board.pin('PC13').level;
    board.midi.noteOn(0, 69, 100);
    yield ms(0.96 + 2);
    assert.ok(board.audio.nonZeroFrames > 0);
    assert.notEqual(board.pin('PC13').level, lamp);
    assert.equal(board.isr('USART1').count > 3, true);
    assert.equal(board.counter('lateBlocks'), 0);
  }, { board: BOARD });
});

test('its key pulls PA0 low, and rests high', async () => {
  const board = new EmulatedBoard(loadBoard(BOARD), await firmwareFor(TONE, BOARD));
  assert.equal(board.pin('PA0').level, 1);
});
