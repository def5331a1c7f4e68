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
