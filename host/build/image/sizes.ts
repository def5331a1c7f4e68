// SPDX-License-Identifier: MIT
// What an image takes of the chip's memories, by part: read off the linker's map.

import type { Board } from '../../boards/index.js';
import { CompileError } from '../compile.js';
import type { ImageLayout } from './layout.js';
import type { ToolchainError } from './toolchain.js';

/** Parts of an image, in the order in which tables show them. */
export const parts = ['shim', 'wasm3', 'kernels', 'firmware', 'C library', 'module', 'data', 'linear memory', 'stack', 'heap'] as const;
export type Part = (typeof parts)[number];

export interface ImageSizes {
  /** Bytes of flash by part, and in all. */
  readonly flash: Readonly<Partial<Record<Part, number>>>;
  readonly flashBytes: number;
  readonly flashTotal: number;
  /** Bytes of RAM by part. The heap is what the linker gives it: all that is left. */
  readonly ram: Readonly<Partial<Record<Part, number>>>;
  readonly ramBytes: number;
  readonly ramTotal: number;
  /** Bytes of the heap's pieces, in the order in which it is given out. The second may be 0. */
  readonly heapPieces: readonly [number, number];
}

interface Piece {
  readonly section: string;
  readonly address: number;
  readonly byteCount: number;
  readonly file: string;
}

/** Input sections of a GNU linker map that lie in flash. A long name has its numbers on the line below. */
function piecesOf(map: string): Piece[] {
  const body = map.slice(map.indexOf('Linker script and memory map'));
  return [...body.matchAll(/^ (\.(?:vectors|text|rodata|module)[^\s()]*)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$/gm)]
    .map(([, section, address, byteCount, file]) => ({ section, address: parseInt(address, 16), byteCount: parseInt(byteCount, 16), file }))
    .filter(({ byteCount }) => byteCount > 0);
}

/** Sizes of output sections by name. */
function sectionsOf(map: string): Map<string, { address: number; byteCount: number }> {
  const body = map.slice(map.indexOf('Linker script and memory map'));
  return new Map([...body.matchAll(/^(\.[a-z]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)/gm)]
    .map(([, name, address, byteCount]) => [name, { address: parseInt(address, 16), byteCount: parseInt(byteCount, 16) }]));
}

function partOf({ section, file }: Piece): Part {
  const object = /([^/\\]+)\.o\)?$/.exec(file)?.[1] ?? '';
  if (section === '.module') return 'module';
  if (file.includes('.a(')) return 'C library';
  if (object.startsWith('m3_')) return 'wasm3';
  if (object === 'kernels') return 'kernels';
  if (object === 'firmware') return 'firmware';
  return 'shim';
}

const add = (sums: Partial<Record<Part, number>>, part: Part, bytes: number): void => {
  if (bytes > 0) sums[part] = (sums[part] ?? 0) + bytes;
};
const total = (sums: Readonly<Partial<Record<Part, number>>>): number => Object.values(sums).reduce((sum, n) => sum + n, 0);

/** @param map the linker's map */
export function sizesOf(map: string, board: Board, layout: ImageLayout): ImageSizes {
  const sections = sectionsOf(map);
  const size = (name: string): number => sections.get(name)?.byteCount ?? 0;
  const flash: Partial<Record<Part, number>> = {};
  const inFlash = ['.vectors', '.text', '.rodata', '.module'].map((name) => sections.get(name)).filter((s) => s !== undefined);
  for (const piece of piecesOf(map)) {
    if (inFlash.some((s) => piece.address >= s.address && piece.address < s.address + s.byteCount)) add(flash, partOf(piece), piece.byteCount);
  }
  const sectionBytes = inFlash.reduce((sum, s) => sum + s.byteCount, 0) + size('.data');
  // What alignment adds, and the initial data, which the shim copies.
  add(flash, 'data', sectionBytes - total(flash));
  const ram: Partial<Record<Part, number>> = {};
  add(ram, 'data', size('.data') + size('.bss') + size('.noinit'));
  add(ram, 'linear memory', layout.LINEAR.byteCount);
  add(ram, 'stack', size('.stack'));
  add(ram, 'heap', size('.heap') + size('.spare'));
  return {
    flash, flashBytes: sectionBytes, flashTotal: layout.FLASH.byteCount,
    ram, ramBytes: total(ram), ramTotal: board.memory.reduce((sum, m) => sum + m.byteCount, 0),
    heapPieces: [size('.heap'), size('.spare')],
  };
}

/** The linker's "region overflowed" in words for the firmware's author; the error itself when it says something else. */
export function tooLarge(error: ToolchainError, firmware: string, board: Board, engine: string): Error {
  const overflow = /region `(\w+)' overflowed by (\d+) bytes/.exec(error.output);
  // The linker script moves on to the end of RAM, for the heap, and cannot when the stack has gone beyond it.
  const beyond = /cannot move location counter backwards \(from ([0-9a-f]+) to ([0-9a-f]+)\)/.exec(error.output);
  if (!overflow && !beyond) return error;
  const [region, bytes] = overflow ? [overflow[1], Number(overflow[2])] : ['RAM', parseInt(beyond![1], 16) - parseInt(beyond![2], 16)];
  const what = region === 'FLASH' ? `flash (${board.flash.byteCount / 1024} KiB)` : 'RAM';
  const advice = region === 'FLASH'
    ? `${engine === 'aot' ? 'Build with --engine kernels, which is smaller' : 'Leave parts of the firmware out'}, or choose a board with more.`
    : 'Lower initialMemory and maximumMemory, or the stacks (--stack, --main-stack), or choose a board with more.';
  return new CompileError(`${firmware} does not fit: the image needs ${bytes.toLocaleString('en')} bytes more than the ${what} of ${board.name}. ${advice}`);
}
