// SPDX-License-Identifier: MIT
// What voices have sounded in the stretch of frames that is being rendered, up to the frames where a message changed them. So a message costs one voice
// a second call, instead of cutting the rendering of all of them in two. The mixer adds a fragment where its voice would have been added, to the bit.

import { CONTROL_FRAMES } from "../../audio/block";
import { BUS } from "./amplifier";

/** Most in a stretch of a control period: a message makes one at most, and only if it has two data bytes, which are two characters of 15 frames at least. */
export const FRAGMENTS: i32 = <i32>CONTROL_FRAMES / 30 + 1;

@unmanaged
@final
export class Fragment {
  voice: i32 = 0;
  strip: i32 = 0;
  /** Frames of the stretch. */
  from: i32 = 0;
  to: i32 = 0;
  /** The last sample of a voice that was cut here; 0 for one that sounds on. */
  cut: f32 = 0;
  /** A block for the voice's oscillators, and behind it, as its bus, the samples of the whole stretch, of which `from` to `to` count. */
  readonly blocks: usize = heap.alloc(2 * BUS);

  get samples(): usize {
    return this.blocks + BUS;
  }
}
