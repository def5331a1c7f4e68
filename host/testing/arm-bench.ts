// SPDX-License-Identifier: MIT
// A Cortex-M4F with memories and its own peripherals and nothing else, for the specs of the core.

import { ArmCpu, type ArmCpuConfig } from '../cpu/arm/cpu.js';
import type { FaultRecord } from '../cpu/arm/core/fault.js';
import { ArmMemory } from '../cpu/arm/memory.js';
import { Machine } from '../machine/machine.js';
import { plugCore } from '../peripherals/cortex-m/core.js';
import { assembleArm } from './arm-program.js';

/** As on the STM32F407: flash, core-coupled memory, main memory, system memory. */
const REGIONS = [
  { name: 'flash', origin: 0x08000000, byteCount: 0x10000, kind: 'flash', dma: true },
  { name: 'ccm', origin: 0x10000000, byteCount: 0x10000, kind: 'ram', dma: false },
  { name: 'system', origin: 0x1fff0000, byteCount: 0x1000, kind: 'rom', dma: false },
  { name: 'sram1', origin: 0x20000000, byteCount: 0x1c000, kind: 'ram', dma: true },
  { name: 'sram2', origin: 0x2001c000, byteCount: 0x4000, kind: 'ram', dma: true },
] as const;
const VECTORS = 16 + 82;

/** @param source an assembler program that starts with the code at `reset`; vectors are by label: `nmi`, `hardfault`, …, `irq0`, and `unexpected` for the rest */
export function armBench(source: string, config: Partial<ArmCpuConfig> = {}) {
  const machine = new Machine({ vectors: Array.from({ length: 82 }, (_, n) => `IRQ${n}`), priorityBits: 4 });
  const memory = new ArmMemory(REGIONS);
  const faults: FaultRecord[] = [];
  let resets = 0;
  const blocks = plugCore(machine, { cpuid: 0x410fc241, systickReferenceDivider: 8, onResetRequest: () => { resets++; cpu.requestReset(); } });
  const cpu: ArmCpu = new ArmCpu({
    machine, blocks, memory, core: { exceptionEntryCycles: 12, exceptionExitCycles: 10, tailChainCycles: 6 }, onFault: (record) => faults.push(record), ...config,
  });
  const names = ['', 'reset', 'nmi', 'hardfault', 'memmanage', 'busfault', 'usagefault', '', '', '', '', 'svc', 'debugmon', '', 'pendsv', 'systick'];
  const labels = [...names, ...Array.from({ length: 82 }, (_, n) => `irq${n}`)].slice(1);
  const defined = (label: string): boolean => new RegExp(`^\\s*${label}:`, 'm').test(source);
  const table = labels.map((l) => `.word ${l === '' ? 0 : defined(l) ? `${l} + 1` : 'unexpected + 1'}`);
  const program = assembleArm(`.word 0x20010000\n${table.join('\n')}\n.thumb_func\nunexpected: b unexpected\n${source}`);
  if (table.length + 1 !== VECTORS) throw new Error('vector table');
  memory.regions[0].bytes.set(program.bytes);
  cpu.reset();
  const at = (label: string): number => {
    const address = program.symbols.get(label);
    if (address === undefined) throw new Error(`no label ${label}`);
    return address;
  };
  return {
    machine, memory, cpu, faults, blocks, resets: () => resets, at,
    /** Register by number. */
    r: (n: number): number => cpu.state[n] >>> 0,
    /** Steps until PC is at a label. */
    runTo: (label: string, most = 100_000): void => {
      const target = at(label);
      for (let i = 0; cpu.state[15] !== target; i++) {
        if (i === most) throw new Error(`${label} is not reached; pc is 0x${(cpu.state[15] >>> 0).toString(16)}`);
        cpu.step();
      }
    },
    word: (address: number): number => cpu.memory.loadAs(address, 4, true) >>> 0,
  };
}
