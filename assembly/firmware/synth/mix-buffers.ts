// SPDX-License-Identifier: MIT
// Where the strips of the mixer meet: left, right and what goes to the three effects, a control period of f32 samples each.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";

const BYTES: i32 = <i32>CONTROL_FRAMES << 2;

@final
export class MixBuffers {
  readonly left: usize = memory.data(BYTES, 8);
  readonly right: usize = memory.data(BYTES, 8);
  readonly chorus: usize = memory.data(BYTES, 8);
  readonly delay: usize = memory.data(BYTES, 8);
  readonly reverb: usize = memory.data(BYTES, 8);
  /** Whether anything was mixed into left and right, or for the effects, since `clear`. */
  toMain: bool = true;
  toChorus: bool = false;
  toDelay: bool = false;
  toReverb: bool = false;

  /** Makes room for a stretch of frames. What was not used is still clear. */
  clear(): void {
    if (this.toMain) {
      clearBlock(this.left, CONTROL_FRAMES);
      clearBlock(this.right, CONTROL_FRAMES);
    }
    if (this.toChorus) clearBlock(this.chorus, CONTROL_FRAMES);
    if (this.toDelay) clearBlock(this.delay, CONTROL_FRAMES);
    if (this.toReverb) clearBlock(this.reverb, CONTROL_FRAMES);
    this.toMain = false;
    this.toChorus = false;
    this.toDelay = false;
    this.toReverb = false;
  }
}
