// SPDX-License-Identifier: MIT
// Where a firmware's linear memory lies in the board's RAM, and what is left of the RAM around it.

import type { Board } from '../boards/index.js';
import { CompileError } from '../build/compile.js';
import type { MemoryRegion } from '../machine/bus.js';

export interface MemoryMap {
  /** Physical address of linear memory's byte 0. */
  readonly address: number;
  /** RAM that linear memory does not cover: zeros, as after a power-up that nobody promised anything of. */
  readonly rest: readonly MemoryRegion[];
}

/**
 * Lays linear memory at the start of the RAM that DMA reaches; adjoining regions count as one.
 * @throws CompileError when there is not enough of it
 */
export function mapMemory(board: Board, byteCount: number, firmware: string): MemoryMap {
  const dmaRegions = board.memory.filter((m) => m.dma).sort((a, b) => a.origin - b.origin);
  if (dmaRegions.length === 0) throw new CompileError(`board ${board.name} has no RAM that DMA reaches`);
  const address = dmaRegions[0].origin;
  let end = address;
  for (const region of dmaRegions) if (region.origin === end) end += region.byteCount;
  if (byteCount > end - address) {
    throw new CompileError(`${firmware} has ${byteCount / 1024} KiB of memory; ${board.name} has ${(end - address) / 1024} KiB in one piece that its DMA reaches. `
      + 'Lower initialMemory and maximumMemory, or choose a board with more.');
  }
  const covered = address + byteCount;
  const rest: MemoryRegion[] = [];
  for (const { name, origin, byteCount: size, dma } of board.memory) {
    const from = dma && origin < covered && origin >= address ? Math.min(covered, origin + size) : origin;
    if (from < origin + size) rest.push({ name, origin: from, bytes: new Uint8Array(origin + size - from), dma });
  }
  return { address, rest };
}
