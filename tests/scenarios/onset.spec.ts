// SPDX-License-Identifier: MIT
// When a note sounds: a constant number of frames after the end of its last byte, wherever that falls in frame and block, at any block size.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, seconds, resultOf, type EmulatedBoard } from '../../host/index.js';
import { notesOf } from '../../host/profile/midi-to-audio.js';
import { BLOCK_SIZES, CHARACTER_CYCLES, CORE_HERTZ, FRAME_CYCLES, framesAt, losses, pseudoRandom, started, strap, SYNTH, VOICE } from './rig.js';

const NOTES = 60;
/** From the end of a byte until its handler has read the frame, in frames: entry, dispatcher and some 300 cycles of its own. */
const LOOK = 0.15;

/** Frames from the end of each note's last byte to the start of its first frame that is not zero. */
function delays(board: EmulatedBoard): number[] {
  return notesOf(board.recorder.midi()).map(({ onCycle }) => {
    const end = framesAt(board, onCycle);
    const onset = board.audio.nextNonZero(Math.ceil(end))!;
    return onset - end;
  });
}

/** Notes with silence between them, each at another place in frame and block. */
function* scatteredNotes(board: EmulatedBoard, blockFrames: number) {
  const random = pseudoRandom(blockFrames);
  const on = Math.ceil(3 * blockFrames + 100) * FRAME_CYCLES;
  let cycle = board.machine.timeline.now;
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
      yield* started(board);
      yield* scatteredNotes(board, blockFrames);
    });
    assert.equal(board.blockFrames, blockFrames);
    assert.deepEqual(losses(board), {});
    const found = delays(board);
    assert.equal(found.length, NOTES);
    const [min, max] = [Math.min(...found), Math.max(...found)];
    // Two blocks after the frame in which the byte ended: from just after two blocks to a frame more, and what the handler took to look.
    assert.ok(min >= 2 * blockFrames && max < 2 * blockFrames + 1 + LOOK, `${min} to ${max} frames`);
    assert.ok(max - min < 1 + LOOK, `${max - min} frames of jitter`);
    // Enough places were tried: they fill the frame.
    assert.ok(max - min > 0.85, `${max - min} frames of jitter`);
    if (blockFrames !== 32) return;
    const { notes, maxMs } = resultOf(board, null).midiToAudio;
    assert.equal(notes, NOTES);
    assert.ok(maxMs! < 2 && maxMs! < (65 + LOOK) / 47.991, `${maxMs} ms`);
  });
}

test('bytes that end around a block boundary, whose interrupt has or has not been handled', async () => {
  const blockFrames = 32;
  const blockCycles = blockFrames * FRAME_CYCLES;
  const places = Array.from({ length: 56 }, (_, i) => -400 + 20 * i);
  let unhandled = 0;
  const board = await play(VOICE, function* (board) {
    strap(board, BLOCK_SIZES.indexOf(blockFrames));
    let boundary = 0;
    board.machine.observers.add({
      blockBoundary(cycle) { boundary = cycle; },
      // The UART first, the DMA right after it: the boundary had passed when the frame was read.
      exceptionEnter(vector, cycle) { if (vector === 'USART2' && cycle - boundary < 40) unhandled++; },
      exceptionExit() {}, sleep() {}, midiByte() {},
    });
    yield* started(board);
    for (const place of places) {
      // Three characters end at the boundary after next but one, and then some.
      const end = boundary + 4 * blockCycles + place;
      board.midi.noteOn(0, 60, 100, { cycle: Math.round(end - 3 * CHARACTER_CYCLES) });
      yield seconds((7 * blockCycles) / CORE_HERTZ);
      board.midi.noteOff(0, 60);
      yield seconds((8 * blockCycles) / CORE_HERTZ);
    }
  });
  assert.deepEqual(losses(board), {});
  assert.ok(unhandled > 0, 'the race was met');
  const found = delays(board);
  assert.equal(found.length, places.length);
  const [min, max] = [Math.min(...found), Math.max(...found)];
  assert.ok(min >= 2 * blockFrames && max < 2 * blockFrames + 1 + LOOK, `${min} to ${max} frames`);
});

test('the demo synth sounds within 2 ms', async () => {
  const places = pseudoRandom(7);
  for (let i = 0; i < 6; i++) {
    const board = await play(SYNTH, function* (board) {
      yield* started(board);
      const cycle = board.machine.timeline.now + Math.round(places.next().value * 64 * FRAME_CYCLES);
      board.midi.noteOn(i, 48 + 5 * i, 64 + 10 * i, { cycle });
      yield ms(10);
    });
    assert.deepEqual(losses(board), {});
    const { notes, maxMs } = resultOf(board, null).midiToAudio;
    assert.equal(notes, 1);
    assert.ok(maxMs! < 2, `${maxMs} ms`);
  }
});
