// SPDX-License-Identifier: MIT
// Where the strips of the mixer meet: left, right and what goes to the three effects, a control period of f32 samples each. All of them lie side by
// side, with the bus of the strip that is being mixed before them, so that one pointer with constant offsets reaches all.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";

const BYTES: usize = <usize>CONTROL_FRAMES << 2;
const LEFT: usize = BYTES;
const RIGHT: usize = 2 * BYTES;
const REVERB: usize = 3 * BYTES;
const CHORUS: usize = 4 * BYTES;
const DELAY: usize = 5 * BYTES;

@final
export class MixBuffers {
  /** What the voices of one strip add to; silent whenever a strip begins. */
  readonly bus: usize = memory.data(6 * CONTROL_FRAMES * 4, 8);
  readonly left: usize = this.bus + LEFT;
  readonly right: usize = this.bus + RIGHT;
  readonly reverb: usize = this.bus + REVERB;
  readonly chorus: usize = this.bus + CHORUS;
  readonly delay: usize = this.bus + DELAY;
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

/** Adds the bus to left, right and reverb with gains that stand still, and clears it. */
export function mixSteady(bus: usize, frameCount: i32, left: f32, right: f32, reverb: f32): void {
  const end = bus + (<usize>frameCount << 2);
  while (bus + 8 <= end) {
    const x = load<f32>(bus);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
    const y = load<f32>(bus, 4);
    store<f32>(bus, load<f32>(bus, LEFT + 4) + y * left, LEFT + 4);
    store<f32>(bus, load<f32>(bus, RIGHT + 4) + y * right, RIGHT + 4);
    store<f32>(bus, load<f32>(bus, REVERB + 4) + y * reverb, REVERB + 4);
    store<u64>(bus, 0);
    bus += 8;
  }
  if (bus < end) {
    const x = load<f32>(bus);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
    store<f32>(bus, 0);
  }
}
