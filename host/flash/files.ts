// SPDX-License-Identifier: MIT
// Brings an image into the formats that the tools take.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Board } from '../boards/index.js';
import { flatten } from '../image/bin.js';
import { checkImage } from '../image/check.js';
import { writeHex } from '../image/hex.js';
import { readImage, type Image } from '../image/image.js';
import { ImageError } from '../image/segment.js';
import { isTclPath, type ImageFiles } from './plan.js';

/** @throws ImageError when the file is broken, or cannot be right for the board */
export function readChecked(file: string, board: Board): Image {
  const image = readImage(file, board);
  const problems = checkImage(image, board);
  if (problems.length > 0) {
    throw new ImageError(`${file} is not an image for ${board.name}: ${problems.join('; ')}. Nothing was written. `
      + 'Build it for this board, or name the right one with --board.');
  }
  return image;
}

/**
 * The files that the tools want, made of one image. The file itself is used where it is what a tool takes.
 * @param scratch a directory for the others
 * @throws ImageError when it does not lie within flash
 */
export function convert(file: string, image: Image, board: Board, scratch: string): ImageFiles & { readonly byteCount: number } {
  const bytes = flatten(image.segments, board.flash.origin, board.flash.byteCount);
  const made = (name: string, contents: Uint8Array | string): string => {
    const path = join(scratch, name);
    writeFileSync(path, contents);
    return path;
  };
  const isUsable = isTclPath(file);
  return {
    elf: image.format !== 'elf' ? undefined : isUsable ? file : made('image.elf', readFileSync(file)),
    hex: image.format === 'hex' && isUsable ? file : made('image.hex', writeHex(image.segments)),
    bin: image.format === 'bin' ? file : made('image.bin', bytes),
    byteCount: bytes.length,
  };
}
