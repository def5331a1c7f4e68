// SPDX-License-Identifier: MIT
// What the demo's sixteen voices take on QEMU's MPS2: instructions of all blocks, and of the worst.

import { waitForInterrupt } from "../../assembly/shim/abi";
import { BLOCK_FRAMES } from "../../assembly/firmware/synth/config";
import { engineRender } from "../../assembly/firmware/synth/engine";
import { initEngine, playChord } from "./chord.as";
import { instructions, report, startClock } from "./report.as";

const BLOCKS: u32 = 200;
const frames = memory.data(4 * 256, 8); // BLOCK_FRAMES is at most 256

export function init(): void {
  initEngine();
  startClock();
}

export function main(): void {
  let total: u32 = 0;
  let worst: u32 = 0;
  let sum: u32 = 0;
  for (let n: u32 = 0; n < BLOCKS; n++) {
    const before = instructions();
    // The block in which all notes begin pays for their beginning.
    if (n == 0) playChord();
    engineRender(frames, BLOCK_FRAMES);
    const taken = instructions() - before;
    total += taken;
    if (taken > worst) worst = taken;
    for (let at: usize = 0; at < 4 * <usize>BLOCK_FRAMES; at += 4) sum = rotl<u32>(sum, 1) ^ load<u32>(frames + at);
  }
  report("frames", BLOCKS * <u32>BLOCK_FRAMES);
  report("total", total);
  report("worst", worst / <u32>BLOCK_FRAMES);
  report("digest", sum);
  while (true) waitForInterrupt();
}
