// SPDX-License-Identifier: MIT
// The address space: memories and peripherals, and who answers at an address.

import { BusError, hex, UnmodelledRegisterError } from './errors.js';
import type { AccessSize, Peripheral, RegisterNames } from './peripheral.js';

/** A stretch of RAM or flash that CPU and DMA address by bytes. */
export interface MemoryRegion {
  readonly name: string;
  readonly origin: number;
  /** The bytes behind it. Asked for at each access, because a WASM memory may hand out a new buffer. */
  readonly bytes: () => Uint8Array;
  /** Whether the chip's DMA controllers reach it (the STM32F4's CCM is for the core alone). */
  readonly dma: boolean;
}

/** A block that the chip has and the emulator lacks: kept so that the error can name the register. */
export interface UnmodelledBlock {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly registers: RegisterNames;
}

interface Mapping {
  readonly base: number;
  readonly size: number;
  readonly peripheral: Peripheral;
  /** False while the block's clock is gated off: reads give 0, writes are lost, as on the chip. */
  readonly clocked: (access: 'read' | 'write') => boolean;
}

/** Peripherals sit on 1 KiB boundaries; one page of the lookup table is that large. */
const PAGE_BITS = 10;

export class Bus {
  private readonly pages = new Map<number, Mapping[]>();
  private readonly memories: MemoryRegion[] = [];
  private readonly unmodelled: UnmodelledBlock[] = [];

  /** Places a peripheral. @throws Error when the addresses are taken */
  map(base: number, size: number, peripheral: Peripheral, clocked: (access: 'read' | 'write') => boolean = () => true): void {
    const mapping: Mapping = { base, size, peripheral, clocked };
    for (let page = base >>> PAGE_BITS; page <= (base + size - 1) >>> PAGE_BITS; page++) {
      const there = this.pages.get(page) ?? [];
      const clash = there.find((m) => base < m.base + m.size && m.base < base + size);
      if (clash) throw new Error(`${peripheral.name} at ${hex(base)} overlaps ${clash.peripheral.name} at ${hex(clash.base)}`);
      this.pages.set(page, [...there, mapping]);
    }
  }

  addMemory(region: MemoryRegion): void {
    this.memories.push(region);
  }

  addUnmodelled(block: UnmodelledBlock): void {
    this.unmodelled.push(block);
  }

  /** @throws BusError when nothing is there, UnmodelledRegisterError when the chip has something that the emulator lacks */
  read(address: number, size: AccessSize): number {
    const mapping = this.mappingAt(address);
    if (mapping !== undefined) {
      if (address % size !== 0) throw new BusError(address, 'read', `unaligned ${size}-byte read of ${mapping.peripheral.name} at ${hex(address)}`);
      return mapping.clocked('read') ? mapping.peripheral.read(address - mapping.base, size) : 0;
    }
    const bytes = this.bytesAt(address, size, 'read', false);
    return bytes.length === 1 ? bytes[0] : bytes.length === 2 ? bytes[0] | (bytes[1] << 8)
      : (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
  }

  /** @throws as `read` does */
  write(address: number, value: number, size: AccessSize): void {
    const mapping = this.mappingAt(address);
    if (mapping !== undefined) {
      if (address % size !== 0) throw new BusError(address, 'write', `unaligned ${size}-byte write of ${mapping.peripheral.name} at ${hex(address)}`);
      if (mapping.clocked('write')) mapping.peripheral.write(address - mapping.base, value, size);
      return;
    }
    const bytes = this.bytesAt(address, size, 'write', false);
    for (let i = 0; i < size; i++) bytes[i] = value >>> (8 * i);
  }

  /** Memory as a DMA controller's memory port sees it: a view of `byteCount` bytes. @throws BusError outside of DMA-capable memory */
  dmaBytes(address: number, byteCount: number, access: 'read' | 'write'): Uint8Array {
    return this.bytesAt(address, byteCount, access, true);
  }

  /** Copies memory as the memory port reads it to `target` from `start` on: `dmaBytes` without a view. @throws as `dmaBytes` does */
  dmaRead(address: number, byteCount: number, target: Uint8Array, start: number): void {
    const { memories } = this;
    for (let m = 0; m < memories.length; m++) {
      const offset = address - memories[m].origin;
      if (offset < 0 || !memories[m].dma) continue;
      const bytes = memories[m].bytes();
      if (offset + byteCount > bytes.length) continue;
      for (let i = 0; i < byteCount; i++) target[start + i] = bytes[offset + i];
      return;
    }
    this.dmaBytes(address, byteCount, 'read');
  }

  /** The peripheral at an address, for DMA's peripheral port and for names in reports. */
  peripheralAt(address: number): { peripheral: Peripheral; base: number } | undefined {
    return this.mappingAt(address);
  }

  private mappingAt(address: number): Mapping | undefined {
    const candidates = this.pages.get(address >>> PAGE_BITS);
    return candidates?.find((m) => address >= m.base && address < m.base + m.size);
  }

  private bytesAt(address: number, byteCount: number, access: 'read' | 'write', forDma: boolean): Uint8Array {
    for (const region of this.memories) {
      const bytes = region.bytes();
      const offset = address - region.origin;
      if (offset < 0 || offset + byteCount > bytes.length) continue;
      if (forDma && !region.dma) throw new BusError(address, access, `DMA ${access} at ${hex(address)}: ${region.name} is not connected to the DMA controllers`);
      return bytes.subarray(offset, offset + byteCount);
    }
    throw this.nothingAt(address, access);
  }

  private nothingAt(address: number, access: 'read' | 'write'): BusError {
    const block = this.unmodelled.find((b) => address >= b.base && address < b.base + b.size);
    if (block === undefined) return new BusError(address, access, `${access} at ${hex(address)}: nothing is mapped there`);
    const offset = (address - block.base) & ~3;
    const register = block.registers[offset];
    return new UnmodelledRegisterError(address, access, register === undefined ? `${block.name}+0x${offset.toString(16)}` : `${block.name}_${register}`);
  }
}
