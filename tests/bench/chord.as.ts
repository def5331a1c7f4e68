// SPDX-License-Identifier: MIT
// The demo synth's engine without a board: a chord of sixteen voices that goes on sounding.

import { engineInit, engineMessage } from "../../assembly/firmware/synth/engine";
import { VOICE_COUNT } from "../../assembly/firmware/synth/config";

const SAMPLE_RATE: f64 = 47991.0714;
const ORGAN: u32 = 16; // sounds as long as its keys are held

export function initEngine(): void {
  engineInit(SAMPLE_RATE);
}

export function playChord(): void {
  engineMessage(0xc0 | (ORGAN << 8));
  for (let i: u32 = 0; i < <u32>VOICE_COUNT; i++) engineMessage(0x90 | ((40 + 3 * i) << 8) | (100 << 16));
}
