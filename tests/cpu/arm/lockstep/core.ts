// SPDX-License-Identifier: MIT
// Our core with the memory of QEMU's MPS2, and its state as QEMU's trace has it.

import { ArmCpu, type ArmCpuConfig } from '../../../../host/cpu/arm/cpu.js';
import { ArmMemory, type ArmMemoryRegion } from '../../../../host/cpu/arm/memory.js';
import { STATE } from '../../../../host/cpu/arm/state.js';
import { Machine } from '../../../../host/machine/machine.js';
import { plugCore } from '../../../../host/peripherals/cortex-m/core.js';
import { TRACED } from '../../../../host/testing/qemu-trace.js';
import { REGIONS } from './scene.js';

/** QEMU 7.2's ARMv7-M machines implement all bits of a priority. */
const PRIORITY_BITS = 8;
const IRQS = 32;

export interface CoreOptions {
  readonly regions?: readonly ArmMemoryRegion[];
  readonly config?: (memory: ArmMemory) => Partial<ArmCpuConfig>;
  readonly tableBytes?: number;
}

export class LockstepCore {
  readonly machine = new Machine({ vectors: Array.from({ length: IRQS }, (_, n) => `IRQ${n}`), priorityBits: PRIORITY_BITS });
  readonly memory: ArmMemory;
  readonly cpu: ArmCpu;

  /** @param image what lies from address 0 on */
  constructor(image: Uint8Array, { regions = REGIONS, config, tableBytes }: CoreOptions = {}) {
    this.memory = new ArmMemory(regions, tableBytes);
    const { machine, memory } = this;
    const blocks = plugCore(machine, { cpuid: 0x410fc241, systickReferenceDivider: 8, onResetRequest: () => this.cpu.requestReset() });
    this.cpu = new ArmCpu({ machine, blocks, memory, core: { exceptionEntryCycles: 12, exceptionExitCycles: 10, tailChainCycles: 6 }, ...config?.(memory) });
    this.write(0, image);
    this.cpu.reset();
  }

  /** Bytes of RAM; the region that has the address is long enough. */
  write(address: number, bytes: Uint8Array): void {
    this.regionAt(address).bytes.set(bytes, address - this.regionAt(address).origin);
  }

  read(address: number, byteCount: number): Uint8Array {
    const { bytes, origin } = this.regionAt(address);
    return bytes.slice(address - origin, address - origin + byteCount);
  }

  private regionAt(address: number) {
    const region = this.memory.regions.find(({ origin, byteCount }) => address >= origin && address < origin + byteCount);
    if (!region) throw new RangeError(`no memory at 0x${address.toString(16)}`);
    return region;
  }

  /** Whether instructions can be fetched there, as far as the map of memory goes. */
  isCode(address: number): boolean {
    return this.memory.regions.some(({ origin, byteCount }) => address >= origin && address < origin + byteCount);
  }

  /** FPCCR.LSPEN. */
  get lazyStacking(): boolean {
    return ((this.machine.bus.read(0xe000ef34, 4) >>> 30) & 1) === 1;
  }

  /** Takes the exceptions that are due, so that the next instruction is one that QEMU traces. @returns whether there were any */
  settle(): boolean {
    const { cpu, machine: { exceptions } } = this;
    let taken = false;
    while (!cpu.asleep && exceptions.attention && exceptions.next() !== 0) {
      cpu.step();
      taken = true;
    }
    return taken;
  }

  /** The state as words of TRACED. */
  readState(into: Uint32Array): void {
    const { state, special } = this.cpu;
    for (let n = 0; n < 16; n++) into[TRACED.R + n] = state[STATE.R + n];
    into[TRACED.XPSR] = special.xpsr;
    for (let n = 0; n < 32; n++) into[TRACED.S + n] = state[STATE.S + n];
    into[TRACED.FPSCR] = special.fpscr;
    into[TRACED.PRIVILEGED] = special.privileged ? 1 : 0;
  }

  /** Takes over registers and flags, so that one difference is not seen again in all that follows. The mode stays. */
  adopt(from: Uint32Array): void {
    const { state, special } = this.cpu;
    for (let n = 0; n < 16; n++) state[STATE.R + n] = from[TRACED.R + n];
    special.setPsrBesidesIpsr(from[TRACED.XPSR]);
    for (let n = 0; n < 32; n++) state[STATE.S + n] = from[TRACED.S + n];
    special.fpscr = from[TRACED.FPSCR];
  }
}
