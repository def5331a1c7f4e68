// SPDX-License-Identifier: MIT
// Echo: one i16 line with two taps, left and right; the right one goes back through a one-pole low-pass. Taps at T and 2T make a ping-pong.
//
// The line runs at half the rate, which halves its cost and doubles its time: two frames are averaged on the way in, and the way out is
// interpolated linearly. What goes back is darkened anyway. Values are truncated towards zero: a line of integers whose largest magnitude falls at
// every pass reaches exact silence; it cannot ring on in its last bit. Samples are in units of 1/16384, ±2 saturates.

import { truncated16 } from "./block";

/** Bytes of a delay line of full length. */
export const DELAY_BYTES: i32 = 24576;
/** Longest delay of such a line, in frames: 512 ms at 48 kHz. A line of fewer bytes delays by one frame a byte too. */
export const MAX_DELAY_FRAMES: i32 = DELAY_BYTES;

const UNIT: f32 = 16384;
/** Below this (of one unit) the filter's state is nothing. */
const SILENCE: f32 = 0.001;

@unmanaged
export class Delay {
  /** Byte offset in the line of the next write, and how far behind it the taps read. */
  position: i32 = 0;
  leftBytes: i32;
  rightBytes: i32;
  feedback: f32 = 0;
  /** Coefficient of the low-pass: 1 lets all through. */
  tone: f32 = 1;
  low: f32 = 0;
  /** 1 when the first frame of a pair is in `pending`. */
  odd: i32 = 0;
  pending: f32 = 0;
  left: f32 = 0;
  right: f32 = 0;
  /**
   * @param line `byteCount` bytes of silence, 4-aligned
   * @param byteCount length of the line, even
   */
  constructor(public line: usize, public byteCount: i32 = DELAY_BYTES) {
    this.leftBytes = byteCount >> 1;
    this.rightBytes = byteCount;
  }
}

/**
 * Sets the echo. A change of the times while it sounds is a jump in the echo.
 * @param leftFrames, rightFrames times of the taps, 2 to the line's length in bytes, to the even frame below
 * @param feedback 0..0.98 of the right tap
 * @param tone coefficient of the low-pass at half the sample rate: 1 - exp(-4 pi f / fs); 1 is none
 */
export function setDelay(delay: Delay, leftFrames: i32, rightFrames: i32, feedback: f32, tone: f32): void {
  delay.leftBytes = max<i32>(min<i32>(leftFrames, delay.byteCount), 2) & ~1;
  delay.rightBytes = max<i32>(min<i32>(rightFrames, delay.byteCount), 2) & ~1;
  delay.feedback = max<f32>(min<f32>(feedback, 0.98), 0);
  delay.tone = max<f32>(min<f32>(tone, 1), 0.01);
}

/** Adds the echoes of a mono block to `left` and `right`. */
// @ts-ignore: decorator
@native
export function addDelay(delay: Delay, input: usize, left: usize, right: usize, frameCount: i32): void {
  const end = input + (<usize>frameCount << 2);
  const line = delay.line;
  const byteCount = delay.byteCount;
  const leftBytes = delay.leftBytes;
  const rightBytes = delay.rightBytes;
  const feedback = delay.feedback;
  const tone = delay.tone;
  let position = delay.position;
  let low = delay.low;
  let odd = delay.odd;
  let pending = delay.pending;
  let leftNow = delay.left;
  let rightNow = delay.right;
  while (input < end) {
    const x = load<f32>(input);
    if (odd) {
      // Every other frame. @uses(2 of frameCount + 1)
      let leftAt = position - leftBytes;
      leftAt += leftAt < 0 ? byteCount : 0;
      let rightAt = position - rightBytes;
      rightAt += rightAt < 0 ? byteCount : 0;
      const leftTap = <f32>(<i32>load<i16>(line + leftAt));
      const rightTap = <f32>(<i32>load<i16>(line + rightAt));
      low += tone * (rightTap - low);
      low = abs<f32>(low) < SILENCE ? 0 : low;
      const fed = feedback * low + (pending + x) * (UNIT / 2);
      store<i16>(line + position, truncated16(fed));
      position += 2;
      position = position == byteCount ? 0 : position;
      const leftNext = leftTap * (1 / UNIT);
      const rightNext = rightTap * (1 / UNIT);
      store<f32>(left, load<f32>(left) + (leftNow + leftNext) * 0.5);
      store<f32>(right, load<f32>(right) + (rightNow + rightNext) * 0.5);
      leftNow = leftNext;
      rightNow = rightNext;
    } else {
      pending = x;
      store<f32>(left, load<f32>(left) + leftNow);
      store<f32>(right, load<f32>(right) + rightNow);
    }
    odd ^= 1;
    input += 4;
    left += 4;
    right += 4;
  }
  delay.position = position;
  delay.low = low;
  delay.odd = odd;
  delay.pending = pending;
  delay.left = leftNow;
  delay.right = rightNow;
}
