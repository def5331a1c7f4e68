// SPDX-License-Identifier: MIT
// The address space: memories and peripherals, and who answers at an address.

import { BusError, hex, UnmodelledRegisterError, UnmodelledUseError } from './errors.js';
import { RegisterBlock, type AccessSize, type Peripheral, type RegisterNames } from './peripheral.js';
import { Unmodelled } from './unmodelled.js';

/** A stretch of RAM or flash that CPU and DMA address by bytes. */
export interface MemoryRegion {
  readonly name: string;
  readonly origin: number;
  /** Its contents; a CPU that wants all memories side by side puts them elsewhere before the run. */
  bytes: Uint8Array;
  /** Whether the chip's DMA controllers reach it (the STM32F4's CCM is for the core alone). */
  readonly dma: boolean;
  /** Takes a write in place of the bytes: flash memory, which its controller programs. Without one the bytes are plain RAM. */
  readonly write?: (offset: number, value: number, size: AccessSize) => void;
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

/** Below is code and RAM (ARM DDI 0403E, B3.1). */
const FIRST_PERIPHERAL = 0x40000000;
/** Peripherals sit on 1 KiB boundaries; one page of the lookup table is that large. */
const PAGE_BITS = 10;

export class Bus {
  private readonly pages = new Map<number, Mapping[]>();
  /** The peripheral that was asked for last, which is the likeliest to be asked for next. */
  private latest: Mapping | undefined;
  private readonly memories: MemoryRegion[] = [];
  private readonly unmodelledBlocks: UnmodelledBlock[] = [];

  /** @param unmodelled what becomes of an access to what the emulator lacks; by default it is an error */
  constructor(readonly unmodelled = new Unmodelled()) {}

  /** Places a peripheral. @throws Error when the addresses are taken */
  map(base: number, size: number, peripheral: Peripheral, clocked: (access: 'read' | 'write') => boolean = () => true): void {
    if (base < FIRST_PERIPHERAL) throw new Error(`${peripheral.name} at ${hex(base)}: below ${hex(FIRST_PERIPHERAL)} there is memory alone`);
    peripheral.unmodelled = this.unmodelled;
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
    this.unmodelledBlocks.push(block);
  }

  /** @throws BusError when nothing is there, UnmodelledRegisterError when the chip has something that the emulator lacks */
  read(address: number, size: AccessSize): number {
    const mapping = this.mappingAt(address);
    if (mapping !== undefined) {
      if (address % size !== 0) throw new BusError(address, 'read', `unaligned ${size}-byte read of ${mapping.peripheral.name} at ${hex(address)}`);
      return mapping.clocked('read') ? mapping.peripheral.read(address - mapping.base, size) : 0;
    }
    for (const { origin, bytes } of this.memories) {
      const at = address - origin;
      if (at < 0 || at + size > bytes.length) continue;
      if (size === 4) return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
      return size === 2 ? bytes[at] | (bytes[at + 1] << 8) : bytes[at];
    }
    const block = this.unmodelledAt(address);
    if (block === undefined) throw this.nothingAt(address, 'read');
    return this.unmodelled.read(address, size, block.name, block.registers[(address - block.base) & ~3], (address - block.base) & ~3);
  }

  /** @throws as `read` does */
  write(address: number, value: number, size: AccessSize): void {
    const mapping = this.mappingAt(address);
    if (mapping !== undefined) {
      if (address % size !== 0) throw new BusError(address, 'write', `unaligned ${size}-byte write of ${mapping.peripheral.name} at ${hex(address)}`);
      if (!mapping.clocked('write')) return;
      if (this.unmodelled.strict) mapping.peripheral.write(address - mapping.base, value, size);
      else this.writeLeniently(mapping, address, value, size);
      return;
    }
    for (const { origin, bytes, write } of this.memories) {
      const at = address - origin;
      if (at < 0 || at + size > bytes.length) continue;
      if (write !== undefined) {
        write(at, value, size);
        return;
      }
      for (let i = 0; i < size; i++) bytes[at + i] = value >>> (8 * i);
      return;
    }
    const block = this.unmodelledAt(address);
    if (block === undefined) throw this.nothingAt(address, 'write');
    this.unmodelled.write(address, value, size, block.name, block.registers[(address - block.base) & ~3], (address - block.base) & ~3);
  }

  /** A model that cannot go on without what it lacks throws: the whole write is lost then. */
  private writeLeniently({ base, peripheral }: Mapping, address: number, value: number, size: AccessSize): void {
    try {
      peripheral.write(address - base, value, size);
    } catch (error) {
      if (!(error instanceof UnmodelledUseError || error instanceof UnmodelledRegisterError)) throw error;
      this.unmodelled.found(error, peripheral.name);
    }
  }

  /** Memory as a DMA controller's memory port sees it: a view of `byteCount` bytes. @throws BusError outside of DMA-capable memory */
  dmaBytes(address: number, byteCount: number, access: 'read' | 'write'): Uint8Array {
    for (const region of this.memories) {
      const offset = address - region.origin;
      if (offset < 0 || offset + byteCount > region.bytes.length) continue;
      if (!region.dma) throw new BusError(address, access, `DMA ${access} at ${hex(address)}: ${region.name} is not connected to the DMA controllers`);
      if (access === 'write' && region.write !== undefined) throw new BusError(address, access, `DMA write at ${hex(address)}: ${region.name} is no RAM`);
      return region.bytes.subarray(offset, offset + byteCount);
    }
    throw this.nothingAt(address, access);
  }

  /** Copies memory as the memory port reads it to `target` from `start` on: `dmaBytes` without a view. @throws as `dmaBytes` does */
  dmaRead(address: number, byteCount: number, target: Uint8Array, start: number): void {
    for (const { origin, bytes, dma } of this.memories) {
      const offset = address - origin;
      if (offset < 0 || !dma || offset + byteCount > bytes.length) continue;
      for (let i = 0; i < byteCount; i++) target[start + i] = bytes[offset + i];
      return;
    }
    this.dmaBytes(address, byteCount, 'read');
  }

  /** The peripheral at an address, for DMA's peripheral port and for names in reports. */
  peripheralAt(address: number): { peripheral: Peripheral; base: number } | undefined {
    return this.mappingAt(address);
  }

  /** What the manual calls the register at an address (USART2_DR), or undefined where there is none. */
  nameAt(address: number): string | undefined {
    const mapping = this.mappingAt(address);
    const block = mapping ? { name: mapping.peripheral.name, base: mapping.base, registers: mapping.peripheral instanceof RegisterBlock ? mapping.peripheral.registerNames : {} }
      : this.unmodelledAt(address);
    if (block === undefined) return undefined;
    const offset = address - block.base;
    const register = block.registers[offset & ~3];
    return register === undefined ? `${block.name}+0x${offset.toString(16)}` : `${block.name}_${register}`;
  }

  private mappingAt(address: number): Mapping | undefined {
    if (address < FIRST_PERIPHERAL) return undefined;
    const { latest } = this;
    if (latest !== undefined && address >= latest.base && address < latest.base + latest.size) return latest;
    const candidates = this.pages.get(address >>> PAGE_BITS);
    if (candidates === undefined) return undefined;
    for (const mapping of candidates) if (address >= mapping.base && address < mapping.base + mapping.size) return (this.latest = mapping);
    return undefined;
  }

  private unmodelledAt(address: number): UnmodelledBlock | undefined {
    return this.unmodelledBlocks.find((b) => address >= b.base && address < b.base + b.size);
  }

  private nothingAt(address: number, access: 'read' | 'write'): BusError {
    return new BusError(address, access, `${access} at ${hex(address)}: nothing is mapped there`);
  }
}
