// SPDX-License-Identifier: MIT
// Images of firmware, whatever file they come in: pieces of memory with their addresses.

import { readFileSync } from 'node:fs';
import type { Board } from '../boards/index.js';
import { isElf, readElf, type Elf } from './elf.js';
import { readHex } from './hex.js';
import { ImageError, hex32, type Segment } from './segment.js';

export interface Image {
  readonly format: 'elf' | 'hex' | 'bin';
  /** By address, ascending; none is empty, none overlaps another. */
  readonly segments: readonly Segment[];
  /** What only an ELF file tells. */
  readonly elf?: Elf;
}

/** A text file of records: the first character that is no white space is a colon. */
const isHex = (bytes: Uint8Array): boolean => /^\s*:[0-9A-Fa-f]/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));

/**
 * Takes an image apart. ELF and Intel HEX are known by their contents; anything else is taken for the plain bytes of flash, from its beginning on.
 * @param file what to call it in errors
 * @param origin address of the first byte of a plain binary
 * @throws ImageError
 */
export function parseImage(bytes: Uint8Array, file: string, origin: number): Image {
  if (bytes.length === 0) throw new ImageError(`${file} is empty.`);
  if (isElf(bytes)) {
    const elf = readElf(bytes, file);
    if (elf.isObject) throw new ImageError(`${file} is an object file, of which the linker has yet to make a program. Name what it wrote.`);
    if (!elf.segments.some((s) => s.bytes.length > 0)) throw new ImageError(`${file} has no segment that would be loaded: it holds no program. Link it with a script that places its sections.`);
    return { format: 'elf', segments: checked(elf.segments, file), elf };
  }
  if (isHex(bytes)) return { format: 'hex', segments: checked(readHex(Buffer.from(bytes).toString('latin1'), file), file) };
  const extension = /\.(elf|axf|hex|ihex)$/i.exec(file)?.[1];
  if (extension !== undefined) {
    throw new ImageError(`${file} is no ${/hex/i.test(extension) ? 'Intel HEX' : 'ELF'} file, whatever its name says. Build it again.`);
  }
  return { format: 'bin', segments: checked([{ address: origin, bytes }], file) };
}

/** @throws ImageError also when the file cannot be read */
export function readImage(file: string, board: Pick<Board, 'flash'>): Image {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ImageError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return parseImage(bytes, file, board.flash.origin);
}

function checked(segments: readonly Segment[], file: string): Segment[] {
  const sorted = segments.filter((s) => s.bytes.length > 0).sort((a, b) => a.address - b.address);
  if (sorted.length === 0) throw new ImageError(`${file} holds nothing that could be written to flash.`);
  for (const [i, { address, bytes }] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next !== undefined && next.address < address + bytes.length) {
      throw new ImageError(`${file}: two of its pieces overlap at ${hex32(next.address)}. Build it again.`);
    }
    if (address + bytes.length > 2 ** 32) throw new ImageError(`${file}: the piece at ${hex32(address)} does not end within 32-bit addresses.`);
  }
  return sorted;
}
