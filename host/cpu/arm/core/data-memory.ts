// SPDX-License-Identifier: MIT
// The core's way to memory and devices: RAM, flash, the memory at address 0, bit-bands, the private peripheral bus; with protection and alignment
// (ARM DDI 0403E, A3.2, B3.1; bit-bands: DDI 0439, 3.7).

import type { Bus } from '../../../machine/bus.js';
import { BusError, UnmodelledRegisterError } from '../../../machine/errors.js';
import type { Mpu, MpuAccess } from '../../../peripherals/cortex-m/mpu.js';
import type { FlashTiming } from '../flash-accelerator.js';
import type { AccessKind, Size } from '../isa/ops.js';
import type { ArmMemory, PlacedRegion } from '../memory.js';
import { STATE } from '../state.js';
import { CFSR, Fault } from './fault.js';

/** A stretch of memory at addresses of the core. */
export interface Span {
  readonly origin: number;
  /** First address behind it. */
  readonly end: number;
  /** Byte offset in the WebAssembly memory. */
  readonly offset: number;
  readonly kind: PlacedRegion['kind'];
  /** What to add to an address to get the memory's own: not 0 for the memory that is seen at address 0. */
  readonly alias: number;
}

export type Watcher = (address: number, size: Size, access: 'read' | 'write') => void;

export interface DataMemoryConfig {
  readonly memory: ArmMemory;
  readonly bus: Bus;
  readonly mpu: Mpu;
  readonly flashTiming?: FlashTiming;
  /** A store to flash: the flash interface programs, or refuses. @throws BusError when the bus answers with an error */
  readonly writeFlash?: (address: number, size: Size, value: number) => void;
  /** Brings the machine up to the present before a device is touched, and looks at what that has changed after it. */
  readonly beforeDevice: () => void;
  readonly afterDevice: () => void;
  /** Whether the core runs at a priority below 0. */
  readonly negativePriority: () => boolean;
  /** Whether bus errors of data are to be noted only (CCR.BFHFNMIGN at a priority below 0). */
  readonly ignoresBusErrors: () => boolean;
  /** CCR.USERSETMPEND: STIR may be written without privilege. */
  readonly userMayPend: () => boolean;
  readonly noteIgnored: (fault: Fault) => void;
  /** What may be fetched and accessed has changed. */
  readonly onRightsChange: () => void;
}

const DEVICES = 0x40000000;
const SRAM_ALIAS = 0x22000000;
const PERIPHERAL_ALIAS = 0x42000000;
const ALIAS_BYTES = 0x2000000;
const PPB = 0xe0000000;
const PPB_END = 0xe0100000;
const STIR = 0xe000ef00;
/** Normal memory, where unaligned accesses are allowed: code, SRAM, and the external RAM between the peripherals and the devices. */
const isNormal = (address: number): boolean => address < DEVICES || (address >= 0x60000000 && address < 0xa0000000);

export class DataMemory {
  /** CCR.UNALIGN_TRP. */
  unalignTrap = false;
  /** Privilege of the code that runs. */
  privileged = true;
  /** Called of each access: watchpoints of a debugger and of the DWT. */
  private watch: Watcher | undefined;
  private readonly watchers = new Map<string, Watcher>();
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  /** All spans; the one at address 0 changes by `remap`. */
  spans: readonly Span[] = [];
  private readonly own: readonly Span[];
  /** The RAM that was used last. */
  private ramOrigin = 0;
  private ramBytes = 0;
  private ramOffset = 0;
  get watched(): boolean {
    return this.watch !== undefined;
  }

  /** Whether the MPU is on. */
  protects = false;
  /** Whether accesses of RAM need no look at rights and watchpoints. */
  free = true;

  constructor(private readonly config: DataMemoryConfig) {
    const { memory } = config;
    const { buffer } = memory.wasm;
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer, 0, buffer.byteLength >> 1);
    this.words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    const spans: Span[] = [];
    for (const { origin, byteCount, offset, kind } of memory.regions) {
      const before = spans.at(-1);
      if (before && before.kind === kind && before.end === origin && before.offset + before.end - before.origin === offset) {
        spans[spans.length - 1] = { ...before, end: origin + byteCount };
      } else spans.push({ origin, end: origin + byteCount, offset, kind, alias: 0 });
    }
    this.own = spans;
    this.remap(spans.find((s) => s.kind === 'flash')?.origin);
    config.mpu.onChange = () => this.settle();
    this.settle();
  }

  /** What is seen at address 0 (SYSCFG_MEMRMP): the memory that begins at `origin`, or nothing. */
  remap(origin: number | undefined): void {
    const target = origin === undefined || origin === 0 ? undefined : this.own.find((s) => s.origin === origin);
    this.ramBytes = 0;
    this.spans = target ? [...this.own, { ...target, origin: 0, end: target.end - target.origin, alias: target.origin }] : this.own;
    this.config.onRightsChange();
  }

  /** Has somebody told of every access by instructions, or no longer. */
  setWatch(who: string, watcher: Watcher | undefined): void {
    if (watcher) this.watchers.set(who, watcher);
    else this.watchers.delete(who);
    const all = [...this.watchers.values()];
    this.watch = all.length === 0 ? undefined : (address, size, access) => all.forEach((watch) => watch(address, size, access));
    this.settle();
  }

  private settle(): void {
    this.protects = this.config.mpu.enabled;
    this.free = !this.protects && this.watch === undefined;
    this.config.onRightsChange();
  }

  spanAt(address: number, byteCount: number): Span | undefined {
    for (const span of this.spans) if (address >= span.origin && address + byteCount <= span.end) return span;
    return undefined;
  }

  /** A load by an instruction, zero-extended (words: as a signed number). @throws Fault */
  load(address: number, size: Size, kind?: AccessKind): number {
    const a = address >>> 0;
    const at = a - this.ramOrigin;
    if (this.free && at >= 0 && at + size <= this.ramBytes && (a & (size - 1)) === 0) {
      const place = at + this.ramOffset;
      return size === 4 ? this.words[place >> 2] : size === 2 ? this.halves[place >> 1] : this.bytes[place];
    }
    if (kind === 'aligned') checkAligned(a, size);
    return this.loadAs(a, size, this.privileged && kind !== 'unprivileged');
  }

  /** @throws Fault */
  store(address: number, size: Size, value: number, kind?: AccessKind): void {
    const a = address >>> 0;
    const at = a - this.ramOrigin;
    if (this.free && at >= 0 && at + size <= this.ramBytes && (a & (size - 1)) === 0) {
      const place = at + this.ramOffset;
      if (size === 4) this.words[place >> 2] = value;
      else if (size === 2) this.halves[place >> 1] = value;
      else this.bytes[place] = value;
      return;
    }
    if (kind === 'aligned') checkAligned(a, size);
    this.storeAs(a, size, value, this.privileged && kind !== 'unprivileged');
  }

  /** A load with given rights (LDRT, stacking). */
  loadAs(a: number, size: Size, privileged: boolean): number {
    if ((a & (size - 1)) !== 0) return this.loadUnaligned(a, size, privileged);
    this.check(a, 'read', privileged);
    this.watch?.(a, size, 'read');
    try {
      return this.read(a, size, privileged);
    } catch (error) {
      this.busFault(error, a, 'read');
      return 0;
    }
  }

  storeAs(a: number, size: Size, value: number, privileged: boolean): void {
    if ((a & (size - 1)) !== 0) {
      this.storeUnaligned(a, size, value, privileged);
      return;
    }
    this.check(a, 'write', privileged);
    this.watch?.(a, size, 'write');
    try {
      this.write(a, size, value, privileged);
    } catch (error) {
      this.busFault(error, a, 'write');
    }
  }

  /** Where a block of words in RAM lies among `words`, when it may be accessed without a further look; else -1. */
  private freeWords(a: number, count: number): number {
    const at = a - this.ramOrigin;
    return this.free && at >= 0 && at + 4 * count <= this.ramBytes && (a & 3) === 0 ? (at + this.ramOffset) >> 2 : -1;
  }

  /** Stores words one after the other with given rights: stacking. @throws Fault */
  storeWordsAs(a: number, values: Int32Array, privileged: boolean): void {
    const { words } = this;
    const { length } = values;
    const place = this.freeWords(a, length);
    if (place < 0) for (let i = 0; i < length; i++) this.storeAs((a + 4 * i) >>> 0, 4, values[i], privileged);
    else for (let i = 0; i < length; i++) words[place + i] = values[i];
  }

  /** Loads as many words as `values` holds: unstacking. @throws Fault */
  loadWordsAs(a: number, values: Int32Array, privileged: boolean): void {
    const { words } = this;
    const { length } = values;
    const place = this.freeWords(a, length);
    if (place < 0) for (let i = 0; i < length; i++) values[i] = this.loadAs((a + 4 * i) >>> 0, 4, privileged);
    else for (let i = 0; i < length; i++) values[i] = words[place + i];
  }

  /** The bus makes several accesses of an unaligned one; each further one takes a cycle (DDI 0439, 3.3.2). */
  private loadUnaligned(a: number, size: Size, privileged: boolean): number {
    this.checkUnaligned(a);
    let value = 0;
    let shift = 0;
    for (let at = 0; at < size;) {
      const part: Size = (a + at) & 1 || size - at < 2 ? 1 : 2;
      value |= this.loadAs((a + at) >>> 0, part, privileged) << shift;
      at += part;
      shift += 8 * part;
      if (at < size) this.config.memory.state[STATE.LEFT]--;
    }
    return value;
  }

  private storeUnaligned(a: number, size: Size, value: number, privileged: boolean): void {
    this.checkUnaligned(a);
    for (let at = 0; at < size;) {
      const part: Size = (a + at) & 1 || size - at < 2 ? 1 : 2;
      this.storeAs((a + at) >>> 0, part, (value >>> (8 * at)) & (part === 1 ? 0xff : 0xffff), privileged);
      at += part;
      if (at < size) this.config.memory.state[STATE.LEFT]--;
    }
  }

  private checkUnaligned(a: number): void {
    if (this.unalignTrap || !isNormal(a)) throw new Fault(CFSR.UNALIGNED, undefined, `unaligned access of 0x${a.toString(16)}`);
  }

  private check(a: number, access: MpuAccess, privileged: boolean): void {
    const { mpu, negativePriority } = this.config;
    if (mpu.enabled && !mpu.permits(a, access, privileged, negativePriority())) throw new Fault(CFSR.DACCVIOL, a);
  }

  private busFault(error: unknown, address: number, access: 'read' | 'write'): void {
    if (!(error instanceof BusError) || error instanceof UnmodelledRegisterError) throw error;
    const fault = new Fault(CFSR.PRECISERR, address, error.message || access);
    if (!this.config.ignoresBusErrors()) throw fault;
    this.config.noteIgnored(fault);
  }

  /** An aligned read of whatever is there. @throws BusError */
  private read(a: number, size: Size, privileged: boolean): number {
    if (a < DEVICES) {
      const span = this.spanAt(a, size);
      if (span) {
        if (span.kind === 'ram') this.useRam(span);
        else if (span.kind === 'flash') this.waitForFlash(a - span.origin);
        const place = a - span.origin + span.offset;
        return size === 4 ? this.words[place >> 2] : size === 2 ? this.halves[place >> 1] : this.bytes[place];
      }
      if (a >= SRAM_ALIAS && a < SRAM_ALIAS + ALIAS_BYTES) return this.readBit(a - SRAM_ALIAS, 0x20000000, size, privileged);
      throw new BusError(a, 'read', `read at 0x${a.toString(16)}: nothing is mapped there`);
    }
    if (a >= PERIPHERAL_ALIAS && a < PERIPHERAL_ALIAS + ALIAS_BYTES) return this.readBit(a - PERIPHERAL_ALIAS, DEVICES, size, privileged);
    if (!privileged && a >= PPB && a < PPB_END) throw new BusError(a, 'read', 'the private peripheral bus is for privileged code');
    const { bus, beforeDevice, afterDevice } = this.config;
    beforeDevice();
    const value = bus.read(a, size);
    afterDevice();
    return value | 0;
  }

  private write(a: number, size: Size, value: number, privileged: boolean): void {
    if (a < DEVICES) {
      const span = this.spanAt(a, size);
      if (span?.kind === 'ram') {
        this.useRam(span);
        const place = a - span.origin + span.offset;
        if (size === 4) this.words[place >> 2] = value;
        else if (size === 2) this.halves[place >> 1] = value;
        else this.bytes[place] = value;
      } else if (span && this.config.writeFlash) {
        this.config.beforeDevice();
        this.config.writeFlash(a + span.alias, size, value);
        this.config.afterDevice();
      } else if (a >= SRAM_ALIAS && a < SRAM_ALIAS + ALIAS_BYTES) this.writeBit(a - SRAM_ALIAS, 0x20000000, size, value, privileged);
      else throw new BusError(a, 'write', `write at 0x${a.toString(16)}: ${span ? 'this memory cannot be written' : 'nothing is mapped there'}`);
      return;
    }
    if (a >= PERIPHERAL_ALIAS && a < PERIPHERAL_ALIAS + ALIAS_BYTES) {
      this.writeBit(a - PERIPHERAL_ALIAS, DEVICES, size, value, privileged);
      return;
    }
    if (!privileged && a >= PPB && a < PPB_END && !(a === STIR && this.config.userMayPend())) {
      throw new BusError(a, 'write', 'the private peripheral bus is for privileged code');
    }
    const { bus, beforeDevice, afterDevice } = this.config;
    beforeDevice();
    bus.write(a, size === 4 ? value >>> 0 : size === 2 ? value & 0xffff : value & 0xff, size);
    afterDevice();
  }

  /** Each word of an alias is a bit of the bit-band's megabyte; the access behind it has the size of the one before it. */
  private readBit(offset: number, base: number, size: Size, privileged: boolean): number {
    const { address, bit } = target(offset, base, size);
    return (this.read(address, size, privileged) >>> bit) & 1;
  }

  private writeBit(offset: number, base: number, size: Size, value: number, privileged: boolean): void {
    const { address, bit } = target(offset, base, size);
    const before = this.read(address, size, privileged);
    this.write(address, size, value & 1 ? before | (1 << bit) : before & ~(1 << bit), privileged);
  }

  private useRam({ origin, end, offset }: Span): void {
    this.ramOrigin = origin;
    this.ramBytes = end - origin;
    this.ramOffset = offset;
  }

  private waitForFlash(offset: number): void {
    const { flashTiming, memory } = this.config;
    if (flashTiming) memory.state[STATE.LEFT] -= flashTiming.data(offset >>> 4);
  }

  /** What rights to fetch depend on besides the address: instructions that were fetched with one value may be forbidden with another. */
  get fetchRights(): number {
    const { mpu, negativePriority } = this.config;
    return mpu.enabled ? 1 + (this.privileged ? 1 : 0) + (negativePriority() ? 2 : 0) : 0;
  }

  /** @throws Fault when a halfword may not be fetched */
  checkFetch(pc: number): void {
    const { mpu, negativePriority } = this.config;
    if (!mpu.permits(pc, 'fetch', this.privileged, mpu.enabled && negativePriority())) {
      throw new Fault(CFSR.IACCVIOL, undefined, `no fetch is allowed at 0x${pc.toString(16)}`);
    }
  }

  /** Where an instruction at `pc` lies. @throws Fault when nothing may be fetched there */
  fetchSpan(pc: number): Span {
    this.checkFetch(pc);
    const span = this.spanAt(pc, 2);
    if (!span) throw new Fault(CFSR.IBUSERR, undefined, `nothing to fetch at 0x${pc.toString(16)}`);
    return span;
  }
}

/** LDM, LDRD, exclusives and the like want it whatever CCR says (A3.2.1). */
function checkAligned(a: number, size: Size): void {
  if (a & (size - 1)) throw new Fault(CFSR.UNALIGNED, undefined, `unaligned access of 0x${a.toString(16)}`);
}

function target(offset: number, base: number, size: Size): { address: number; bit: number } {
  const byte = offset >>> 5;
  const address = byte & ~(size - 1);
  return { address: base + address, bit: (byte - address) * 8 + ((offset >>> 2) & 7) };
}
