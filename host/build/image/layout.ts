// SPDX-License-Identifier: MIT
// Where the parts of an image lie in a board's memories, as the MEMORY command that linker/cortex-m.ld includes.

import type { Board } from '../../boards/index.js';
import { mapMemory } from '../../emulator/memory-map.js';

export interface Region {
  readonly origin: number;
  readonly byteCount: number;
}

export interface ImageLayout {
  readonly FLASH: Region;
  /** wasm3's header of linear memory, and linear memory. */
  readonly LINEAR: Region;
  /** The shim's data, stack and heap. */
  readonly MAIN: Region;
  /** A second piece of heap, possibly empty. */
  readonly SPARE: Region;
}

/** Bytes in front of linear memory, for wasm3's header of it; a multiple of 16, so that what is aligned in linear memory is aligned in RAM. linker/cortex-m.ld has it too. */
export const MEMORY_HEADER_BYTES = 32;

/** RAM in whole pieces: regions that adjoin are one. */
function pieces(regions: readonly Region[]): Region[] {
  const joined: Region[] = [];
  for (const { origin, byteCount } of [...regions].sort((a, b) => a.origin - b.origin)) {
    const last = joined[joined.length - 1];
    if (last && last.origin + last.byteCount === origin) joined[joined.length - 1] = { origin: last.origin, byteCount: last.byteCount + byteCount };
    else joined.push({ origin, byteCount });
  }
  return joined;
}

/**
 * Linear memory goes to the start of the RAM that DMA reaches; of the pieces of RAM that remain the largest becomes MAIN, the next SPARE.
 * @param memoryBytes size of linear memory
 * @throws CompileError when linear memory does not fit
 */
export function layOut(board: Board, memoryBytes: number, firmware: string): ImageLayout {
  const linearBytes = MEMORY_HEADER_BYTES + memoryBytes;
  const { address, rest } = mapMemory(board, linearBytes, firmware);
  // A list of MIDI events, where a board has one, is put there from outside.
  const events = board.midi.kind === 'memory' ? board.midi.events : undefined;
  const free = rest.filter(({ origin, bytes }) => events === undefined || events < origin || events >= origin + bytes.length);
  const [main, spare] = pieces(free.map(({ origin, bytes }) => ({ origin, byteCount: bytes.length }))).sort((a, b) => b.byteCount - a.byteCount);
  const end = { origin: address + linearBytes, byteCount: 0 };
  return {
    FLASH: { origin: board.flash.origin, byteCount: board.flash.byteCount },
    LINEAR: { origin: address, byteCount: linearBytes },
    MAIN: main ?? end,
    SPARE: spare ?? end,
  };
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** The linker's MEMORY command. */
export function memoryCommand(layout: ImageLayout, board: string): string {
  const access = { FLASH: 'rx', LINEAR: 'rw', MAIN: 'rw', SPARE: 'rw' } as const;
  const lines = (Object.keys(access) as (keyof ImageLayout)[])
    .map((name) => `  ${name} (${access[name]}) : ORIGIN = ${hex(layout[name].origin)}, LENGTH = ${layout[name].byteCount}`);
  return `/* Generated from the board ${board}; do not edit. */\nMEMORY {\n${lines.join('\n')}\n}\n`;
}
