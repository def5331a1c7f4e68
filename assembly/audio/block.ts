// SPDX-License-Identifier: MIT
// What every unit of this folder agrees on: blocks of f32 samples, the control grid, and clearing a block.
//
// A render function takes a pointer to f32 samples and a frame count of 0..MAX_FRAMES, keeps its state in locals while it runs and stores it
// at the end. `renderX` overwrites, `addX` adds. How a stretch of frames is cut into calls does not change the result, to the bit, as long as
// what is set between calls (increments, cutoffs, gains) is set at the same absolute frames; the control grid is there to make that easy.

/** Longest block that one call may render. */
export const MAX_FRAMES: i32 = 256;

/** Modulation is computed at absolute frames that are multiples of this: 1.5 kHz at 48 kHz, whatever the blocks. */
export const CONTROL_FRAMES: u32 = 32;

/** Bytes of one channel of the longest block, for buffers. */
export const BLOCK_BYTES: i32 = MAX_FRAMES << 2;

/** How many frames may be rendered from absolute frame `frame` until the next point of the control grid: 1..CONTROL_FRAMES. */
// @ts-ignore: decorator
@inline
export function framesToControl(frame: u32): i32 {
  return CONTROL_FRAMES - (frame & (CONTROL_FRAMES - 1));
}

/**
 * To an i16, saturated, truncated towards zero. The conversion saturates 16 bits further left, which takes no comparison; what lies below is then dropped, where
 * a negative number needs to be brought up to the next whole one first.
 */
// @ts-ignore: decorator
@inline
export function truncated16(value: f32): i32 {
  const shifted = <i32>(value * 65536);
  return (shifted + <i32>(<u32>(shifted >> 31) >> 16)) >> 16;
}

/** Fills a block with silence. */
// @ts-ignore: decorator
@native
export function clearBlock(out: usize, frameCount: i32): void {
  const end = out + (<usize>frameCount << 2);
  if (frameCount & 1) {
    store<u32>(out, 0);
    out += 4;
  }
  while (out + 32 <= end) {
    store<u64>(out, 0);
    store<u64>(out, 0, 8);
    store<u64>(out, 0, 16);
    store<u64>(out, 0, 24);
    out += 32;
  }
  while (out < end) {
    store<u64>(out, 0);
    out += 8;
  }
}
