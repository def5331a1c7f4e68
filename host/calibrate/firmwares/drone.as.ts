// SPDX-License-Identifier: MIT
// Two waves against each other, in blocks of 64 frames, and no MIDI: the driver of audio by itself. For the fit of costs.

import { addTriangle, Oscillator, renderSaw } from "../../../assembly/audio/oscillators";
import { interleave } from "../../../assembly/audio/output";
import { audioOutBlockDue, audioOutBlockFrame, audioOutInterrupt, audioOutWrite } from "../../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../../assembly/drivers/board";
import { waitForInterrupt } from "../../../assembly/shim/abi";

const FRAMES: i32 = 64;
const left = memory.data(4 * 64, 8);
const right = memory.data(4 * 64, 8);
const frames = memory.data(4 * 64, 8);
const low = new Oscillator();
const high = new Oscillator();

export function init(): void {
  assert(boardInit(FRAMES) == 0 && boardStart() == 0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("AUDIO_DMA", 3)
function halfPlayed(): void {
  audioOutInterrupt();
}

@isr("PendSV", 15)
function render(): void {
  while (audioOutBlockDue()) {
    const drift = (audioOutBlockFrame() >> 6) & 0xffff;
    renderSaw(low, left, FRAMES, 9000000 + drift, 0.2);
    renderSaw(high, right, FRAMES, 9000000 - drift, 0.2);
    addTriangle(high, left, FRAMES, 30000000, 0.1);
    interleave(left, right, frames, FRAMES);
    audioOutWrite(frames);
  }
}
