// SPDX-License-Identifier: MIT
// The counted functions as a firmware for QEMU's MPS2, for every engine of the images: the same calls in the same order as aot/start.c makes them,
// but by a caller in TypeScript, so that a call from interpreted code is paid for.

import { waitForInterrupt } from "../../assembly/shim/abi";
import { Oscillator } from "../../assembly/audio/oscillators";
import { Svf } from "../../assembly/audio/svf";
import { Glide } from "../../assembly/firmware/synth/mix-buffers";
import { blockOf, digest, filterOf, glideOf, mixGliding, oscillatorOf, renderSaw, renderSvf } from "./aot/kernels.as";
import { instructions, report, startClock } from "./report.as";

const BLOCKS: i32 = 200;
const VOICES: i32 = 8;
const FRAMES: i32 = 32;

const SAW: i32 = 1;
const FILTER: i32 = 2;
const MIX: i32 = 4;

/** All blocks of all voices, of each the parts that are asked for. */
function play(parts: i32): void {
  for (let n = 0; n < BLOCKS; n++) {
    for (let i = 0; i < VOICES; i++) {
      const block = blockOf(i);
      // As bench_increment of aot/bench.h.
      if (parts & SAW) renderSaw(changetype<Oscillator>(oscillatorOf(i)), block, FRAMES, 20000000 + 7000000 * <u32>i, 0.25);
      if (parts & FILTER) renderSvf(changetype<Svf>(filterOf(i)), block, FRAMES);
      if (parts & MIX) mixGliding(block, FRAMES, glide(0), glide(1), glide(2), glide(3));
    }
  }
}

// @ts-ignore: decorator
@inline
function glide(index: i32): Glide {
  return changetype<Glide>(glideOf(index));
}

function count(name: string, parts: i32): void {
  const before = instructions();
  play(parts);
  report(name, instructions() - before);
}

export function init(): void {
  startClock();
}

export function main(): void {
  count("saw", SAW);
  count("filter", FILTER);
  count("mix", MIX);
  count("voice", SAW | FILTER | MIX);
  report("digest", digest());
  while (true) waitForInterrupt();
}
