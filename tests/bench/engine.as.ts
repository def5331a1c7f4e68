// SPDX-License-Identifier: MIT
// The demo synth's engine without a board: a chord of sixteen voices that goes on sounding.

import { BLOCK_FRAMES, VOICE_COUNT } from "../../assembly/firmware/synth/config";
import { engineBegin, engineInit, engineMessage, engineRender } from "../../assembly/firmware/synth/engine";

const SAMPLE_RATE: f64 = 47991.0714;
const ORGAN: u32 = 16; // sounds as long as its keys are held
const frames = memory.data(4 * 256, 8);
let frame: u32 = 0;

engineInit(SAMPLE_RATE);

export function playChord(): void {
  engineMessage(0xc0 | (ORGAN << 8), 0);
  for (let i: u32 = 0; i < <u32>VOICE_COUNT; i++) engineMessage(0x90 | ((40 + 3 * i) << 8) | (100 << 16), 0);
}

export function renderBlocks(count: i32): void {
  for (let i = 0; i < count; i++, frame += BLOCK_FRAMES) {
    engineBegin(frame);
    engineRender(frames, BLOCK_FRAMES);
  }
}
