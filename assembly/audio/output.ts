// SPDX-License-Identifier: MIT
// The end of the chain: DC blocker, soft limiter, and the interleaved i16 frames that the DMA reads.

/** First-order high-pass y = x - x' + r y' (J. O. Smith, "Introduction to Digital Filters", DC blocker). One a channel. */
@unmanaged
export class DcBlocker {
  input: f32 = 0;
  output: f32 = 0;
  /** @param pole 1 - 2 pi f / fs of the corner f: 0.9993 is 5 Hz at 48 kHz */
  constructor(public pole: f32) {}
}

/** Below this the state is nothing: -194 dB. It ends a tail in exact zeros. */
const SILENCE: f32 = 2e-10;

/** Removes what does not move, in place. */
// @ts-ignore: decorator
@native
export function blockDc(blocker: DcBlocker, buffer: usize, frameCount: i32): void {
  const end = buffer + (<usize>frameCount << 2);
  const pole = blocker.pole;
  let input = blocker.input;
  let output = blocker.output;
  while (buffer < end) {
    const x = load<f32>(buffer);
    output = x - input + pole * output;
    output = abs<f32>(output) < SILENCE ? 0 : output;
    input = x;
    store<f32>(buffer, output);
    buffer += 4;
  }
  blocker.input = input;
  blocker.output = output;
}

/** Where the limiter begins to bend, where it is flat, and the parabola between: slope 1 at the knee, 0 at the top, which is exactly 1. */
const KNEE: f32 = 0.6;
const SPAN: f32 = 0.8;
const BEND: f32 = 0.625; // 1 / (2 · SPAN)

/**
 * Soft limiter, in place, without memory: samples up to ±0.6 pass unchanged, larger ones are bent, and none leaves ±1. Continuous in value
 * and slope, so that what it adds falls off faster than a clipper's.
 */
// @ts-ignore: decorator
@native
export function limit(buffer: usize, frameCount: i32): void {
  const end = buffer + (<usize>frameCount << 2);
  while (buffer < end) {
    const x = load<f32>(buffer);
    // Nearly all samples are below the knee: let them be.
    if (abs<f32>(x) > KNEE) {
      const size = min<f32>(abs<f32>(x), KNEE + SPAN);
      const over = size - KNEE;
      store<f32>(buffer, copysign<f32>(min<f32>(size - over * over * BEND, 1), x));
    }
    buffer += 4;
  }
}

/** 1.5 · 2^23: adding it to a small number leaves the nearest integer (ties to even) in the low bits, the lowest 16 being its i16. */
const ROUND: f32 = 12582912;

// @ts-ignore: decorator
@inline
function sample(x: f32): u32 {
  return reinterpret<u32>(max<f32>(min<f32>(x * 32768, 32767), -32768) + ROUND);
}

/**
 * Two blocks to interleaved i16 frames, left first: x · 32768 to the nearest, ties to even, saturated. Not a number becomes 0.
 * @param out 4 bytes a frame, 4-aligned
 */
// @ts-ignore: decorator
@native
export function interleave(left: usize, right: usize, out: usize, frameCount: i32): void {
  const end = out + (<usize>frameCount << 2);
  while (out < end) {
    store<u32>(out, (sample(load<f32>(left)) & 0xffff) | (sample(load<f32>(right)) << 16));
    left += 4;
    right += 4;
    out += 4;
  }
}

/** A sample through the limiter, to the nearest i16 in the low bits. */
// @ts-ignore: decorator
@inline
function limited(x: f32): u32 {
  const size = abs<f32>(x);
  // Nearly all samples are below the knee.
  if (size <= KNEE) return reinterpret<u32>(x * 32767 + ROUND);
  const over = min<f32>(size, KNEE + SPAN) - KNEE;
  return reinterpret<u32>(copysign<f32>((KNEE + over - over * over * BEND) * 32767, x) + ROUND);
}

/**
 * The end of the chain in one go: what `blockDc`, `limit` and `interleave` do, with full scale at 32767. Tails of the DC
 * blockers end where `settleDc` is called.
 * @param out 4 bytes a frame, 4-aligned
 */
// @ts-ignore: decorator
@native
export function finish(leftDc: DcBlocker, rightDc: DcBlocker, left: usize, right: usize, out: usize, frameCount: i32): void {
  const end = out + (<usize>frameCount << 2);
  const leftPole = leftDc.pole;
  const rightPole = rightDc.pole;
  let leftInput = leftDc.input;
  let rightInput = rightDc.input;
  let leftOutput = leftDc.output;
  let rightOutput = rightDc.output;
  while (out < end) {
    const x = load<f32>(left);
    const y = load<f32>(right);
    leftOutput = x - leftInput + leftPole * leftOutput;
    rightOutput = y - rightInput + rightPole * rightOutput;
    leftInput = x;
    rightInput = y;
    store<u32>(out, (limited(leftOutput) & 0xffff) | (limited(rightOutput) << 16));
    left += 4;
    right += 4;
    out += 4;
  }
  leftDc.input = leftInput;
  rightDc.input = rightInput;
  leftDc.output = leftOutput;
  rightDc.output = rightOutput;
}

/** Ends the tail of a DC blocker that has decayed to nothing. Called at the control rate, so that the place does not depend on blocks. */
export function settleDc(blocker: DcBlocker): void {
  if (abs<f32>(blocker.output) < SILENCE) blocker.output = 0;
}
