// SPDX-License-Identifier: MIT
// The same firmware on an STM32F405 with a 12 MHz crystal and a PCM5102, MIDI on USART1 (RM0090; TI SLAS859C).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmulatedBoard, loadBoard, ms, play, resultOf, until } from '../../host/index.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { losses, SYNTH } from './rig.js';

const BOARD = 'pyboard-v11';
const TONE = 'assembly/firmware/tone.ts';

test('the tone plays cleanly at 48,000 frames a second, each of 3,500 cycles, with nothing to complain of', async () => {
  const board = new EmulatedBoard(loadBoard(BOARD), await firmwareFor(TONE, BOARD));
  board.run(0.5);
  const result = resultOf(board, null);
  assert.deepEqual([result.lateBlocks, result.codecProblems, result.diagnostics, losses(board)], [0, [], [], {}]);
  assert.equal(result.coreHertz, 168_000_000);
  assert.equal(board.audio.cycleOf(6000) - board.audio.cycleOf(3000), 3000 * 3500);
});

test('a note over USART1 sounds', async () => {
  await play(SYNTH, function* (board) {
    yield until(() => board.audio.frames > 0, 'the DAC to start');
    board.midi.noteOn(0, 69, 100);
    yield ms(0.96 + 2);
    assert.ok(board.audio.nonZeroFrames > 0);
    assert.ok(board.isr('USART1').count >= 3);
  }, { board: BOARD });
});
