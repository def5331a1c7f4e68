// SPDX-License-Identifier: MIT
// Eight voices of saw through state-variable filter, mixed: what interpreters are measured on.

import { clearBlock } from "../../assembly/audio/block";
import { Oscillator, renderSaw } from "../../assembly/audio/oscillators";
import { Svf, SvfMode, renderSvf, setSvf } from "../../assembly/audio/svf";
import { initTuning } from "../../assembly/audio/tuning";

const VOICES = 8;
const FRAMES = 32;
const voice = memory.data(4 * FRAMES, 8);
const out = memory.data(4 * FRAMES, 8);
const oscillators = new StaticArray<Oscillator>(VOICES);
const filters = new StaticArray<Svf>(VOICES);

initTuning(48000);
for (let i = 0; i < VOICES; i++) {
  oscillators[i] = new Oscillator();
  filters[i] = new Svf();
  setSvf(filters[i], SvfMode.LOWPASS, <f32>60 + 5 * <f32>i, 0.5);
}

/** Where a voice's filter is: mode, two states, and the four coefficients (svf.ts). */
export function filterAddress(i: i32): usize {
  return changetype<usize>(unchecked(filters[i]));
}

/** Renders blocks, and gives the bits of the last block's samples folded into one word. */
export function render(blocks: i32): u32 {
  for (let n = 0; n < blocks; n++) {
    clearBlock(out, FRAMES);
    for (let i = 0; i < VOICES; i++) {
      renderSaw(unchecked(oscillators[i]), voice, FRAMES, 10000000 + 3333333 * i, 0.1);
      renderSvf(unchecked(filters[i]), voice, FRAMES);
      for (let k: usize = 0; k < 4 * FRAMES; k += 4) store<f32>(out + k, load<f32>(out + k) + load<f32>(voice + k));
    }
  }
  let sum: u32 = 0;
  for (let k: usize = 0; k < 4 * FRAMES; k += 4) sum = rotl(sum, 5) ^ load<u32>(out + k);
  return sum;
}
