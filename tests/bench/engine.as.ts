// SPDX-License-Identifier: MIT
// The demo synth's engine without a board, for V8: the chord, and blocks of it.

import { BLOCK_FRAMES } from "../../assembly/firmware/synth/config";
import { engineRender } from "../../assembly/firmware/synth/engine";
import { initEngine } from "./chord.as";

export { playChord } from "./chord.as";

const frames = memory.data(4 * 256, 8);

initEngine();

export function renderBlocks(count: i32): void {
  for (let i = 0; i < count; i++) engineRender(frames, BLOCK_FRAMES);
}
