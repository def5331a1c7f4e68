// SPDX-License-Identifier: MIT
// Stereo chorus: an i16 line with two taps whose delays swing with a sine, the right a quarter cycle behind the left (J. Dattorro, "Effect
// Design Part 2: Delay-Line Modulation and Chorus", JAES 45(10), 1997; without feedback).
//
// The sine is computed every 32 frames of the chorus's own count and the delays move in straight lines between; fractions of a frame are
// interpolated linearly. Samples are in units of 1/16384, ±2 saturates; without feedback the line is silent 43 ms after its input.

import { truncated16 } from "./block";
import { sine } from "./oscillators";

/** Bytes of one chorus line: 2,048 frames, 43 ms. */
export const CHORUS_BYTES: i32 = 4096;
const BYTE_MASK: i32 = CHORUS_BYTES - 2;
const LINE_FRAMES: i32 = 32;
const UNIT: f32 = 16384;

@unmanaged
export class Chorus {
  /** Frames written so far, modulo 2^32. */
  frame: u32 = 0;
  phase: u32 = 0;
  increment: u32 = 0;
  /** In frames; delays themselves are in 1/65536 frame. */
  centre: f32 = 480;
  depth: f32 = 0;
  left: i32 = 480 << 16;
  right: i32 = 480 << 16;
  leftStep: i32 = 0;
  rightStep: i32 = 0;
  /** @param line CHORUS_BYTES bytes of silence, 2-aligned */
  constructor(public line: usize) {}
}

/**
 * @param increment of a frame, 2^32 = one swing: hertz · 2^32 / sample rate
 * @param centre, depth in frames: delays swing from centre - depth to centre + depth, within 2..2045
 */
export function setChorus(chorus: Chorus, increment: u32, centre: f32, depth: f32): void {
  chorus.increment = increment;
  chorus.centre = max<f32>(min<f32>(centre, 2045), 2);
  chorus.depth = max<f32>(min<f32>(depth, min<f32>(chorus.centre - 2, 2045 - chorus.centre)), 0);
}

/** Where the tap is to be, in 1/65536 frame. */
// @ts-ignore: decorator
@inline
function swing(chorus: Chorus, phase: u32): i32 {
  return <i32>((chorus.centre + chorus.depth * sine(phase)) * 65536);
}

/** What was written `delay` (1/65536 frame) before byte `at` of the line, in 1/32768 units. */
// @ts-ignore: decorator
@inline
function tap(line: usize, at: i32, delay: i32): f32 {
  const nearAt = (at - ((delay >> 15) & ~1)) & BYTE_MASK;
  const near = <i32>load<i16>(line + nearAt);
  const far = <i32>load<i16>(line + ((nearAt - 2) & BYTE_MASK));
  return <f32>((near << 15) + (far - near) * ((delay & 0xffff) >> 1));
}

/** Adds the two taps times `level` to `left` and `right`. */
// @ts-ignore: decorator
@native
export function addChorus(chorus: Chorus, input: usize, left: usize, right: usize, frameCount: i32, level: f32): void {
  const line = chorus.line;
  const scale: f32 = level * (1 / (UNIT * 32768));
  let frame = chorus.frame;
  // @bound(frameCount / 32 + 2)
  while (frameCount > 0) {
    const into = <i32>(frame & (LINE_FRAMES - 1));
    if (into == 0) {
      chorus.phase += chorus.increment << 5;
      chorus.leftStep = (swing(chorus, chorus.phase) - chorus.left) >> 5;
      chorus.rightStep = (swing(chorus, chorus.phase - (1 << 30)) - chorus.right) >> 5;
    }
    const count = min<i32>(LINE_FRAMES - into, frameCount);
    const leftStep = chorus.leftStep;
    const rightStep = chorus.rightStep;
    let leftDelay = chorus.left;
    let rightDelay = chorus.right;
    const end = input + (<usize>count << 2);
    let at = <i32>(frame << 1) & BYTE_MASK;
    // @uses(1 of frameCount)
    do {
      store<i16>(line + at, truncated16(load<f32>(input) * UNIT));
      store<f32>(left, load<f32>(left) + tap(line, at, leftDelay) * scale);
      store<f32>(right, load<f32>(right) + tap(line, at, rightDelay) * scale);
      leftDelay += leftStep;
      rightDelay += rightStep;
      at = (at + 2) & BYTE_MASK;
      input += 4;
      left += 4;
      right += 4;
    } while (input < end);
    chorus.left = leftDelay;
    chorus.right = rightDelay;
    frame += count;
    frameCount -= count;
  }
  chorus.frame = frame;
}
