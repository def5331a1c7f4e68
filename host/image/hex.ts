// SPDX-License-Identifier: MIT
// Reads and writes Intel HEX: Intel's Hexadecimal Object File Format Specification, revision A.

import hexPackage from 'nrf-intel-hex';
import { ImageError, type Segment } from './segment.js';

/* The package's types are written for a bundler: under node, whose `require` gives the class itself, they say that it has a `default`. */
const MemoryMap = hexPackage as unknown as typeof hexPackage.default;

/**
 * The contiguous pieces that the records give.
 * @param file what to call it in errors
 * @throws ImageError for a wrong checksum or length, overlapping data, a missing end record
 */
export function readHex(text: string, file: string): Segment[] {
  try {
    return [...MemoryMap.fromHex(text.trim())].map(([address, bytes]) => ({ address, bytes }));
  } catch (error) {
    throw new ImageError(`${file} is a broken Intel HEX file: ${(error as Error).message}. It is damaged, or was not wholly written; build it again.`);
  }
}

/** Records of 16 bytes, with an end record, each line ended by LF. */
export function writeHex(segments: readonly Segment[]): string {
  return `${new MemoryMap(segments.map(({ address, bytes }): [number, Uint8Array] => [address, bytes])).asHexString()}\n`;
}
