// SPDX-License-Identifier: MIT
// The smallest firmware that sounds: the A above middle C, on both channels.

import { sine } from "../audio/oscillators";
import { interleave } from "../audio/output";
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "../drivers/audio-out";
import { boardInit, boardStart } from "../drivers/board";
import { waitForInterrupt } from "../shim/abi";
import { SAMPLE_RATE } from "../shim/board";

const FRAMES: i32 = 32; // a block: two thirds of a millisecond
const STEP: u32 = <u32>nearest<f64>((440.0 / SAMPLE_RATE) * 4294967296.0); // of a phase that turns once in 2^32

const samples = memory.data(32 * sizeof<f32>());
const frames = memory.data(32 * 4); // left and right, 16 bits each
let phase: u32 = 0;

export function init(): void {
  assert(boardInit(FRAMES) == 0 && boardStart() == 0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("AUDIO_DMA", 2, { budget: 8000 })
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15, { budget: 50000 })
function render(): void {
  while (audioOutBlockDue()) {
    for (let i = 0; i < FRAMES; i++) {
      store<f32>(samples + (i << 2), 0.25 * sine(phase));
      phase += STEP;
    }
    interleave(samples, samples, frames, FRAMES);
    audioOutWrite(frames);
  }
}
