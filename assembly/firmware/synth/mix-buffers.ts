// SPDX-License-Identifier: MIT
// Where the strips of the mixer meet: left, right and what goes to the three effects, a control period of f32 samples each. All of them lie side by
// side, with the bus of the strip that is being mixed before them, and the voice that is being rendered before that, so that one pointer with constant offsets reaches all.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";
import { BUS } from "./amplifier";
import { VOICE_CONTROL_FRAMES } from "./config";

const BYTES: usize = <usize>CONTROL_FRAMES << 2;
/** Where they lie behind the bus. */
export const LEFT: usize = BYTES;
export const RIGHT: usize = 2 * BYTES;
export const REVERB: usize = 3 * BYTES;
export const CHORUS: usize = 4 * BYTES;
export const DELAY: usize = 5 * BYTES;

/** No frame of a stretch. */
export const NOTHING: u8 = <u8>CONTROL_FRAMES;

@final
export class MixBuffers {
  /** What the oscillators of the voice give that is being rendered. */
  readonly voice: usize = memory.data(7 * CONTROL_FRAMES * 4, 8);
  /** What the voices of one strip add to; silent whenever a strip begins. */
  readonly bus: usize = this.voice + BUS;
  readonly left: usize = this.bus + LEFT;
  readonly right: usize = this.bus + RIGHT;
  readonly reverb: usize = this.bus + REVERB;
  readonly chorus: usize = this.bus + CHORUS;
  readonly delay: usize = this.bus + DELAY;
  /** First frame of the stretch at which something comes into left and right, or into an effect; NOTHING when nothing does. */
  mainFrom: u8 = 0;
  chorusFrom: u8 = NOTHING;
  delayFrom: u8 = NOTHING;
  reverbFrom: u8 = NOTHING;

  /** Something comes into left and right at a frame of the stretch, and into the effects that are named. */
  // @ts-ignore: decorator
  @inline
  opens(from: u8, reverb: bool, chorus: bool, delay: bool): void {
    this.mainFrom = min<u8>(this.mainFrom, from);
    if (reverb) this.reverbFrom = min<u8>(this.reverbFrom, from);
    if (chorus) this.chorusFrom = min<u8>(this.chorusFrom, from);
    if (delay) this.delayFrom = min<u8>(this.delayFrom, from);
  }

  /** Makes room for a stretch of frames. What was not used is still clear. */
  clear(): void {
    if (this.mainFrom != NOTHING) clearBlock(this.left, 2 * CONTROL_FRAMES); // and right, which follows it
    if (this.chorusFrom != NOTHING) clearBlock(this.chorus, CONTROL_FRAMES);
    if (this.delayFrom != NOTHING) clearBlock(this.delay, CONTROL_FRAMES);
    if (this.reverbFrom != NOTHING) clearBlock(this.reverb, CONTROL_FRAMES);
    this.mainFrom = NOTHING;
    this.chorusFrom = NOTHING;
    this.delayFrom = NOTHING;
    this.reverbFrom = NOTHING;
  }
}

/** Share of the way to its target that a gain goes from one control point of its strip to the next: some 2.3 ms time constant at 64 frames. */
const GLIDE: f32 = 0.4375;

/** A gain nearer to its target than this is there: 100 dB below full scale. */
const NEAR: f32 = 0.00001;

/** A gain on its way: in straight lines from one control point of its strip to the next, each a share of what is left, so that a jump becomes a curve of some milliseconds. */
@unmanaged
export class Glide {
  value: f32 = 0;
  /** What a frame adds. */
  step: f32 = 0;
  /** Where it goes in the end. */
  aim: f32 = 0;
  /** Its value at the last control point. */
  private base: f32 = 0;

  // @ts-ignore: decorator
  @inline
  snap(): void {
    this.value = this.aim;
    this.base = this.aim;
    this.step = 0;
  }

  /** Its value some frames after its strip's last control point, wherever stretches have ended since. */
  // @ts-ignore: decorator
  @inline
  at(frames: f32): f32 {
    return this.base + this.step * frames;
  }

  /** Sets the line to the strip's next control point; returns whether there is one. */
  // @ts-ignore: decorator
  @inline
  advance(): bool {
    const way = this.aim - this.value;
    if (abs<f32>(way) < NEAR) {
      this.snap();
      return false;
    }
    this.base = this.value;
    this.step = way * (GLIDE / <f32>VOICE_CONTROL_FRAMES);
    return true;
  }

  // @ts-ignore: decorator
  @inline
  isZero(): bool {
    return this.value == 0 && this.step == 0;
  }
}

/** Adds the bus to left, right and reverb with gains that stand still, and clears it. */
// @ts-ignore: decorator
@native
export function mixSteady(bus: usize, frameCount: i32, left: f32, right: f32, reverb: f32): void {
  const end = bus + (<usize>frameCount << 2);
  while (bus + 8 <= end) {
    const x = load<f32>(bus);
    const y = load<f32>(bus, 4);
    store<u64>(bus, 0);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, LEFT + 4) + y * left, LEFT + 4);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, RIGHT + 4) + y * right, RIGHT + 4);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
    store<f32>(bus, load<f32>(bus, REVERB + 4) + y * reverb, REVERB + 4);
    bus += 8;
  }
  if (bus < end) {
    const x = load<f32>(bus);
    store<u32>(bus, 0);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
  }
}

/** The same, and to the chorus. */
// @ts-ignore: decorator
@native
export function mixSteadyChorus(bus: usize, frameCount: i32, left: f32, right: f32, reverb: f32, chorus: f32): void {
  const end = bus + (<usize>frameCount << 2);
  while (bus + 8 <= end) {
    const x = load<f32>(bus);
    const y = load<f32>(bus, 4);
    store<u64>(bus, 0);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, LEFT + 4) + y * left, LEFT + 4);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, RIGHT + 4) + y * right, RIGHT + 4);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
    store<f32>(bus, load<f32>(bus, REVERB + 4) + y * reverb, REVERB + 4);
    store<f32>(bus, load<f32>(bus, CHORUS) + x * chorus, CHORUS);
    store<f32>(bus, load<f32>(bus, CHORUS + 4) + y * chorus, CHORUS + 4);
    bus += 8;
  }
  if (bus < end) {
    const x = load<f32>(bus);
    store<u32>(bus, 0);
    store<f32>(bus, load<f32>(bus, LEFT) + x * left, LEFT);
    store<f32>(bus, load<f32>(bus, RIGHT) + x * right, RIGHT);
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverb, REVERB);
    store<f32>(bus, load<f32>(bus, CHORUS) + x * chorus, CHORUS);
  }
}

/** The same, with gains that move. */
// @ts-ignore: decorator
@native
export function mixGliding(bus: usize, frameCount: i32, left: Glide, right: Glide, reverb: Glide, chorus: Glide): void {
  const leftStep = left.step;
  const rightStep = right.step;
  const reverbStep = reverb.step;
  const chorusStep = chorus.step;
  let leftNow = left.value;
  let rightNow = right.value;
  let reverbNow = reverb.value;
  let chorusNow = chorus.value;
  const end = bus + (<usize>frameCount << 2);
  while (bus + 8 <= end) {
    const x = load<f32>(bus);
    store<f32>(bus, load<f32>(bus, LEFT) + x * leftNow, LEFT);
    leftNow += leftStep;
    store<f32>(bus, load<f32>(bus, RIGHT) + x * rightNow, RIGHT);
    rightNow += rightStep;
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverbNow, REVERB);
    reverbNow += reverbStep;
    store<f32>(bus, load<f32>(bus, CHORUS) + x * chorusNow, CHORUS);
    chorusNow += chorusStep;
    const y = load<f32>(bus, 4);
    store<f32>(bus, load<f32>(bus, LEFT + 4) + y * leftNow, LEFT + 4);
    leftNow += leftStep;
    store<f32>(bus, load<f32>(bus, RIGHT + 4) + y * rightNow, RIGHT + 4);
    rightNow += rightStep;
    store<f32>(bus, load<f32>(bus, REVERB + 4) + y * reverbNow, REVERB + 4);
    reverbNow += reverbStep;
    store<f32>(bus, load<f32>(bus, CHORUS + 4) + y * chorusNow, CHORUS + 4);
    chorusNow += chorusStep;
    store<u64>(bus, 0);
    bus += 8;
  }
  if (bus < end) {
    const x = load<f32>(bus);
    store<f32>(bus, load<f32>(bus, LEFT) + x * leftNow, LEFT);
    leftNow += leftStep;
    store<f32>(bus, load<f32>(bus, RIGHT) + x * rightNow, RIGHT);
    rightNow += rightStep;
    store<f32>(bus, load<f32>(bus, REVERB) + x * reverbNow, REVERB);
    reverbNow += reverbStep;
    store<f32>(bus, load<f32>(bus, CHORUS) + x * chorusNow, CHORUS);
    chorusNow += chorusStep;
    store<u32>(bus, 0);
  }
  left.value = leftNow;
  right.value = rightNow;
  reverb.value = reverbNow;
  chorus.value = chorusNow;
}

/** Adds the bus to the echo; does not clear it. */
// @ts-ignore: decorator
@native
export function mixDelay(bus: usize, frameCount: i32, delay: Glide): void {
  const step = delay.step;
  let now = delay.value;
  for (const end = bus + (<usize>frameCount << 2); bus < end; bus += 4) {
    store<f32>(bus, load<f32>(bus, DELAY) + load<f32>(bus) * now, DELAY);
    now += step;
  }
  delay.value = now;
}
