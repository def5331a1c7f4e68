// SPDX-License-Identifier: MIT
// A debugger's hold on the core (debug-target.ts): registers, memory, breakpoints, watchpoints, and running until one of them is met.

import { BusError } from '../../../machine/errors.js';
import type { Machine } from '../../../machine/machine.js';
import { RegisterBlock } from '../../../machine/peripheral.js';
import type { CorePeripherals } from '../../../peripherals/cortex-m/core.js';
import type { ArmCpu } from '../cpu.js';
import type { DebugEvent, DebugTarget, RegisterName, WatchKind } from '../debug-target.js';
import { STATE } from '../state.js';
import { Lockup } from './fault.js';
import { FirmwareExit } from './semihosting.js';

interface Watch {
  readonly address: number;
  readonly byteCount: number;
  readonly kind: WatchKind;
}

const ALIASES: Readonly<Record<string, number>> = { sp: 13, lr: 14, pc: 15 };

/** Attaches to a core: it then has DHCSR.C_DEBUGEN set, and BKPT stops it. */
export class Debugger implements DebugTarget {
  stopOnFault = true;
  private readonly breakpoints = new Set<number>();
  private readonly watches: Watch[] = [];
  /** What has happened while the core was executing. */
  private event: DebugEvent | undefined;

  constructor(private readonly cpu: ArmCpu, private readonly machine: Machine, private readonly blocks: CorePeripherals) {
    blocks.debug.debuggerAttached = true;
    cpu.onBreakpoint = (imm8) => {
      this.stop({ kind: 'bkpt', address: cpu.state[STATE.PC] >>> 0, imm8 });
      return true;
    };
    cpu.onTrap = (trap) => {
      this.stop(trap.kind === 'breakpoint' ? trap : { ...trap, watch: 'access' });
      return true;
    };
    cpu.onFault = (record) => {
      if (this.stopOnFault && record.kind !== 'lockup') this.stop({ kind: 'fault', record });
    };
  }

  /** Lets go of the core: it runs on as without a debugger. */
  detach(): void {
    this.blocks.debug.debuggerAttached = false;
    this.cpu.onBreakpoint = this.cpu.onTrap = this.cpu.onFault = undefined;
    this.watches.length = 0;
    this.breakpoints.clear();
    this.settleWatches();
  }

  get now(): number {
    return this.cpu.now;
  }

  readRegister(name: RegisterName): number {
    const { cpu: { special, state }, machine: { exceptions } } = this;
    const number = registerNumber(name);
    if (number !== undefined) return state[STATE.R + number] >>> 0;
    const single = singleNumber(name);
    if (single !== undefined) return state[STATE.S + single] >>> 0;
    switch (name) {
      case 'xpsr': return special.xpsr >>> 0;
      case 'msp': return special.msp >>> 0;
      case 'psp': return special.psp >>> 0;
      case 'primask': return exceptions.primask ? 1 : 0;
      case 'basepri': return exceptions.basepri;
      case 'faultmask': return exceptions.faultmask ? 1 : 0;
      case 'control': return special.control;
      case 'fpscr': return special.fpscr >>> 0;
    }
    throw new RangeError(`the core has no register ${name}`);
  }

  writeRegister(name: RegisterName, value: number): void {
    const { cpu: { special, state }, machine: { exceptions } } = this;
    const number = registerNumber(name);
    const single = singleNumber(name);
    if (number === 15) special.jump(value);
    else if (number !== undefined) state[STATE.R + number] = number === 13 ? value & ~3 : value;
    else if (single !== undefined) state[STATE.S + single] = value;
    else {
      switch (name) {
        // IPSR is not for debuggers to write (C1.6.3 lets it, with results that are UNPREDICTABLE).
        case 'xpsr': special.setPsrBesidesIpsr(value); break;
        case 'msp': special.msp = value; break;
        case 'psp': special.psp = value; break;
        case 'primask': exceptions.primask = (value & 1) !== 0; break;
        case 'basepri': exceptions.basepri = value & 0xff; break;
        case 'faultmask': exceptions.faultmask = (value & 1) !== 0; break;
        case 'control': special.control = value; break;
        case 'fpscr': special.fpscr = value; break;
        default: throw new RangeError(`the core has no register ${name}`);
      }
      exceptions.attention = true;
    }
  }

  readMemory(address: number, byteCount: number): Uint8Array | undefined {
    const { memory } = this.cpu;
    const span = memory.spanAt(address >>> 0, byteCount);
    if (span) {
      const at = address - span.origin + span.offset;
      return memory.bytes.slice(at, at + byteCount);
    }
    const result = new Uint8Array(byteCount);
    for (let i = 0; i < byteCount; i++) {
      const byte = this.readByte((address + i) >>> 0);
      if (byte === undefined) return undefined;
      result[i] = byte;
    }
    return result;
  }

  private readByte(address: number): number | undefined {
    const { memory } = this.cpu;
    const span = memory.spanAt(address, 1);
    if (span) return memory.bytes[address - span.origin + span.offset];
    const found = this.machine.bus.peripheralAt(address);
    try {
      if (!found) return this.machine.bus.read(address, 1);
      if (!(found.peripheral instanceof RegisterBlock)) return undefined;
      const offset = address - found.base;
      return (found.peripheral.inspect(offset & ~3) >>> (8 * (offset & 3))) & 0xff;
    } catch (error) {
      if (error instanceof BusError) return undefined;
      throw error;
    }
  }

  writeMemory(address: number, bytes: Uint8Array): boolean {
    const { cpu: { memory }, machine: { bus } } = this;
    const span = memory.spanAt(address >>> 0, bytes.length);
    if (span) {
      memory.bytes.set(bytes, address - span.origin + span.offset);
      if (span.kind !== 'ram') this.cpu.flushCode();
      return true;
    }
    try {
      if (address % 4 === 0 && bytes.length % 4 === 0) {
        const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        for (let i = 0; i < bytes.length; i += 4) bus.write((address + i) >>> 0, words.getUint32(i, true), 4);
      } else if (address % 2 === 0 && bytes.length === 2) bus.write(address >>> 0, bytes[0] | (bytes[1] << 8), 2);
      else bytes.forEach((byte, i) => bus.write((address + i) >>> 0, byte, 1));
      return true;
    } catch (error) {
      if (error instanceof BusError) return false;
      throw error;
    }
  }

  addBreakpoint(address: number): void {
    this.breakpoints.add((address & ~1) >>> 0);
  }
  removeBreakpoint(address: number): void {
    this.breakpoints.delete((address & ~1) >>> 0);
  }

  addWatchpoint(address: number, byteCount: number, kind: WatchKind): void {
    this.watches.push({ address: address >>> 0, byteCount, kind });
    this.settleWatches();
  }
  removeWatchpoint(address: number, byteCount: number, kind: WatchKind): void {
    const index = this.watches.findIndex((w) => w.address === address >>> 0 && w.byteCount === byteCount && w.kind === kind);
    if (index >= 0) this.watches.splice(index, 1);
    this.settleWatches();
  }

  private settleWatches(): void {
    const { cpu: { memory }, watches } = this;
    memory.setWatch('debugger', watches.length === 0 ? undefined : (address, size, access) => {
      const hit = watches.find((w) => address < w.address + w.byteCount && address + size > w.address && (w.kind === 'access' || w.kind === access));
      if (hit) this.stop({ kind: 'watchpoint', address: Math.max(address, hit.address), access, watch: hit.kind });
    });
  }

  step(): DebugEvent {
    return this.attempt(() => {
      this.cpu.step();
      return { kind: 'step' };
    });
  }

  resume(cycles = Infinity): DebugEvent {
    const { timeline } = this.machine;
    const limit = cycles === Infinity ? undefined : timeline.at(Math.max(timeline.now, this.cpu.now) + Math.max(1, Math.round(cycles)), () => this.stop({ kind: 'limit' }));
    this.cpu.attendSoon();
    try {
      return this.attempt(() => {
        this.cpu.step();
        while (this.event === undefined) {
          if (this.breakpoints.size === 0) this.cpu.slice();
          else {
            const pc = this.cpu.state[STATE.PC] >>> 0;
            if (this.breakpoints.has(pc) && !this.cpu.asleep && !this.cpu.exceptionWaits) return { kind: 'breakpoint', address: pc };
            this.cpu.step();
          }
        }
        return this.event;
      });
    } finally {
      timeline.cancel(limit);
    }
  }

  requestStop(): void {
    this.stop({ kind: 'stopped' });
  }

  /** The first event counts; the core stops behind the instruction. */
  private stop(event: DebugEvent): void {
    this.event ??= event;
    this.cpu.halting = true;
    this.cpu.attendSoon();
  }

  private attempt(action: () => DebugEvent): DebugEvent {
    this.event = undefined;
    this.cpu.halting = false;
    this.cpu.passTrapAt = this.cpu.state[STATE.PC] >>> 0;
    try {
      const event = action();
      return this.event ?? event;
    } catch (error) {
      if (error instanceof Lockup) return { kind: 'lockup', record: error.record };
      if (error instanceof FirmwareExit) return { kind: 'exit', code: error.code };
      return { kind: 'ended', error };
    } finally {
      this.cpu.halting = false;
    }
  }
}

/** Number of a core register. */
function registerNumber(name: RegisterName): number | undefined {
  const match = /^r(\d|1[0-5])$/.exec(name);
  return match ? Number(match[1]) : ALIASES[name];
}

function singleNumber(name: RegisterName): number | undefined {
  const match = /^s(\d|[12]\d|3[01])$/.exec(name);
  return match ? Number(match[1]) : undefined;
}
