// SPDX-License-Identifier: MIT
// A renderer that takes too long now and then: what is late goes out as silence, whole blocks of it, each counted; the rest is as it would have been.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, resultOf } from '../../host/index.js';
import { BLOCK_SIZES, CORE_HERTZ, FRAME_CYCLES, losses, started, strap, VOICE } from './rig.js';

const BUSY = 20;
const STALLS = [3, 7, 12, 25, 60, 127]; // tenths of a millisecond

async function stalled(straps: number, tenths: (stall: number) => number) {
  return play(VOICE, function* (board) {
    strap(board, straps);
    yield* started(board);
    board.midi.noteOn(0, 45, 100);
    yield ms(30);
    for (const stall of STALLS) {
      board.midi.controlChange(0, BUSY, tenths(stall));
      yield ms(41.3);
    }
  });
}

for (const [straps, blockFrames] of BLOCK_SIZES.entries()) {
  test(`late blocks of ${blockFrames} frames`, async () => {
    const quiet = await stalled(straps, () => 0);
    const board = await stalled(straps, (stall) => stall);
    assert.deepEqual(losses(quiet), {});
    const { lateBlocks } = resultOf(board, null);
    assert.deepEqual(losses(board), { lateBlocks });
    // Each stall costs the blocks that should have begun while it lasted.
    const blockTenths = (blockFrames * FRAME_CYCLES) / (CORE_HERTZ / 10_000);
    const least = STALLS.reduce((sum, stall) => sum + Math.max(0, Math.floor(stall / blockTenths - 1)), 0);
    const most = STALLS.reduce((sum, stall) => sum + Math.ceil(stall / blockTenths), 0);
    assert.ok(lateBlocks >= least && lateBlocks <= most, `${lateBlocks} late blocks; ${least} to ${most} expected`);

    assert.equal(board.audio.frames, quiet.audio.frames);
    const first = Math.ceil(quiet.audio.nextNonZero(0)! / blockFrames) * blockFrames;
    let silent = 0;
    for (let start = first; start + blockFrames <= quiet.audio.frames; start += blockFrames) {
      const expected = quiet.audio.samples(start, blockFrames);
      const found = board.audio.samples(start, blockFrames);
      if (found.every((x) => x === 0)) silent++;
      else assert.deepEqual(found, expected, `block at frame ${start}`);
    }
    assert.equal(silent, lateBlocks);
  });
}
