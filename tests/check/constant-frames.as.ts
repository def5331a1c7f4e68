// SPDX-License-Identifier: MIT
// A firmware that renders blocks of one size alone, so that the optimiser takes the size out of the functions that render: for tests/check/passed-values.spec.ts.
// The straps set how it goes on: 1 has it count on fewer turns than the loop makes.

import { Envelope, gateOff, gateOn, renderEnvelope, setEnvelope } from "../../assembly/audio/envelope";
import { addTriangle, Oscillator, renderSaw } from "../../assembly/audio/oscillators";
import { interleave } from "../../assembly/audio/output";
import { audioOutBlockDue, audioOutBlockFrame, audioOutInterrupt, audioOutWrite } from "../../assembly/drivers/audio-out";
import { boardInit, boardStart } from "../../assembly/drivers/board";
import { waitForInterrupt } from "../../assembly/shim/abi";
import { readStraps } from "../scenarios/straps.as";

const FRAMES: i32 = 64;
const left = memory.data(4 * 64, 8);
const right = memory.data(4 * 64, 8);
const frames = memory.data(4 * 64, 8);
const saw = new Oscillator();
const triangle = new Oscillator();
const envelope = new Envelope();
let choice: u32 = 0;
let increment: u32 = 9000000;

export function init(): void {
  assert(boardInit(FRAMES) == 0);
  choice = readStraps();
  setEnvelope(envelope, 100, 50, 0.5, 400, true);
  assert(boardStart() == 0);
}

export function main(): void {
  while (true) waitForInterrupt();
}

@isr("AUDIO_DMA", 3)
function halfPlayed(): void {
  audioOutInterrupt();
}

/** Frames before the first that is silent; says that it looks at half of them only. */
// @ts-ignore: decorator
@native
function soundingFrames(samples: usize, frameCount: i32): i32 {
  let at: i32 = 0;
  // @bound(frameCount / 2)
  while (load<i32>(samples + (<usize>at << 2)) != 0) {
    at++;
    if (at >= frameCount) break;
  }
  return at;
}

@isr("PendSV", 15)
function render(): void {
  // @bound(1)
  while (audioOutBlockDue()) {
    // From waves of some cycles a block to such that have an edge in every other frame.
    increment = increment * 5 + 1;
    renderSaw(saw, left, FRAMES, increment & 0x7fffffff, 0.2);
    addTriangle(triangle, left, FRAMES, (increment >> 3) & 0x7fffffff, 0.1);
    if (audioOutBlockFrame() & 512) gateOn(envelope);
    else gateOff(envelope);
    renderEnvelope(envelope, right, FRAMES);
    if (choice == 1) soundingFrames(left, FRAMES);
    interleave(left, right, frames, FRAMES);
    audioOutWrite(frames);
  }
}
