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
import { LONGEST_WAIT } from '../flash-accelerator.js';
import { STATE } from '../state.js';
import {
  delay, DIVIDE_EXTRA_MOST, issueCycles, longestDelay, needsOf, PIPE, PIPE_KIND, PIPE_NARROW, PIPE_REGISTERS, pipeAfter, SKIPPED, type Needs,
} from '../timing.js';
import { FunctionEmitter, type ExitState } from './function-emitter.js';
import {
  EXIT_BYTES, F32_TEMPS, F64_TEMPS, FUNCTION, LOCAL, LOCAL_I32_COUNT, LOCAL_S, type MemoryLayout,
} from './layout.js';
import { binary, constant, emit, F32, F64, get, I32, op, OP, VOID, type Node } from './node.js';
import { ALWAYS, structureOf, type Block, type Instruction, type Structure } from './regions.js';
import { TranslatorOps, type Place, type Target } from './translator-ops.js';

/** Bytes of STATE that a local stands for. */
const stateOffset = (local: number): number => {
  if (local >= LOCAL_S) return 4 * (STATE.S + local - LOCAL_S);
  if (local === LOCAL.FPCC) return 4 * STATE.FPCC;
  return 4 * (local >= LOCAL.N ? STATE.N + local - LOCAL.N : STATE.R + local - LOCAL.R);
};

const loadConstantAddress = (size: 1 | 4, offset: number, out: ByteWriter): ByteWriter =>
  out.u8(OP.const).s32(0).u8(size === 4 ? OP.load : OP.load8).u8(size >> 1).u32(offset);

export interface RegionConfig {
  readonly layout: MemoryLayout;
  readonly addExit: (exit: ExitState) => number;
  readonly literal: Place['literal'];
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

/** How many cycles fewer than the most an instruction is delayed by what STATE.PIPE tells of the one before it (timing.ts: delay). */
function lessDelayed(pipe: Node, needs: Needs): Node {
  const { address, pairs, floats, crooked, folds } = needs;
  const is = (kind: number): Node => op(OP.eq, binary(OP.and, pipe, constant(PIPE_KIND)), constant(kind));
  const shared = binary(OP.and, pipe, constant(address << PIPE_REGISTERS));
  let less: Node = constant(longestDelay(needs));
  const add = (node: Node): void => { less = binary(OP.add, less, node); };
  const sub = (node: Node): void => { less = binary(OP.sub, less, node); };
  if (folds) add(op(OP.ne, binary(OP.and, pipe, constant(PIPE_NARROW)), constant(0)));
  if (pairs) add(binary(OP.and, is(PIPE.load), op(OP.eqz, shared)));
  if (address !== 0) sub(binary(OP.and, is(PIPE.computed), op(OP.ne, shared, constant(0))));
  if (floats !== 0) sub(binary(OP.and, is(PIPE.float), binary(OP.shrU, constant(floats), binary(OP.shrU, pipe, constant(PIPE_REGISTERS)))));
  if (crooked) sub(is(PIPE.branched));
  return less;
}

export class RegionTranslator {
  private readonly f: FunctionEmitter;
  private readonly ops: TranslatorOps;
  private readonly structure: Structure;
  /** The most that each block can take, flash aside. */
  private readonly totals: ReadonlyMap<number, number>;

  constructor(private readonly config: RegionConfig, private readonly blocks: ReadonlyMap<number, Block>, private readonly head: number) {
    this.f = new FunctionEmitter(config.addExit);
    this.ops = new TranslatorOps(this.f, config.layout);
    this.structure = structureOf(blocks, head);
    this.totals = new Map([...blocks].map(([start, block]) => [start, costsOf(block).reduce((a, b) => a + b, 0)]));
  }

  /** The most that the first block takes, flash aside: with fewer cycles left it is not begun. */
  get firstBlockCycles(): number {
    return this.totals.get(this.head)!;
  }

  private lineOf(address: number): number {
    return (address - this.config.layout.code.origin) >>> 4;
  }

  /** @returns a code section entry without its size: locals and instructions */
  translate(): Uint8Array {
    const { f } = this;
    f.open(OP.block, 'leave');
    f.open(OP.block, 'chain');
    this.tree(this.head);
    const out = new ByteWriter().u32(3).u32(LOCAL_I32_COUNT).u8(I32).u32(32 + F32_TEMPS).u8(F32).u32(F64_TEMPS).u8(F64);
    this.prologue(out);
    out.bytes(f.out.take());
    out.u8(OP.end);
    this.chainEpilogue(out);
    out.u8(OP.end);
    this.leaveEpilogue(out);
    return out.u8(OP.end).take().slice();
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
    const costs = costsOf(block);
    let line = this.lineOf(start);
    let remaining = costs.reduce((a, b) => a + b, 0);
    let pipe: number = PIPE.none;
    for (const [i, instruction] of instructions.entries()) {
      const { decoded, it } = instruction;
      f.newInstruction();
      // Before the first one the delay has been settled on the way in.
      const refund = i === 0 ? remaining - longestDelay(needsOf(decoded)) : remaining;
      const exitAt = (line: number): ExitState => ({ pc: decoded.pc, refund, line, pipe, it });
      for (const wanted of [this.lineOf(decoded.pc), this.lineOf(decoded.pc + decoded.length - 2)]) {
        if (wanted === line) continue;
        this.fetch(wanted, true, exitAt(line));
        line = wanted;
      }
      this.instruction(block, instruction, exitAt(line), line);
      remaining -= costs[i];
      pipe = pipeAfter(decoded);
    }
    if (stop !== undefined) f.leave({ pc: stop, refund: 0, line, pipe, it: this.itAt(block) });
    else if (next !== undefined) this.edge(start, next, line, pipe);
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
    const place: Place = { site: decoded, exit, literal: this.config.literal, go: (target) => this.go(block, target, line) };
    const conditional = condition < ALWAYS;
    if (conditional) f.if(this.condition(condition));
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

  private go(block: Block, target: Target, line: number): void {
    if (target.kind === 'computed') this.f.chain(target.address, line, PIPE.branched);
    else this.edge(block.start, target.address, line, PIPE.branched);
  }

  private edge(from: number, to: number, line: number, pipe: number): void {
    const { f } = this;
    if (!this.blocks.has(to) || !this.structure.hasEdge(from, to)) return f.chain(constant(to), line, pipe);
    // The line is entered only when the block is: what is due comes first.
    const total = this.totals.get(to)!;
    const exit: ExitState = { pc: to, refund: total, line, pipe, it: 0 };
    f.emit(binary(OP.sub, get(LOCAL.LEFT), constant(total))).out.u8(OP.tee).u32(LOCAL.LEFT);
    f.emit(constant(0)).out.u8(OP.ltS);
    f.open(OP.if, '');
    f.leave(exit);
    f.close();
    const wanted = this.lineOf(to);
    if (wanted !== line) this.fetch(wanted, wanted === line + 1, exit);
    const needs = needsOf(this.blocks.get(to)!.instructions[0].decoded);
    // The block counts its first instruction as delayed as it can be.
    if (needs) this.refund(longestDelay(needs) - delay(pipe, needs));
    this.jump(from, to);
  }

  /** The line that instructions come from changes. One that has been used since the last miss costs nothing and changes nothing. */
  private fetch(line: number, sequential: boolean, exit: ExitState): void {
    const { f, config: { layout: { instructions } } } = this;
    loadConstantAddress(4, instructions.seen + 4 * line, f.out);
    f.emit(get(LOCAL.EPOCH)).out.u8(OP.ne);
    f.open(OP.if, '');
    f.leaveIf(op(OP.leS, get(LOCAL.LEFT), constant(LONGEST_WAIT)), exit);
    this.touch(f.out, line, constant(Number(sequential)));
    f.close();
  }

  private touch(out: ByteWriter, line: number, sequential: Node): void {
    const { layout: { instructions } } = this.config;
    emit(get(LOCAL.LEFT), out);
    emit(constant(line), out);
    emit(sequential, out);
    out.u8(OP.call).u32(FUNCTION.touchInstruction).u8(OP.sub).u8(OP.set).u32(LOCAL.LEFT);
    loadConstantAddress(4, instructions.epoch, out).u8(OP.set).u32(LOCAL.EPOCH);
  }

  /** Fetches the head's line, which the code before may have left another one for, then loads what the region uses. */
  private prologue(out: ByteWriter): void {
    const { layout: { instructions } } = this.config;
    const line = this.lineOf(this.head);
    const w = (node: Node): ByteWriter => { emit(node, out); return out; };
    const store = (word: number, value: Node): void => { w(constant(0)); w(value).u8(OP.store).u8(2).u32(4 * word); };
    const total = this.totals.get(this.head)!;
    const backOut = (): void => {
      store(STATE.LEFT, binary(OP.add, get(LOCAL.LEFT), constant(total)));
      store(STATE.LINE, get(LOCAL.LINE));
      out.u8(OP.return).u8(OP.end);
    };
    w(binary(OP.sub, get(LOCAL.LEFT), constant(total))).u8(OP.tee).u32(LOCAL.LEFT);
    w(constant(0)).u8(OP.ltS).u8(OP.if).u8(VOID);
    backOut();
    w(op(OP.ne, get(LOCAL.LINE), constant(line))).u8(OP.if).u8(VOID);
    loadConstantAddress(4, instructions.seen + 4 * line, out);
    w(get(LOCAL.EPOCH)).u8(OP.ne).u8(OP.if).u8(VOID);
    w(op(OP.leS, get(LOCAL.LEFT), constant(LONGEST_WAIT))).u8(OP.if).u8(VOID);
    backOut();
    this.touch(out, line, op(OP.eq, binary(OP.add, get(LOCAL.LINE), constant(1)), constant(line)));
    out.u8(OP.end).u8(OP.end);
    const needs = needsOf(this.blocks.get(this.head)!.instructions[0].decoded);
    if (needs) {
      loadConstantAddress(4, 4 * STATE.PIPE, out).u8(OP.set).u32(LOCAL.PIPE);
      w(binary(OP.add, get(LOCAL.LEFT), lessDelayed(get(LOCAL.PIPE), needs))).u8(OP.set).u32(LOCAL.LEFT);
    }
    for (const local of this.f.used) {
      w(constant(0)).u8(local >= LOCAL_S ? OP.loadF32 : OP.load).u8(2).u32(stateOffset(local)).u8(OP.set).u32(local);
    }
  }

  private storeWritten(out: ByteWriter): void {
    for (const local of this.f.written) {
      out.u8(OP.const).s32(0).u8(OP.get).u32(local).u8(local >= LOCAL_S ? OP.storeF32 : OP.store).u8(2).u32(stateOffset(local));
    }
  }

  /** Goes on with the region at PC, if there is one and time for it. */
  private chainEpilogue(out: ByteWriter): void {
    const { layout: { code, regionOf }, regionType } = this.config;
    const w = (node: Node): ByteWriter => { emit(node, out); return out; };
    const store = (word: number, value: Node): void => { w(constant(0)); w(value).u8(OP.store).u8(2).u32(4 * word); };
    this.storeWritten(out);
    store(STATE.PC, get(LOCAL.PC));
    store(STATE.PIPE, get(LOCAL.PIPE));
    const offset = get(LOCAL.TEMP);
    w(binary(OP.sub, get(LOCAL.PC), constant(code.origin))).u8(OP.tee).u32(LOCAL.TEMP);
    w(constant(code.byteCount)).u8(OP.ltU);
    w(op(OP.gtS, get(LOCAL.LEFT), constant(0))).u8(OP.and).u8(OP.if).u8(VOID);
    // A number for each halfword, two bytes wide: the byte offset of code is that of its number.
    w(offset).u8(OP.load16).u8(1).u32(regionOf).u8(OP.tee).u32(LOCAL.EXIT).u8(OP.if).u8(VOID);
    w(get(LOCAL.LEFT));
    w(get(LOCAL.EPOCH));
    w(get(LOCAL.LINE));
    w(get(LOCAL.EXIT)).u8(OP.returnCallIndirect).u32(regionType).u32(0);
    out.u8(OP.end).u8(OP.end);
    store(STATE.LEFT, get(LOCAL.LEFT));
    store(STATE.LINE, get(LOCAL.LINE));
    out.u8(OP.return);
  }

  private leaveEpilogue(out: ByteWriter): void {
    const { layout: { exits } } = this.config;
    const w = (node: Node): ByteWriter => { emit(node, out); return out; };
    this.storeWritten(out);
    const exit = get(LOCAL.EXIT);
    w(binary(OP.mul, exit, constant(EXIT_BYTES))).u8(OP.set).u32(LOCAL.EXIT);
    const word = (i: number): void => { w(exit).u8(OP.load).u8(2).u32(exits + 4 * i); };
    const store = (at: number, value: () => void): void => { w(constant(0)); value(); out.u8(OP.store).u8(2).u32(4 * at); };
    store(STATE.PC, () => word(0));
    store(STATE.LEFT, () => { word(1); w(get(LOCAL.LEFT)).u8(OP.add); });
    store(STATE.LINE, () => word(2));
    store(STATE.PIPE, () => { word(3); w(constant(8)).u8(OP.shrU); });
    store(STATE.IT, () => { word(3); w(constant(0xff)).u8(OP.and); });
  }
}
