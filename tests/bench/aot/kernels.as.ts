// SPDX-License-Identifier: MIT
// The functions whose instructions are counted on every engine: eight voices of the library's own saw and filter, and the mixing of a voice.
// native.c has the same in C by hand.

import { Oscillator, renderSaw } from "../../../assembly/audio/oscillators";
import { renderSvf, Svf } from "../../../assembly/audio/svf";
import { Glide, mixGliding } from "../../../assembly/firmware/synth/mix-buffers";

const VOICES: i32 = 8;
// A voice is mixed to the four blocks after its own.
const BLOCKS: i32 = 13;
const blocks = memory.data(13 * 32 * 4, 8);
const oscillators = memory.data(8 * 4, 4);
const filters = memory.data(8 * 4, 4);
const glides = memory.data(4 * 4, 4);

export function blockOf(voice: i32): usize {
  return blocks + <usize>(voice << 7);
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

export { renderSaw, renderSvf, mixGliding };

// Where the states of a voice are.
export function oscillatorOf(voice: i32): usize {
  return load<usize>(oscillators + <usize>(voice << 2));
}
export function filterOf(voice: i32): usize {
  return load<usize>(filters + <usize>(voice << 2));
}
export function glideOf(index: i32): usize {
  return load<usize>(glides + <usize>(index << 2));
}
/** Bits of all that was rendered, folded. */
export function digest(): u32 {
  let sum: u32 = 0;
  for (let at = blocks; at < blockOf(BLOCKS); at += 4) sum = rotl<u32>(sum, 1) ^ load<u32>(at);
  return sum;
}
