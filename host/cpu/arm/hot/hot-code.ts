// SPDX-License-Identifier: MIT
// The second engine: finds out what code is hot, has it translated, and runs it until the interpreter is wanted.

import { setFlagsFromString } from 'node:v8';
import type { Interval, MpuAccess } from '../../../peripherals/cortex-m/mpu.js';
import type { Decoded } from '../isa/row.js';
import type { CycleCounters } from '../cycle-counters.js';
import { FlashAccelerator, acceleratorBytes } from '../flash-accelerator.js';
import type { ArmMemory, PlacedRegion } from '../memory.js';
import { STATE } from '../state.js';
import { delay, PIPE, type Needs } from '../timing.js';
import type { ExitState } from './function-emitter.js';
import { EXIT_BYTES, MOST_EXITS, type MemoryLayout, type Window } from './layout.js';
import { RegionTranslator } from './region-translator.js';
import { blocksFrom, instructionOf, type Code, type Instruction } from './regions.js';
import { globalNames, regionModule, supportModule, TYPE, type RegionFunction } from './support.js';

// Without it V8 ignores the hints, and keeps registers ready for calls that are hardly ever made. Later versions know the proposal by themselves.
if (/^1[12]\./.test(process.versions.v8)) setFlagsFromString('--experimental-wasm-branch-hinting');

/** Executions after which code is worth translating. */
const HOT = 200;
/** Times that the interpreter is left at one and the same place of straight code, after which a region begins there. */
const RESUMED = 16;
/** Regions compiled together: a module of its own for each would cost far more memory. */
const BATCH = 32;
/** Interpreted instructions that a hot place waits at most for others to join it. */
const PATIENCE = 20_000;
/** More exits than a region has: some three an instruction. */
const EXITS_A_REGION = 2048;
/** Stretches that translated code looks at in each access. */
const MOST_FORBIDDEN = 3;
/** Numbers of regions are 16-bit. */
const MOST_REGIONS = 0xffff;

/** Bytes of tables in the engine's memory for a flash of this size. */
export const tableBytes = (flashBytes: number): number => acceleratorBytes(flashBytes) + flashBytes + MOST_EXITS * EXIT_BYTES + 64;

export interface HotCodeConfig {
  readonly memory: ArmMemory;
  /** Flash, whose code is translated. */
  readonly code: PlacedRegion;
  /** RAM, the one that most data is in first. */
  readonly rams: readonly Window[];
  readonly accelerator: FlashAccelerator;
  /** Byte offset of the tables behind the accelerator's. */
  readonly tables: number;
  readonly decode: (pc: number, inIT: boolean) => Decoded;
  /** What privileged code may do at [from, to); asked when translations are made anew. */
  readonly forbidden: (from: number, to: number, access: MpuAccess) => readonly Interval[];
  /** Where cycles are counted, if they are. */
  readonly counters?: CycleCounters;
  /** Executions after which code is translated; 0: at once, each by itself. */
  readonly threshold?: number;
}

export class HotCode {
  /** Regions translated so far, and instructions in them. */
  readonly translated = { regions: 0, instructions: 0 };
  private readonly regionOf: Uint16Array;
  private readonly heat: Uint8Array;
  private readonly resumed: Uint8Array;
  /** 1 for each halfword that translated code has been made of, literals included. */
  private readonly covered: Uint8Array;
  private readonly exits: Int32Array;
  private readonly state: Int32Array;
  private readonly table: WebAssembly.Table;
  private readonly environment: Record<string, WebAssembly.ExportValue>;
  private readonly enterRegion: (region: number) => void;
  private layout: MemoryLayout;
  /** Whether what code may access has been asked since the last flush, and whether translated code can keep to it. */
  private rights: 'unknown' | 'known' | 'too many' = 'unknown';
  /** By region: cycles that must be left so that its first block is entered at all. */
  private readonly wants = new Int32Array(MOST_REGIONS + 1);
  private readonly instructions = new Map<number, Instruction | 'interpreted'>();
  /** By region: what of the instruction before matters to its first one. */
  private readonly needs: (Needs | undefined)[] = [];
  private readonly queue = new Set<number>();
  private readonly refused = new Set<number>();
  private readonly hot: number;
  private patience = 0;
  private regionCount = 1;
  private exitCount = 0;
  private readonly origin: number;
  private readonly byteCount: number;

  constructor(private readonly config: HotCodeConfig) {
    const { memory, code, accelerator, tables, threshold = HOT } = config;
    this.hot = threshold;
    this.origin = code.origin;
    this.byteCount = code.byteCount;
    this.state = memory.state;
    const exits = (tables + code.byteCount + 15) & ~15;
    this.layout = { code, rams: [], stack: 0, instructions: accelerator.instructions, datas: accelerator.datas, regionOf: tables, exits };
    this.regionOf = new Uint16Array(memory.wasm.buffer, tables, code.byteCount >> 1);
    this.exits = new Int32Array(memory.wasm.buffer, exits, (MOST_EXITS * EXIT_BYTES) >> 2);
    this.heat = new Uint8Array(code.byteCount >> 1);
    this.resumed = new Uint8Array(code.byteCount >> 1);
    this.covered = new Uint8Array(code.byteCount >> 1);
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: 1024 });
    const support = new WebAssembly.Instance(new WebAssembly.Module(supportModule(this.layout)), { e: { memory: memory.wasm, table: this.table } });
    const { enter, nowhere, ...rest } = support.exports;
    this.table.set(0, nowhere);
    this.environment = { memory: memory.wasm, table: this.table, ...rest };
    this.enterRegion = enter as (region: number) => void;
    for (const name of globalNames) if (!(name in rest)) throw new Error(`support lacks ${name}`);
  }

  /**
   * Runs translated code from STATE.PC, if there is any.
   * @returns whether there was; STATE then says where the interpreter goes on, and what of LEFT it took beyond STATE.COUNTED is the next instruction's
   */
  run(): boolean {
    const offset = this.state[STATE.PC] - this.origin;
    if (offset >>> 0 >= this.byteCount) return false;
    const region = this.regionOf[offset >>> 1];
    if (region === 0) return false;
    // Regions are entered as if from a branch: what it costs more or less to come from elsewhere is settled here.
    const needs = this.needs[region];
    const left = this.state[STATE.LEFT] - (needs ? delay(this.state[STATE.PIPE], needs) - delay(PIPE.branched, needs) : 0);
    if (left < this.wants[region]) return false;
    this.state[STATE.COUNTED] = this.state[STATE.LEFT];
    this.state[STATE.LEFT] = left;
    this.enterRegion(region);
    return true;
  }

  /**
   * The interpreter is about to execute an instruction.
   * @param start how control has come here: by a branch or out of translated code; at an appointment's end, in the middle of something; or from the instruction before
   */
  note(pc: number, start: 'entry' | 'resumed' | 'inside'): void {
    const offset = pc - this.origin;
    if (offset >>> 0 >= this.byteCount) return;
    const at = offset >>> 1;
    const heat = this.heat[at];
    if (heat < 255) this.heat[at] = heat + 1;
    if (start !== 'inside' && heat >= this.hot && this.regionOf[at] === 0 && !this.refused.has(pc) && (start === 'entry' || this.resumed[at]++ >= RESUMED)) this.queue.add(pc);
    if (this.queue.size > 0 && (this.queue.size >= BATCH || this.patience++ > PATIENCE || this.hot === 0)) this.translate();
  }

  /** Flash has changed. @param offset from its start */
  invalidate(offset: number, byteCount: number): void {
    if (this.covered.subarray(offset >>> 1, (offset + byteCount + 1) >>> 1).includes(1)) this.flush();
  }

  /** Forgets all translations: what may be executed has changed, or where it is. */
  flush(): void {
    this.rights = 'unknown';
    if (this.regionCount === 1 && this.queue.size === 0) return;
    this.covered.fill(0);
    this.regionOf.fill(0);
    this.heat.fill(0);
    this.resumed.fill(0);
    this.queue.clear();
    this.refused.clear();
    this.instructions.clear();
    for (let i = 1; i < this.regionCount; i++) this.table.set(i, null);
    this.regionCount = 1;
    this.exitCount = 0;
    Object.assign(this.translated, { regions: 0, instructions: 0 });
  }

  private translate(): void {
    const heads = [...this.queue];
    this.queue.clear();
    this.patience = 0;
    if (this.rights === 'unknown') this.askRights();
    if (this.rights === 'too many') return;
    if (this.regionCount + heads.length > MOST_REGIONS || this.exitCount + EXITS_A_REGION * heads.length > MOST_EXITS) this.flush();
    const first = this.regionCount;
    const functions: RegionFunction[] = [];
    const done: number[] = [];
    for (const head of heads) {
      const blocks = blocksFrom(this.code, head);
      const entry = blocks.get(head);
      if (entry === undefined || entry.instructions.length === 0) {
        this.refused.add(head);
        continue;
      }
      const translator = new RegionTranslator({ layout: this.layout, addExit: this.addExit, literal: this.literal, code: this.code, regionType: TYPE.region, counters: this.config.counters }, blocks, head);
      this.wants[first + functions.length] = translator.firstBlockCycles;
      this.needs[first + functions.length] = translator.firstNeeds;
      functions.push(translator.translate());
      done.push(head);
      for (const { instructions } of blocks.values()) {
        this.translated.instructions += instructions.length;
        for (const { decoded: { pc, length } } of instructions) this.cover(pc - this.origin, length);
      }
    }
    if (functions.length === 0) return;
    this.translated.regions += functions.length;
    this.regionCount += functions.length;
    while (this.table.length < this.regionCount) this.table.grow(this.table.length);
    new WebAssembly.Instance(new WebAssembly.Module(regionModule(functions, first)), { e: this.environment });
    for (const [i, head] of done.entries()) this.regionOf[(head - this.origin) >>> 1] = first + i;
  }

  /** Translated code keeps to a few forbidden stretches of RAM; with anything else the interpreter does it all. */
  private askRights(): void {
    const { config: { forbidden, code, rams } } = this;
    const of = ({ origin, byteCount }: Window, access: MpuAccess): Interval[] =>
      forbidden(origin, origin + byteCount, access).map(({ from, to }) => ({ from: from - origin, to: to - origin }));
    const windows = rams.map((ram) => ({ ...ram, forbidden: { read: of(ram, 'read'), write: of(ram, 'write') } }));
    const sp = this.state[STATE.R + 13];
    const stack = Math.max(0, rams.findIndex(({ origin, byteCount }) => sp >= origin && sp <= origin + byteCount));
    this.layout = { ...this.layout, rams: windows, stack };
    const fits = windows.every(({ forbidden: { read, write } }) => read.length <= MOST_FORBIDDEN && write.length <= MOST_FORBIDDEN);
    this.rights = fits && of(code, 'fetch').length === 0 && of(code, 'read').length === 0 ? 'known' : 'too many';
  }

  private cover(offset: number, byteCount: number): void {
    this.covered.fill(1, offset >>> 1, (offset + byteCount + 1) >>> 1);
  }

  private readonly code: Code = {
    instruction: (pc, it) => {
      if ((pc - this.origin) >>> 0 >= this.byteCount - 4) return undefined;
      // ITSTATE has eight bits.
      const key = pc * 256 + it;
      let known = this.instructions.get(key);
      if (known === undefined) this.instructions.set(key, (known = instructionOf(this.config.decode(pc, it !== 0), it) ?? 'interpreted'));
      return known === 'interpreted' ? undefined : known;
    },
    joins: (pc) => {
      const at = (pc - this.origin) >>> 1;
      return at < this.heat.length && (this.hot === 0 || (this.heat[at] > 0 && this.regionOf[at] === 0));
    },
    begins: (pc) => this.config.counters?.boundaries.has(pc) ?? false,
  };

  private readonly addExit = ({ pc, refund, line, pipe, it, piece }: ExitState): number => {
    if (this.exitCount === MOST_EXITS) throw new Error('too many exits');
    this.exits.set([pc, refund | (piece << 16), line, it | (pipe << 8)], this.exitCount * 4);
    return this.exitCount++;
  };

  private readonly literal = (address: number, size: 1 | 2 | 4): number | undefined => {
    const { code } = this.config;
    const at = address - code.origin;
    if (at < 0 || at + size > code.byteCount || address % size !== 0) return undefined;
    this.cover(at, size);
    let value = 0;
    for (let i = 0; i < size; i++) value |= code.bytes[at + i] << (8 * i);
    return value;
  };
}
