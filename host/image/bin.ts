// SPDX-License-Identifier: MIT
// The plain bytes of flash, from an address on.

import { hex32, ImageError, type Segment } from './segment.js';

/** What erased flash reads as: RM0090, 3.6.3. */
const ERASED = 0xff;

/**
 * Flash from `origin` to the end of the last piece; gaps are as erased.
 * @param limit most bytes that there may be
 * @throws ImageError when a piece is not within [origin, origin + limit)
 */
export function flatten(segments: readonly Segment[], origin: number, limit: number): Uint8Array {
  for (const { address, bytes } of segments) {
    if (address < origin || address + bytes.length > origin + limit) {
      const range = (from: number, byteCount: number) => `${hex32(from)} to ${hex32(from + byteCount - 1)}`;
      throw new ImageError(`the image has bytes at ${range(address, bytes.length)}; flash is ${range(origin, limit)}.`);
    }
  }
  const end = segments.reduce((max, { address, bytes }) => Math.max(max, address + bytes.length), origin);
  const flat = new Uint8Array(end - origin).fill(ERASED);
  for (const { address, bytes } of segments) flat.set(bytes, address - origin);
  return flat;
}
