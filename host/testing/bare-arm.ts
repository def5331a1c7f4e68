// SPDX-License-Identifier: MIT
// A Cortex-M4F with the memories of QEMU's mps2-an386 and nothing else, for programs that run on both: code at 0, RAM at 0x20000000, semihosting.

import { ArmCpu } from '../cpu/arm/cpu.js';
import { COUNTER_BYTES, CycleCounters } from '../cpu/arm/cycle-counters.js';
import { FlashAccelerator, acceleratorBytes } from '../cpu/arm/flash-accelerator.js';
import { HotCode, tableBytes } from '../cpu/arm/hot/hot-code.js';
import { ArmMemory } from '../cpu/arm/memory.js';
import { decode } from '../cpu/arm/isa/decode.js';
import { readElf } from '../image/elf.js';
import { Machine, RunEnded } from '../machine/machine.js';
import { plugCore } from '../peripherals/cortex-m/core.js';

export interface BareOptions {
  /** Executions after which code is translated, if not the engine's own number; false for the interpreter alone. */
  readonly hot?: number | false;
  /** Counts cycles by context and code; what runs outside of exceptions is `thread`. */
  readonly counting?: boolean;
  /** Serves the program's semihosting, but for its end. */
  readonly semihosting?: (cpu: ArmCpu) => void;
}

/** Wait states of an STM32F407 at 168 MHz, its accelerator on: what flash costs is part of what is tested. */
const FLASH = { latency: 5, prefetch: true, instructionCache: true, dataCache: true };
const RAM = 0x20000000;
const RAM_BYTES = 4 << 20;
const CODE_BYTES = 4 << 20;

/** @param words words of RAM that the program finds, by address */
export function bareArm(file: Uint8Array, { hot, counting = false, semihosting }: BareOptions, words: Readonly<Record<number, number>> = {}) {
  const machine = new Machine({ vectors: Array.from({ length: 32 }, (_, n) => `IRQ${n}`), priorityBits: 3 });
  const memory = new ArmMemory([
    { name: 'code', origin: 0, byteCount: CODE_BYTES, kind: 'flash', dma: true }, { name: 'ram', origin: RAM, byteCount: RAM_BYTES, kind: 'ram', dma: true },
  ], tableBytes(CODE_BYTES), counting ? COUNTER_BYTES : 0);
  const [code, ram] = memory.regions;
  const elf = readElf(file, 'program');
  for (const { address, bytes } of elf.segments) {
    if (address >= RAM) ram.bytes.set(bytes, address - RAM);
    else code.bytes.set(bytes, address);
  }
  const ramWords = new DataView(ram.bytes.buffer, ram.bytes.byteOffset, ram.byteCount);
  for (const [address, value] of Object.entries(words)) ramWords.setUint32(Number(address) - RAM, value, true);
  const accelerator = new FlashAccelerator(memory, CODE_BYTES, memory.tables);
  accelerator.configure(FLASH);
  const blocks = plugCore(machine, { cpuid: 0x410fc241, systickReferenceDivider: 1, onResetRequest: () => { throw new RunEnded(); } });
  const halves = new DataView(code.bytes.buffer, code.bytes.byteOffset, CODE_BYTES);
  const starts = new Set(elf.symbols.filter((s) => s.type === 'function').map((s) => s.value & ~1));
  const counters = counting ? new CycleCounters(memory, memory.counters, code, starts, 'thread') : undefined;
  if (counters) machine.observers.add(counters);
  const engine = hot === false ? undefined : new HotCode({
    memory, code, rams: [ram], accelerator, counters, tables: memory.tables + acceleratorBytes(CODE_BYTES), threshold: hot,
    forbidden: (from, to, access) => blocks.mpu.forbidden(from, to, access, true),
    decode: (pc, inIT) => decode(halves.getUint16(pc, true), halves.getUint16(pc + 2, true), pc, inIT),
  });
  const cpu = new ArmCpu({
    machine, blocks, memory, core: { exceptionEntryCycles: 12, exceptionExitCycles: 10, tailChainCycles: 6 }, flashTiming: accelerator, hot: engine, counters,
    semihosting: semihosting ?? (() => { throw new RunEnded(); }),
  });
  cpu.reset();
  return {
    machine, memory, cpu, engine, ram, elf, accelerator, counters,
    /** Runs to the end: the program's exit. @throws what goes wrong */
    run(): void {
      try {
        cpu.run();
      } catch (error) {
        if (!(error instanceof RunEnded)) throw error;
      }
    },
    /** A word of RAM. */
    word: (address: number): number => ramWords.getUint32(address - RAM, true),
    /** Address of a symbol. */
    symbol(name: string): number {
      const found = elf.symbols.find((s) => s.name === name);
      if (!found) throw new Error(`no symbol ${name}`);
      return found.value;
    },
  };
}
