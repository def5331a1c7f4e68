// SPDX-License-Identifier: MIT
// The file that `emulate` is to run: read, moved from the alias at address 0 to flash, and checked against the board.

import { readFileSync } from 'node:fs';
import type { Board } from '../boards/index.js';
import { checkRunnable, startOf, type Start } from '../image/check.js';
import { parseImage, type Image } from '../image/image.js';
import { hex32, ImageError } from '../image/segment.js';

export interface RunnableImage extends Image {
  readonly file: string;
  readonly start: Start;
}

/**
 * @param base address of the first byte of a plain binary; default the beginning of flash
 * @throws ImageError, in words that say what the file is and what the board has
 */
export function readRunnable(file: string, board: Board, base?: number): RunnableImage {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ImageError(`${file} cannot be read: ${(error as Error).message}`);
  }
  const { flash } = board;
  const parsed = parseImage(bytes, file, base ?? flash.origin);
  if (base !== undefined && parsed.format !== 'bin') {
    throw new ImageError(`${file} is ${parsed.format === 'elf' ? 'an ELF' : 'an Intel HEX'} file and says itself where it lies: leave --base ${hex32(base)} out.`);
  }
  // Flash is seen at address 0 too, and may be linked for there (RM0090, 2.4).
  const image = { ...parsed, segments: parsed.segments.map((s) => (s.address + s.bytes.length <= flash.byteCount ? { ...s, address: s.address + flash.origin } : s)) };
  const problems = checkRunnable(image, board);
  if (problems.length > 0) {
    const what = parsed.format === 'bin' ? `${file} is neither an ELF nor an Intel HEX file, and as plain bytes at ${hex32(base ?? flash.origin)} it` : file;
    throw new ImageError(`${what} cannot run on ${board.name}: ${problems.join('; ')}.`);
  }
  return { ...image, file, start: startOf(image, board)! };
}
