// SPDX-License-Identifier: MIT
// One region as the body of a WebAssembly function: blocks in structured form, cycles taken off a block ahead, flash lines fetched as they are entered.
//
// The structure is written along the dominator tree (Norman Ramsey: Beyond Relooper, 2022): what a block dominates is written inside of it, and what
// several edges lead to stands behind a label.
//
// Cycles: LEFT is what remains to the next appointment once the block is through, at the most that it can take. A block that does not fit is left to
// the interpreter, which finds the very instruction. Inside of a block, whatever takes longer than foreseen (a flash line that the cache has not) is
// begun only while there is time for the longest such wait; otherwise the interpreter does that, too.

import { ByteWriter } from '../../wasm/writer.js';
import { ELSEWHERE, ROW, type CycleCounters } from '../cycle-counters.js';
import { CLOCK_STEP, LONGEST_WAIT } from '../flash-accelerator.js';
import { callsOf } from '../isa/dataflow.js';
import type { Decoded } from '../isa/row.js';
import { STATE } from '../state.js';
import {
  delay, DIVIDE_EXTRA_MOST, issueCycles, longestDelay, needsOf, PIPE, pipeAfter, SKIPPED, type Needs,
} from '../timing.js';
import { FunctionEmitter, type ExitState, type Hint } from './function-emitter.js';
import {
  EXIT_BYTES, F32_TEMPS, F64_TEMPS, FUNCTION, LOCAL, LOCAL_I32_COUNT, LOCAL_S, PARAMETERS, type MemoryLayout,
} from './layout.js';
import { binary, constant, constF64, emit, F32, F64, get, I32, op, OP, VOID, type Node } from './node.js';
import { ALWAYS, structureOf, type Block, type Code, type Instruction, type Structure } from './regions.js';
import type { RegionFunction } from './support.js';
import { TranslatorOps, type Place, type Target } from './translator-ops.js';

/** What is handed on in memory while cycles are counted. */
const COUNTING = [[LOCAL.COUNTED, STATE.COUNTED], [LOCAL.CONTEXT, STATE.CONTEXT]] as const;

/** Adds what LEFT has lost since it was counted last to doubles at addresses and offsets from them. */
function countCycles(out: ByteWriter, doubles: readonly (readonly [address: Node, offset: number])[]): void {
  for (const [address, offset] of doubles) {
    emit(address, out);
    emit(address, out);
    out.u8(OP.loadF64).u8(3).u32(offset);
    emit(op(OP.convertF64S, binary(OP.sub, get(LOCAL.COUNTED), get(LOCAL.LEFT))), out);
    out.u8(OP.addF64).u8(OP.storeF64).u8(3).u32(offset);
  }
  emit(get(LOCAL.LEFT), out);
  out.u8(OP.set).u32(LOCAL.COUNTED);
}

/** Bytes of STATE that a local stands for. */
const stateOffset = (local: number): number => {
  if (local >= LOCAL.R && local < LOCAL.N) return 4 * (STATE.R + local - LOCAL.R);
  if (local >= LOCAL_S) return 4 * (STATE.S + local - LOCAL_S);
  if (local === LOCAL.FPCC) return 4 * STATE.FPCC;
  return 4 * (STATE.N + local - LOCAL.N);
};

const loadConstantAddress = (size: 1 | 4, offset: number, out: ByteWriter): ByteWriter =>
  out.u8(OP.const).s32(0).u8(size === 4 ? OP.load : OP.load8).u8(size >> 1).u32(offset);

export interface RegionConfig {
  /** Where the code is to count its cycles, if it is. */
  readonly counters: CycleCounters | undefined;
  readonly layout: MemoryLayout;
  readonly addExit: (exit: ExitState) => number;
  readonly literal: Place['literal'];
  readonly code: Code;
  /** Index of the type of a region's function. */
  readonly regionType: number;
}

/** The most that an instruction can take by itself, its branch aside. */
const longest = ({ decoded }: Instruction): number => issueCycles(decoded) + (decoded.row.timing === 'divide' ? DIVIDE_EXTRA_MOST : 0);

/** The most that each instruction of a block can take, flash aside; the first one behind the worst that can come before it. */
function costsOf({ instructions }: Block): number[] {
  return instructions.map((instruction, i) => {
    const needs = needsOf(instruction.decoded);
    const delayed = i === 0 ? longestDelay(needs) : needs ? delay(pipeAfter(instructions[i - 1].decoded), needs) : 0;
    return longest(instruction) + delayed + instruction.refill;
  });
}

export class RegionTranslator {
  private readonly f: FunctionEmitter;
  private readonly ops: TranslatorOps;
  private readonly structure: Structure;
  /** The most that each block can take, flash aside. */
  private readonly totals: ReadonlyMap<number, number>;
  /** The temporary that has the row of what a call calls, by the call's address. */
  private readonly callees = new Map<number, number>();
  /** The counted piece of code that each block is; 0 without counters. */
  private readonly pieces: ReadonlyMap<number, number>;

  constructor(private readonly config: RegionConfig, private readonly blocks: ReadonlyMap<number, Block>, private readonly head: number) {
    this.f = new FunctionEmitter(config.addExit);
    this.ops = new TranslatorOps(this.f, config.layout);
    this.structure = structureOf(blocks, head);
    this.pieces = new Map([...blocks].map(([start, { instructions }]) => {
      const { pc, length } = instructions[instructions.length - 1].decoded;
      return [start, config.counters?.piece(start, pc + length) ?? 0];
    }));
    this.totals = new Map([...blocks].map(([start, block]) => [start, costsOf(block).reduce((a, b) => a + b, 0)]));
  }

  /** The most that the first block takes, flash aside: with fewer cycles left it is not begun. */
  get firstBlockCycles(): number {
    return this.totals.get(this.head)!;
  }

  /** What the instruction before the first one matters for. Regions are entered as if from a branch. */
  get firstNeeds(): Needs | undefined {
    return needsOf(this.blocks.get(this.head)!.instructions[0].decoded);
  }

  private lineOf(address: number): number {
    return (address - this.config.layout.code.origin) >>> 4;
  }

  translate(): RegionFunction {
    const { f } = this;
    f.open(OP.block, 'leave');
    f.open(OP.block, 'chain');
    this.tree(this.head);
    const out = new ByteWriter().u32(3).u32(LOCAL_I32_COUNT).u8(I32).u32(32 + F32_TEMPS).u8(F32).u32(F64_TEMPS).u8(F64);
    const hints = this.prologue(out);
    hints.push(...f.hints.map(([offset, taken]): Hint => [out.length + offset, taken]));
    out.bytes(f.out.take());
    out.u8(OP.end);
    this.chainEpilogue(out);
    out.u8(OP.end);
    this.leaveEpilogue(out);
    return { body: out.u8(OP.end).take().slice(), hints };
  }

  private tree(start: number): void {
    const { f, structure } = this;
    const isLoop = structure.isLoop(start);
    if (isLoop) f.open(OP.loop, `loop ${start}`);
    const merges = structure.mergesUnder.get(start) ?? [];
    // The first of the merges is written first, so its label is the innermost.
    for (const merge of [...merges].reverse()) f.open(OP.block, `block ${merge}`);
    this.block(this.blocks.get(start)!);
    for (const merge of merges) {
      f.close();
      this.tree(merge);
    }
    if (isLoop) f.close();
  }

  private jump(from: number, to: number): void {
    const { f, structure } = this;
    if (structure.order.get(to)! <= structure.order.get(from)!) f.br(`loop ${to}`);
    else if (structure.isMerge(to)) f.br(`block ${to}`);
    else this.tree(to);
  }

  private block(block: Block): void {
    const { f, ops } = this;
    ops.newBlock();
    const { start, instructions, next, stop } = block;
    const piece = this.pieces.get(start)!;
    const costs = costsOf(block);
    let line = this.lineOf(start);
    let remaining = costs.reduce((a, b) => a + b, 0);
    let pipe: number = PIPE.none;
    for (const [i, instruction] of instructions.entries()) {
      const { decoded, it } = instruction;
      f.newInstruction();
      // Before the first one the delay has been settled on the way in.
      const refund = i === 0 ? remaining - longestDelay(needsOf(decoded)) : remaining;
      const exitAt = (line: number): ExitState => ({ pc: decoded.pc, refund, line, pipe, it, piece });
      for (const wanted of [this.lineOf(decoded.pc), this.lineOf(decoded.pc + decoded.length - 2)]) {
        if (wanted === line) continue;
        this.fetch(wanted, true, exitAt(line));
        line = wanted;
      }
      this.instruction(block, instruction, exitAt(line), line);
      remaining -= costs[i];
      pipe = pipeAfter(decoded);
    }
    if (stop !== undefined) f.leave({ pc: stop, refund: 0, line, pipe, it: this.itAt(block), piece });
    else if (next !== undefined) {
      this.count(start);
      this.edge(start, next, line, pipe);
    }
  }

  /** ITSTATE behind a block that ends in front of an instruction of the interpreter's. */
  private itAt({ instructions }: Block): number {
    const { it } = instructions[instructions.length - 1];
    return (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f);
  }

  private instruction(block: Block, instruction: Instruction, exit: ExitState, line: number): void {
    const { f, ops } = this;
    const { decoded, condition, refill, falls } = instruction;
    if (decoded.row.name.startsWith('IT ')) return;
    const place: Place = { site: decoded, exit, literal: this.config.literal, go: (target) => this.go(block, decoded, target, line) };
    const conditional = condition < ALWAYS;
    if (conditional) f.if(this.condition(condition));
    if (this.config.counters && callsOf(decoded)) this.findCallee(decoded, exit);
    ops.instruction(place, decoded, conditional);
    if (conditional) {
      const skipped = longest(instruction) - SKIPPED;
      if (skipped > 0) {
        f.else();
        this.refund(skipped);
      }
      f.close();
    }
    if (falls) this.refund(refill);
  }

  private refund(cycles: number): void {
    if (cycles > 0) this.f.set(LOCAL.LEFT, binary(OP.add, get(LOCAL.LEFT), constant(cycles)));
  }

  /** A condition by its four bits (DDI 0403E, A7.3). */
  private condition(code: number): Node {
    const { ops } = this;
    const less = (): Node => binary(OP.ltS, binary(OP.xor, this.f.read(LOCAL.N), this.f.read(LOCAL.V)), constant(0));
    const holds = (): Node => {
      switch (code >> 1) {
        case 0: return ops.z();
        case 1: return ops.c();
        case 2: return binary(OP.ltS, this.f.read(LOCAL.N), constant(0));
        case 3: return binary(OP.ltS, this.f.read(LOCAL.V), constant(0));
        case 4: return binary(OP.and, ops.c(), op(OP.ne, this.f.read(LOCAL.Z), constant(0)));
        case 5: return op(OP.eqz, less());
        default: return binary(OP.and, op(OP.eqz, less()), op(OP.ne, this.f.read(LOCAL.Z), constant(0)));
      }
    };
    return code & 1 ? op(OP.eqz, holds()) : holds();
  }

  private go({ start }: Block, decoded: Decoded, target: Target, line: number): void {
    this.count(start);
    if (this.config.counters) this.changeContext(decoded, target);
    if (target.kind === 'computed') this.f.chain(target.address, line);
    else this.edge(start, target.address, line, PIPE.branched);
  }

  /** A block ends: what has gone since cycles were counted last is its own. */
  private count(start: number): void {
    const { config: { counters } } = this;
    const at = 8 * this.pieces.get(start)!;
    if (counters) countCycles(this.f.out, [[get(LOCAL.CONTEXT), ROW.cycles + at], [constant(0), counters.sumsAt + at]]);
  }

  /** A call that the counters have not met in this context is the interpreter's. */
  private findCallee({ pc, fields, row: { name } }: Decoded, exit: ExitState): void {
    const { f, config } = this;
    const site = config.counters!.site(pc);
    if (site === undefined) return;
    const callee = f.temp();
    f.load(get(LOCAL.CONTEXT), 4, ROW.callees + 4 * site).out.u8(OP.set).u32(callee);
    this.callees.set(pc, callee);
    if (!name.startsWith('BL ') || !config.counters!.about.has((pc + 4 + fields.offset) >>> 0)) {
      f.leaveIf(op(OP.eqz, get(callee)), exit);
      return;
    }
    // Along the rows of this call to that of the object.
    f.open(OP.loop, 'row');
    f.leaveIf(op(OP.eqz, get(callee)), exit);
    f.load(get(callee), 4, ROW.object).emit(f.read(LOCAL.R)).out.u8(OP.ne);
    f.open(OP.if, '', 1);
    f.load(get(callee), 4, ROW.next).out.u8(OP.set).u32(callee);
    f.br('row');
    f.close();
    f.close();
  }

  /** The same as CycleCounters.call and jump. */
  private changeContext(decoded: Decoded, target: Target): void {
    const { f, config } = this;
    const { out } = f;
    if (callsOf(decoded)) {
      const site = config.counters!.site(decoded.pc);
      if (site === undefined) return;
      f.set(LOCAL.CONTEXT, get(this.callees.get(decoded.pc)!));
      f.emit(get(LOCAL.CONTEXT)).emit(get(LOCAL.CONTEXT)).out.u8(OP.loadF64).u8(3).u32(ROW.calls);
      f.emit(constF64(1));
      out.u8(OP.addF64).u8(OP.storeF64).u8(3).u32(ROW.calls);
    } else if (target.kind === 'computed') {
      f.emit(target.address).load(get(LOCAL.CONTEXT), 4, ROW.returnsTo);
      out.u8(OP.eq);
      f.open(OP.if, '', 1);
      f.load(get(LOCAL.CONTEXT), 4, ROW.parent).out.u8(OP.set).u32(LOCAL.CONTEXT);
      f.close();
    }
  }

  private edge(from: number, to: number, line: number, pipe: number): void {
    const { f } = this;
    if (!this.blocks.has(to) || !this.structure.hasEdge(from, to)) return this.outward(to, line, pipe);
    // The line is entered only when the block is: what is due comes first.
    const total = this.totals.get(to)!;
    const exit: ExitState = { pc: to, refund: total, line, pipe, it: 0, piece: this.pieces.get(to)! };
    f.set(LOCAL.LEFT, binary(OP.sub, get(LOCAL.LEFT), constant(total)));
    f.leaveIf(op(OP.ltS, get(LOCAL.LEFT), constant(0)), exit);
    const wanted = this.lineOf(to);
    if (wanted !== line) this.fetch(wanted, wanted === line + 1, exit);
    const needs = needsOf(this.blocks.get(to)!.instructions[0].decoded);
    // The block counts its first instruction as delayed as it can be.
    if (needs) this.refund(longestDelay(needs) - delay(pipe, needs));
    this.jump(from, to);
  }

  /** Goes on at an address outside of the region, which is entered as if from a branch: what another way in costs more or less is settled here. */
  private outward(to: number, line: number, pipe: number): void {
    const { f } = this;
    const first = this.config.code.instruction(to, 0);
    // Nothing has gone since the block before was counted.
    const exit: ExitState = { pc: to, refund: 0, line, pipe, it: 0, piece: ELSEWHERE };
    if (first === undefined) return f.leave(exit);
    const needs = needsOf(first.decoded);
    const more = needs ? delay(pipe, needs) - delay(PIPE.branched, needs) : 0;
    if (more !== 0) {
      f.leaveIf(op(OP.leS, get(LOCAL.LEFT), constant(Math.max(0, more))), exit);
      f.set(LOCAL.LEFT, binary(OP.sub, get(LOCAL.LEFT), constant(more)));
    }
    f.chain(constant(to), line);
  }

  /** The line that instructions come from changes. */
  private fetch(line: number, sequential: boolean, exit: ExitState): void {
    const { f, config: { layout: { instructions } } } = this;
    const slot = f.temp();
    loadConstantAddress(1, instructions.placeOf + line, f.out).u8(OP.tee).u32(slot);
    f.open(OP.if, '', 1);
    f.store(binary(OP.shl, get(slot), constant(2)), binary(OP.add, get(LOCAL.CLOCK), get(slot)), 4, instructions.used - 4);
    f.else();
    f.leaveIf(op(OP.leS, get(LOCAL.LEFT), constant(LONGEST_WAIT)), exit);
    this.miss(f.out, line, constant(Number(sequential)));
    f.close();
    f.set(LOCAL.CLOCK, binary(OP.add, get(LOCAL.CLOCK), constant(CLOCK_STEP)));
  }

  private miss(out: ByteWriter, line: number, sequential: Node): void {
    for (const node of [get(LOCAL.LEFT), constant(line), get(LOCAL.CLOCK), sequential]) emit(node, out);
    out.u8(OP.call).u32(FUNCTION.missInstruction).u8(OP.sub).u8(OP.set).u32(LOCAL.LEFT);
  }

  /** Takes the first block's cycles, fetches its line, which the code before may have left another one for, and loads what the region uses. */
  private prologue(out: ByteWriter): Hint[] {
    const hints: Hint[] = [];
    const ifMostly = (taken: 0 | 1): void => {
      hints.push([out.length, taken]);
      out.u8(OP.if).u8(VOID);
    };
    const { layout: { instructions } } = this.config;
    const line = this.lineOf(this.head);
    const w = (node: Node): ByteWriter => { emit(node, out); return out; };
    const total = this.totals.get(this.head)!;
    const backOut = (): void => {
      this.storeWord(out, STATE.PC, constant(this.head));
      this.storeWord(out, STATE.LEFT, binary(OP.add, get(LOCAL.LEFT), constant(total)));
      this.storeParameters(out);
      out.u8(OP.return).u8(OP.end);
    };
    w(binary(OP.sub, get(LOCAL.LEFT), constant(total))).u8(OP.tee).u32(LOCAL.LEFT);
    w(constant(0)).u8(OP.ltS);
    ifMostly(0);
    backOut();
    // A line that is the last one already is the one used last: to use it again changes nothing.
    loadConstantAddress(1, instructions.placeOf + line, out).u8(OP.tee).u32(LOCAL.TEMP);
    ifMostly(1);
    w(binary(OP.shl, get(LOCAL.TEMP), constant(2)));
    w(binary(OP.add, get(LOCAL.CLOCK), get(LOCAL.TEMP))).u8(OP.store).u8(2).u32(instructions.used - 4);
    out.u8(OP.else);
    loadConstantAddress(4, 4 * STATE.LINE, out).u8(OP.tee).u32(LOCAL.TEMP);
    w(constant(line)).u8(OP.ne).u8(OP.if).u8(VOID);
    w(op(OP.leS, get(LOCAL.LEFT), constant(LONGEST_WAIT))).u8(OP.if).u8(VOID);
    backOut();
    this.miss(out, line, op(OP.eq, get(LOCAL.TEMP), constant(line - 1)));
    out.u8(OP.end).u8(OP.end);
    w(binary(OP.add, get(LOCAL.CLOCK), constant(CLOCK_STEP))).u8(OP.set).u32(LOCAL.CLOCK);
    const delayed = longestDelay(this.firstNeeds);
    const less = this.firstNeeds ? delayed - delay(PIPE.branched, this.firstNeeds) : 0;
    if (less > 0) w(binary(OP.add, get(LOCAL.LEFT), constant(less))).u8(OP.set).u32(LOCAL.LEFT);
    if (this.config.counters) for (const [local, word] of COUNTING) w(constant(0)).u8(OP.load).u8(2).u32(4 * word).u8(OP.set).u32(local);
    for (const local of this.f.used) {
      if (local < PARAMETERS) continue;
      w(constant(0)).u8(local >= LOCAL_S ? OP.loadF32 : OP.load).u8(2).u32(stateOffset(local)).u8(OP.set).u32(local);
    }
    return hints;
  }

  private storeWord(out: ByteWriter, word: number, value: Node): void {
    emit(constant(0), out);
    emit(value, out);
    out.u8(OP.store).u8(2).u32(4 * word);
  }

  /** CLOCK and R0 to R2, which are in no memory while regions hand them on. */
  private storeParameters(out: ByteWriter): void {
    emit(constant(0), out);
    emit(get(LOCAL.CLOCK), out);
    out.u8(OP.store).u8(2).u32(this.config.layout.instructions.clock);
    for (let local: number = LOCAL.R; local < PARAMETERS; local++) this.storeWord(out, STATE.R + local - LOCAL.R, get(local));
  }

  private storeWritten(out: ByteWriter): void {
    for (const local of this.f.written) {
      if (local < PARAMETERS) continue;
      out.u8(OP.const).s32(0).u8(OP.get).u32(local).u8(local >= LOCAL_S ? OP.storeF32 : OP.store).u8(2).u32(stateOffset(local));
    }
  }

  /** Goes on with the region at PC, or with the one that stands for none. Whether there is time for it, it sees itself. */
  private chainEpilogue(out: ByteWriter): void {
    const { layout: { code, regionOf }, regionType } = this.config;
    const w = (node: Node): ByteWriter => { emit(node, out); return out; };
    this.storeWritten(out);
    if (this.config.counters) for (const [local, word] of COUNTING) this.storeWord(out, word, get(local));
    this.storeWord(out, STATE.PC, get(LOCAL.PC));
    w(constant(0)).u8(OP.set).u32(LOCAL.EXIT);
    w(binary(OP.sub, get(LOCAL.PC), constant(code.origin))).u8(OP.tee).u32(LOCAL.TEMP);
    w(constant(code.byteCount)).u8(OP.ltU).u8(OP.if).u8(VOID);
    // A number for each halfword, two bytes wide: the byte offset of code is that of its number.
    w(get(LOCAL.TEMP)).u8(OP.load16).u8(1).u32(regionOf).u8(OP.set).u32(LOCAL.EXIT).u8(OP.end);
    for (let local = 0; local < PARAMETERS; local++) w(get(local));
    w(get(LOCAL.EXIT)).u8(OP.returnCallIndirect).u32(regionType).u32(0);
  }

  /** Gives back what an exit's descriptor says, and counts the rest for the piece that it names. */
  private countExit(out: ByteWriter, { sumsAt }: CycleCounters, descriptor: () => void): void {
    descriptor();
    out.u8(OP.tee).u32(LOCAL.TEMP);
    emit(constant(0xffff), out);
    out.u8(OP.and);
    emit(get(LOCAL.LEFT), out);
    out.u8(OP.add).u8(OP.set).u32(LOCAL.LEFT);
    emit(binary(OP.shl, binary(OP.shrU, get(LOCAL.TEMP), constant(16)), constant(3)), out);
    out.u8(OP.set).u32(LOCAL.TEMP);
    countCycles(out, [[binary(OP.add, get(LOCAL.CONTEXT), get(LOCAL.TEMP)), ROW.cycles], [get(LOCAL.TEMP), sumsAt]]);
    this.storeWord(out, STATE.LEFT, get(LOCAL.LEFT));
    for (const [local, word] of COUNTING) this.storeWord(out, word, get(local));
  }

  private leaveEpilogue(out: ByteWriter): void {
    const { layout: { exits } } = this.config;
    this.storeWritten(out);
    this.storeParameters(out);
    const exit = get(LOCAL.EXIT);
    emit(binary(OP.mul, exit, constant(EXIT_BYTES)), out);
    out.u8(OP.set).u32(LOCAL.EXIT);
    const word = (i: number): void => { emit(exit, out); out.u8(OP.load).u8(2).u32(exits + 4 * i); };
    const store = (at: number, value: () => void): void => { emit(constant(0), out); value(); out.u8(OP.store).u8(2).u32(4 * at); };
    store(STATE.PC, () => word(0));
    const { counters } = this.config;
    if (counters) this.countExit(out, counters, () => word(1));
    else store(STATE.LEFT, () => { word(1); emit(get(LOCAL.LEFT), out); out.u8(OP.add); });
    store(STATE.LINE, () => word(2));
    store(STATE.PIPE, () => { word(3); emit(constant(8), out); out.u8(OP.shrU); });
    store(STATE.IT, () => { word(3); emit(constant(0xff), out); out.u8(OP.and); });
  }
}
