// SPDX-License-Identifier: MIT
// DMA errors while a note sounds: counted, and the sound goes on within a block, with the very frame at which it stopped, left first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DmaFault } from '../../host/peripherals/stm32/dma.js';
import { ms, play, us, type EmulatedBoard } from '../../host/index.js';
import { BLOCK_SIZES, byteEnd, FRAME_CYCLES, framesAt, losses, pseudoRandom, started, strap, VOICE } from './rig.js';

const FAULTS = 24;

/** RM0090 10.5.5. */
const DMA1_S5CR = 0x4002_6088;
const EN = 1;

/** A long note with faults in it, each some milliseconds after the one before; then a second note. */
async function sounding(straps: number, faultOf: (index: number) => DmaFault | undefined) {
  const faultCycles: number[] = [];
  const board = await play(VOICE, function* (board) {
    strap(board, straps);
    yield* started(board);
    // At a frame boundary, so that the note begins in the same frame with and without faults.
    board.midi.noteOn(0, 57, 100, { cycle: board.audio.nextBoundary(board.machine.timeline.now)! });
    const random = pseudoRandom(straps + 1);
    yield ms(13);
    for (let i = 0; i < FAULTS; i++) {
      yield us(3000 + random.next().value * 12_000);
      const fault = faultOf(i);
      if (fault === undefined) continue;
      // Between two transfers, for a frame or so, there is none that could fail.
      while ((board.machine.bus.read(DMA1_S5CR, 4) & EN) === 0) yield us(25);
      board.chip.dma('DMA1').injectFault(5, fault);
      faultCycles.push(board.machine.timeline.now);
    }
    yield ms(3);
    board.midi.noteOff(0, 57);
    yield ms(20);
    board.midi.noteOn(0, 69, 100);
    yield ms(20);
  });
  return { board, faultCycles };
}

/** Frames of the first note, as [left, right]. */
function firstNote({ audio }: EmulatedBoard): (readonly [number, number])[] {
  const frames: (readonly [number, number])[] = [];
  for (let f = audio.nextNonZero(0)!; ; f++) {
    const frame = audio.frame(f);
    // The sine passes through 0 at single frames.
    if (frame[0] === 0 && audio.frame(f + 1)[0] === 0) return frames;
    frames.push(frame);
  }
}

for (const [straps, blockFrames] of BLOCK_SIZES.entries()) {
  test(`transfer and FIFO errors at ${blockFrames} frames a block`, async () => {
    const quiet = await sounding(straps, () => undefined);
    const { board, faultCycles } = await sounding(straps, (i) => (i % 2 === 0 ? 'transfer' : 'fifo'));
    assert.deepEqual(losses(quiet.board), {});
    assert.deepEqual(losses(board), { dmaTransferError: FAULTS / 2, dmaFifoError: FAULTS / 2, audioRestarts: FAULTS });

    // Frame by frame the same sound: none is lost, none out of place, left is left. One that was cut in the middle went out with its left sample
    // twice, and is sent again.
    const expected = firstNote(quiet.board);
    const found = firstNote(board);
    let cut = 0;
    for (let i = 0; i < expected.length - 2 * FAULTS; i++) {
      const [left, right] = found[i + cut];
      if (right !== expected[i][1] && left === right && left === expected[i][0]) {
        cut++;
        assert.deepEqual(found[i + cut], expected[i], `frame ${i}, again`);
      } else {
        assert.deepEqual([left, right], expected[i], `frame ${i}`);
      }
    }
    assert.ok(cut <= FAULTS && cut > 0, `${cut} frames cut`);

    for (const cycle of faultCycles) {
      const frame = Math.floor(framesAt(board, cycle));
      for (let f = frame; f < frame + blockFrames; f++) {
        const pause = (board.audio.cycleOf(f + 1) - board.audio.cycleOf(f)) / FRAME_CYCLES - 1;
        assert.ok(pause < 1, `${pause} frames without a clock`);
      }
    }

    // The next note is in time: frames are counted right.
    const end = framesAt(board, byteEnd(board, -1));
    const delay = board.audio.nextNonZero(Math.ceil(end))! - end;
    assert.ok(delay >= 2 * blockFrames && delay < 2 * blockFrames + 1.15, `${delay} frames`);
  });
}
