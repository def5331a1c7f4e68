// SPDX-License-Identifier: MIT
// What voices have sounded in the stretch of frames that is being rendered, up to the frames where a message changed them. So a message costs one voice
// a second call, instead of cutting the rendering of all of them in two. The mixer adds a fragment where its voice would have been added, to the bit.

import { CONTROL_FRAMES } from "../../audio/block";

/** Most in a stretch of a control period: a message makes one at most, and a character of 15 frames is one message at most. */
export const FRAGMENTS: i32 = <i32>CONTROL_FRAMES / 15 + 1;

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
  /** Samples of the whole stretch, of which `from` to `to` count. */
  readonly samples: usize = heap.alloc(<usize>CONTROL_FRAMES << 2);
}
