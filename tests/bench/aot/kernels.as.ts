// SPDX-License-Identifier: MIT
// The functions whose instructions are counted on every engine: eight voices of the library's own saw and filter, and the mixing of a voice.
// native.c has the same in C by hand.

import { Oscillator, renderSaw } from "../../../assembly/audio/oscillators";
import { renderSvf, Svf } from "../../../assembly/audio/svf";
import { Glide, mixGliding } from "../../../assembly/firmware/synth/mix-buffers";

const VOICES: i32 = 8;
const FRAMES: i32 = 32;
// A voice is mixed to the four blocks after its own.
const BLOCKS: i32 = 13;
const blocks = memory.data(13 * 32 * 4, 8);
const oscillators = memory.data(8 * 4, 4);
const filters = memory.data(8 * 4, 4);
const glides = memory.data(4 * 4, 4);

// @ts-ignore: decorator
@inline
function blockOf(voice: i32): usize {
  return blocks + <usize>(voice << 7);
}
// @ts-ignore: decorator
@inline
function glide(index: i32): Glide {
  return changetype<Glide>(load<usize>(glides + <usize>(index << 2)));
}

for (let i = 0; i < VOICES; i++) {
  const filter = new Svf();
  filter.g = 0.2;
  filter.damping = 2;
  filter.loop = filter.g + filter.damping;
  filter.input = filter.g / (1 + filter.g * filter.loop);
  store<usize>(oscillators + <usize>(i << 2), changetype<usize>(new Oscillator()));
  store<usize>(filters + <usize>(i << 2), changetype<usize>(filter));
  if (i >= 4) continue;
  const gain = new Glide();
  gain.value = 0.1;
  gain.step = 0.00001;
  store<usize>(glides + <usize>(i << 2), changetype<usize>(gain));
}

export function saw(): void {
  for (let i = 0; i < VOICES; i++) renderSaw(changetype<Oscillator>(load<usize>(oscillators + <usize>(i << 2))), blockOf(i), FRAMES, 20000000 + 7000000 * i, 0.25);
}
export function filter(): void {
  for (let i = 0; i < VOICES; i++) renderSvf(changetype<Svf>(load<usize>(filters + <usize>(i << 2))), blockOf(i), FRAMES);
}
export function mix(): void {
  for (let i = 0; i < VOICES; i++) mixGliding(blockOf(i), FRAMES, glide(0), glide(1), glide(2), glide(3));
}
export function voice(): void {
  saw();
  filter();
  mix();
}
/** Bits of all that was rendered, folded. */
export function digest(): u32 {
  let sum: u32 = 0;
  for (let at = blocks; at < blockOf(BLOCKS); at += 4) sum = rotl<u32>(sum, 1) ^ load<u32>(at);
  return sum;
}
