// SPDX-License-Identifier: MIT
// Fixture: the demo synth's sound engine behind its scheduler.

import { Counter, counterValue } from "../../assembly/shim/counters";
import { engineInit, engineSilence } from "../../assembly/firmware/synth/engine";
import { schedulerClear, schedulerPush, schedulerRender } from "../../assembly/firmware/synth/player";

export { engineInit, engineSilence, schedulerClear, schedulerPush };

const MAX_BLOCK = 256;
const out = memory.data(MAX_BLOCK * 4, 4);

/** Renders up to 256 frames; returns the offset of the interleaved i16. */
export function render(blockStartFrame: u32, frameCount: i32): usize {
  schedulerRender(out, blockStartFrame, frameCount);
  return out;
}
export function activeVoices(): u32 { return counterValue(Counter.activeVoices); }
export function stolenVoices(): u32 { return counterValue(Counter.stolenVoices); }
export function lateEvents(): u32 { return counterValue(Counter.lateEvents); }
/** First byte of linear memory that nothing has taken. */
export function memoryUsed(): usize { return heap.alloc(1); }
