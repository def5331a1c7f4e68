// SPDX-License-Identifier: MIT
// Counts how often each basic block of a module is executed, between the module's own readings of the cycle counter.

import { ABI_MODULE, abi } from '../abi.js';
import { InstructionCosts, type CostTable } from '../cpu/wasm/costs.js';
import { ByteReader, forEachInstruction, SECTION, type WasmModule } from '../cpu/wasm/decode.js';
import { featuresOf } from '../cpu/wasm/cost-features.js';
import { basicBlocks } from '../cpu/wasm/meter.js';
import { appendToVector, ByteWriter } from '../cpu/wasm/writer.js';
import { EXTRA_BELIEFS } from './beliefs.js';

const OP = { globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i32Add: 0x6a, end: 0x0b } as const;
const I32 = 0x7f;
const COUNTER = (block: number): string => `block:${block}`;
/** Whatever has a feature costs something, so that its block is not left out. */
export const UNIT: CostTable = {
  dispatch: 0, imports: Object.fromEntries(Object.keys(abi).map((name) => [name, 1])), instructions: { '*': 1, ...Object.fromEntries(Object.keys(EXTRA_BELIEFS.aot).map((feature) => [feature, 1])) },
};
const unit = new InstructionCosts(UNIT);
/** In front of the features of native functions, which cost what they do as compiled code. */
export const NATIVE = 'native:';

/** How often each feature was executed. */
export type FeatureCounts = Map<string, number>;

/** What was executed between two readings of the cycle counter. */
export interface Counted {
  readonly counts: FeatureCounts;
  /** The same with each basic block once, however often it ran: what there is of code. */
  readonly once: FeatureCounts;
}

export interface CountingModule {
  readonly bytes: Uint8Array;
  /** Features of each block, summed. */
  readonly blocks: readonly FeatureCounts[];
}

/**
 * The module with a global for each of its basic blocks, exported, that counts.
 * @param natives functions that run as compiled code while others are interpreted
 */
export function withCounters(module: WasmModule, natives: ReadonlySet<number> = new Set()): CountingModule {
  const { bytes, sections } = module;
  const blocks: FeatureCounts[] = [];
  const code = new ByteWriter().u32(module.functions.length);
  for (const body of module.functions) {
    const starts = basicBlocks(module, body, unit);
    const features = featuresOf(module, body);
    const out = new ByteWriter().bytes(bytes, body.start, body.code);
    let current: FeatureCounts = new Map();
    const native = natives.has(body.index);
    forEachInstruction(bytes, body.code, body.end, ({ operator, offset, end, index }) => {
      if (starts.has(offset)) {
        const counter = module.globalCount + blocks.length;
        blocks.push((current = new Map()));
        out.u8(OP.globalGet).u32(counter).u8(OP.i32Const).s32(1).u8(OP.i32Add).u8(OP.globalSet).u32(counter);
      }
      for (const [feature, times] of features.get(offset) ?? []) {
        const intoNative = !native && operator.name === 'call' && natives.has(index) && !feature.endsWith('/argument');
        const name = native ? NATIVE + feature : intoNative && feature.startsWith('call') ? 'call/native' : feature;
        current.set(name, (current.get(name) ?? 0) + times);
      }
      out.bytes(bytes, offset, end);
    });
    code.u32(out.length).bytes(out.take());
  }
  const section = (id: number) => sections.find((s) => s.id === id);
  const globals = appendToVector(bytes, section(SECTION.global), blocks.length, (out) => {
    for (let i = 0; i < blocks.length; i++) out.u8(I32).u8(1).u8(OP.i32Const).s32(0).u8(OP.end);
  });
  const exports = appendToVector(bytes, section(SECTION.export), blocks.length, (out) => {
    for (let i = 0; i < blocks.length; i++) out.name(COUNTER(i)).u8(3).u32(module.globalCount + i);
  });
  const out = new ByteWriter().bytes(bytes, 0, 8);
  for (const id of [SECTION.type, SECTION.import, SECTION.function, SECTION.table, SECTION.memory, SECTION.global, SECTION.export, SECTION.start, SECTION.element, SECTION.dataCount, SECTION.code, SECTION.data]) {
    const own = section(id);
    if (id === SECTION.global) out.section(id, globals);
    else if (id === SECTION.export) out.section(id, exports);
    else if (id === SECTION.code) out.section(id, code);
    else if (own) out.bytes(bytes, own.start, own.end);
  }
  return { bytes: out.take().slice(), blocks };
}

const MEMORY = 0x20000000;

/** The few registers that calibration programs touch hold what was written to them; linear memory is where the board has it, as far as programs can tell. */
function hardware(memory: () => WebAssembly.Memory): Record<string, (...args: number[]) => number> {
  const registers = new Map<number, number>();
  const view = (address: number): DataView | undefined => {
    const { buffer } = memory();
    const offset = (address >>> 0) - MEMORY;
    return offset >= 0 && offset < buffer.byteLength ? new DataView(buffer, offset) : undefined;
  };
  const load = (address: number): number => view(address)?.getUint32(0, true) ?? registers.get(address >>> 0) ?? 0;
  const store = (mask: number) => (address: number, value: number): number => {
    const at = view(address);
    const stored = (load(address) & ~mask) | (value & mask);
    if (at) at.setUint32(0, stored, true);
    // Pads are 16 to a port (RM0090, 8.4.6).
    else registers.set(address >>> 0, stored & 0xffff);
    return 0;
  };
  return {
    memoryAddress: () => MEMORY, load32: load, store32: store(~0),
    load16: (address) => load(address) & 0xffff, load8: (address) => load(address) & 0xff, store16: store(0xffff), store8: store(0xff),
  };
}

/**
 * Runs a calibration program: `init` and `main` of a module that needs no hardware and reads the cycle counter in pairs, before and after what is measured.
 * @returns for each pair, how often each feature was executed between its readings, the second one included
 */
export function countFeatures(module: WasmModule, natives?: ReadonlySet<number>): Counted[] {
  const { bytes, blocks } = withCounters(module, natives);
  const result: Counted[] = [];
  const counters: WebAssembly.Global[] = [];
  let before: Int32Array | undefined;
  const snapshot = (): Int32Array => Int32Array.from(counters, (global) => global.value as number);
  const imports: Record<string, (...args: number[]) => number> = { ...Object.fromEntries(Object.keys(abi).map((name) => [name, () => 0])), ...hardware(() => exports.memory as WebAssembly.Memory) };
  class Finished extends Error {}
  imports.waitForInterrupt = () => { throw new Finished(); };
  imports.abort = () => { throw new Error('the program aborts'); };
  imports.cycleCounter = () => {
    const now = snapshot();
    if (!before) {
      before = now;
      return 0;
    }
    const counts: FeatureCounts = new Map();
    const once: FeatureCounts = new Map();
    for (let i = 0; i < now.length; i++) {
      const times = now[i] - before[i];
      if (times === 0) continue;
      for (const [name, each] of blocks[i]) {
        counts.set(name, (counts.get(name) ?? 0) + each * times);
        once.set(name, (once.get(name) ?? 0) + each);
      }
    }
    result.push({ counts, once });
    before = undefined;
    return 0;
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { [ABI_MODULE]: imports });
  for (let i = 0; i < blocks.length; i++) counters.push(exports[COUNTER(i)] as WebAssembly.Global);
  try {
    for (const name of ['init', 'main']) (exports[name] as () => void)();
  } catch (error) {
    if (!(error instanceof Finished)) throw error;
  }
  return result;
}

/** Value of a global that a module exports as a constant, such as the address of a table. */
export function exportedConstant(module: WasmModule, name: string): number {
  const found = module.exports.find((e) => e.kind === 'global' && e.name === name);
  const section = module.sections.find((s) => s.id === SECTION.global);
  if (!found || !section) throw new Error(`the module exports no constant ${name}`);
  const r = new ByteReader(module.bytes, section.contents, section.end);
  r.u32();
  for (let i = module.importedGlobals; ; i++) {
    r.skip(2);
    if (r.u8() !== OP.i32Const) throw new Error(`${name} is no 32-bit constant`);
    const value = r.s33();
    r.skip(1);
    if (i === found.index) return value;
  }
}
