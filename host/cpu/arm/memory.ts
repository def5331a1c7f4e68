// SPDX-License-Identifier: MIT
// The chip's memories and the core's state, side by side in one WebAssembly memory, so that translated code reaches them with plain loads and stores.

import type { MemoryRegion } from '../../machine/bus.js';
import { STATE_BYTES } from './state.js';

export interface ArmMemoryRegion {
  readonly name: string;
  /** Address on the chip. */
  readonly origin: number;
  readonly byteCount: number;
  readonly kind: 'ram' | 'flash' | 'rom';
  readonly dma: boolean;
}

/** A region at its place in the WebAssembly memory. */
export interface PlacedRegion extends ArmMemoryRegion, MemoryRegion {
  /** Byte offset of its first byte in the WebAssembly memory. */
  readonly offset: number;
}

const PAGE = 65536;
/** Tables of the flash accelerator and of the translator lie between the state and the regions. */
const alignUp = (n: number, to: number): number => Math.ceil(n / to) * to;

export class ArmMemory {
  readonly wasm: WebAssembly.Memory;
  /** The core's state as words (STATE). */
  readonly state: Int32Array;
  /** Adjoining RAM regions keep their distance: one that follows the other on the chip follows it here. */
  readonly regions: readonly PlacedRegion[];

  /**
   * @param tableBytes room for the engine's tables, which begin at `tables`
   * @param counterBytes room for counters, which begin at `counters`
   */
  constructor(regions: readonly ArmMemoryRegion[], tableBytes = 0, counterBytes = 0) {
    const sorted = [...regions].sort((a, b) => a.origin - b.origin);
    this.tables = STATE_BYTES;
    let end = alignUp(STATE_BYTES + tableBytes, 16);
    const places: number[] = [];
    for (const [i, region] of sorted.entries()) {
      const before = sorted[i - 1];
      const adjoins = before !== undefined && before.origin + before.byteCount === region.origin;
      // Sixteen spare bytes part regions, so that a wide access at the end of one is never in another.
      const offset = adjoins ? end : alignUp(end + 16, 16);
      places.push(offset);
      end = offset + region.byteCount;
    }
    this.counters = alignUp(end + 16, 16);
    this.wasm = new WebAssembly.Memory({ initial: Math.ceil((this.counters + counterBytes) / PAGE) });
    this.state = new Int32Array(this.wasm.buffer, 0, STATE_BYTES / 4);
    this.regions = sorted.map((region, i) => ({ ...region, offset: places[i], bytes: new Uint8Array(this.wasm.buffer, places[i], region.byteCount) }));
  }

  /** Byte offset of the engine's tables. */
  readonly tables: number;
  readonly counters: number;
}
