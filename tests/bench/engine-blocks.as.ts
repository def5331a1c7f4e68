// SPDX-License-Identifier: MIT
// What the demo's sound engine takes on QEMU's MPS2 for a list of messages: instructions of all blocks that count, and of the worst.
//
// The list lies where the board has its MIDI, in words: first frame that counts, frame at which to end; then the frame and the message of each,
// in order, and 0xffffffff for a frame.

import { load32, waitForInterrupt } from "../../assembly/shim/abi";
import { MIDI_EVENTS_ADDRESS, SAMPLE_RATE } from "../../assembly/shim/board";
import { BLOCK_FRAMES } from "../../assembly/firmware/synth/config";
import { engineInit } from "../../assembly/firmware/synth/engine";
import { schedulerPush, schedulerRender } from "../../assembly/firmware/synth/player";
import { instructions, report, startClock } from "./report.as";

const frames = memory.data(4 * 256, 8); // BLOCK_FRAMES is at most 256

export function init(): void {
  engineInit(SAMPLE_RATE);
  startClock();
}

export function main(): void {
  const first = load32(MIDI_EVENTS_ADDRESS);
  const end = load32(MIDI_EVENTS_ADDRESS + 4);
  let next: u32 = MIDI_EVENTS_ADDRESS + 8;
  let counted: u32 = 0;
  let total: u32 = 0;
  let worst: u32 = 0;
  let sum: u32 = 0;
  for (let frame: u32 = 0; frame < end; frame += <u32>BLOCK_FRAMES) {
    const before = instructions();
    for (; load32(next) < frame + <u32>BLOCK_FRAMES; next += 8) schedulerPush(load32(next), load32(next + 4));
    schedulerRender(frames, frame, BLOCK_FRAMES);
    const taken = instructions() - before;
    for (let at: usize = 0; at < 4 * <usize>BLOCK_FRAMES; at += 4) sum = rotl<u32>(sum, 1) ^ load<u32>(frames + at);
    if (frame < first) continue;
    counted += <u32>BLOCK_FRAMES;
    total += taken;
    if (taken > worst) worst = taken;
  }
  report("frames", counted);
  report("total", total);
  report("worst", worst);
  report("digest", sum);
  while (true) waitForInterrupt();
}
