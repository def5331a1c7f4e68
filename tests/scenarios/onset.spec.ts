// SPDX-License-Identifier: MIT
// When a note sounds: a constant number of frames after the end of its last byte, wherever that falls in frame and block, at any block size.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, seconds, resultOf, type EmulatedBoard } from '../../host/index.js';
import { notesOf } from '../../host/profile/midi-to-audio.js';
import { BLOCK_SIZES, CORE_HERTZ, FRAME_CYCLES, framesAt, losses, pseudoRandom, strap, STRAPS_OF_32, SYNTH, VOICE } from './rig.js';

const NOTES = 60;

/** Frames from the end of each note's last byte to the start of its first frame that is not zero. */
function delays(board: EmulatedBoard): number[] {
  return notesOf(board.recorder.midi()).map(({ onCycle }) => {
    const end = framesAt(board, onCycle);
    const onset = board.audio.nextNonZero(Math.ceil(end))!;
    return onset - end;
  });
}

/** Notes with silence between them, each at another place in frame and block. */
function* scatteredNotes(board: EmulatedBoard, blockFrames: number, firstSeconds: number) {
  const random = pseudoRandom(blockFrames);
  const on = Math.ceil(3 * blockFrames + 100) * FRAME_CYCLES;
  let cycle = Math.ceil(board.time.cycleAt(firstSeconds));
  for (let i = 0; i < NOTES; i++) {
    const place = random.next().value * 2 * blockFrames * FRAME_CYCLES;
    board.midi.noteOn(0, 60 + (i % 12), 100, { cycle: Math.round(cycle + place) });
    cycle += 2 * blockFrames * FRAME_CYCLES + on;
    board.midi.noteOff(0, 60 + (i % 12), 64, { cycle: Math.round(cycle) });
    cycle += on;
  }
  yield seconds((cycle - board.machine.timeline.now) / CORE_HERTZ);
}

for (const [straps, blockFrames] of BLOCK_SIZES.entries()) {
  test(`onsets at ${blockFrames} frames a block`, async () => {
    const board = await play(VOICE, function* (board) {
      strap(board, straps);
      yield seconds(0.03);
      yield* scatteredNotes(board, blockFrames, board.now + 0.001);
    });
    assert.equal(board.blockFrames, blockFrames);
    assert.deepEqual(losses(board), {});
    const found = delays(board);
    assert.equal(found.length, NOTES);
    const [min, max] = [Math.min(...found), Math.max(...found)];
    console.log(blockFrames, min, max, (max / 47991) * 1000, resultOf(board, null).midiToAudio);
  });
}
