// SPDX-License-Identifier: MIT
// Writes programs that execute given rows of the instruction table with random fields and operands, and go where they are meant to.

import type { Decoded, Fields, Row } from '../../../../host/cpu/arm/isa/row.js';
import { Assembler, CONDITION, LR, SP, SYSM } from './assembler.js';
import { decodeBits, encode, patternOf } from './patterns.js';
import { probe, type Footprint } from './probe.js';
import { Random } from './random.js';
import {
  CODE, CPACR, FAR_ISLANDS, ICSR, IMAGE_BYTES, NEAR_ISLANDS, PENDSVSET, POOL, SCRATCH, SCRATCH_BYTES, STACK, STACK_TOP,
} from './scene.js';
import { isSpecial, specialUnit } from './special.js';

export interface Program {
  readonly image: Uint8Array;
  /** Address of the last instruction, which branches to itself. */
  readonly end: number;
}

/** How often fields are drawn anew until an encoding is one that can be executed here. */
const ATTEMPTS = 200;
/** Where a program is long enough. */
const CODE_LIMIT = 0x20000;
/** Constants that random fields give too seldom: 0, all ones, and one with bit 31 set that is rotated. */
const CONSTANTS = [{ i: 0, imm3: 0, imm8: 0 }, { i: 0, imm3: 3, imm8: 0xff }, { i: 0, imm3: 4, imm8: 0x12 }];
/** Registers that hold an address or a number while they are set up. */
const REGISTERS = 15;

/** An IT block around an instruction: how many others are before it and after it. */
interface Block {
  readonly before: number;
  readonly after: number;
}

/** Raised when an instruction cannot be placed with the fields at hand. */
class Unsuitable extends Error {}

export class Generator {
  readonly image = new Uint8Array(IMAGE_BYTES);
  readonly random: Random;
  readonly asm: Assembler;
  private pool = POOL;
  private nearIsland = NEAR_ISLANDS;
  private farIsland = FAR_ISLANDS;
  /** Instructions that do nothing but compute: no memory, no branch. */
  private readonly plain: readonly Row[];

  /** @param rows what may be executed on the way, between the rows that are asked for */
  constructor(seed: number, readonly rows: readonly Row[]) {
    this.random = new Random(seed);
    this.asm = new Assembler(this.image, CODE);
    this.plain = rows.filter((row) => isPlain(row));
    this.begin();
  }

  // --- the frame of a program -------------------------------------------------------------------------------------------------------------

  private begin(): void {
    const { asm } = this;
    const vectors = [STACK_TOP, CODE | 1];
    asm.here = 0x200;
    // A handler that leaves a trace in memory and uses floating point now and then, so that the lazily kept state is written.
    const handler = (slot: number, float: boolean) => {
      asm.align(4);
      const at = asm.here;
      asm.set(0, SCRATCH + slot);
      asm.ldr(1, 0);
      asm.addw(1, 1, 1);
      asm.str(1, 0);
      if (float) asm.half(0xee30, 0x0a21); // VADD.F32 S0, S0, S3
      asm.mrs(2, SYSM.IPSR);
      asm.bx(LR);
      return at | 1;
    };
    const plain = handler(0, false);
    const pendSv = handler(4, true);
    const svc = handler(8, false);
    for (let n = 2; n < 48; n++) vectors.push(n === 11 ? svc : n === 14 ? pendSv : plain);
    vectors.forEach((vector, n) => asm.wordAt(4 * n, vector));
    asm.here = CODE;
    asm.set(0, CPACR);
    asm.set(1, 0xf << 20);
    asm.str(1, 0);
    asm.dsb();
    asm.isb();
    for (const [start, end] of [[SCRATCH, SCRATCH + SCRATCH_BYTES], [STACK, STACK_TOP]]) this.fill(start, end);
    this.setFlags();
    asm.set(LR, 0);
    asm.vmsr(LR);
    this.setFloats();
  }

  /** Random words from the pool into RAM, eight at a time. */
  private fill(start: number, end: number): void {
    const { asm } = this;
    asm.set(9, start);
    const words = Array.from({ length: 64 }, () => this.random.operand());
    asm.set(LR, this.constants(words));
    for (let at = start, i = 0; at < end; at += 32, i = (i + 8) % 64) {
      if (i === 0) asm.set(LR, this.pool - 256);
      asm.ldm(LR, 0x1fe, true);
      asm.stm(9, 0x1fe, true);
    }
  }

  /** Ends the program: loads all of RAM that may have changed into registers, where it is compared. */
  finish(): Program {
    const { asm } = this;
    this.cleanUp();
    for (const [start, end] of [[SCRATCH, SCRATCH + SCRATCH_BYTES], [STACK, STACK_TOP]]) {
      asm.set(LR, start);
      for (let at = start; at < end; at += 32) asm.ldm(LR, 0xff, true);
    }
    const end = asm.here;
    asm.b(end);
    return { image: this.image, end };
  }

  /** Whether there is room for more. */
  get full(): boolean {
    return this.asm.here > CODE_LIMIT || this.pool > FAR_ISLANDS - 0x4000 || this.nearIsland > POOL - 0x4000 || this.farIsland > IMAGE_BYTES - 0x4000;
  }

  /** Words in the pool. @returns their address */
  constants(words: readonly number[]): number {
    const at = this.pool;
    words.forEach((word, i) => this.asm.wordAt(at + 4 * i, word >>> 0));
    this.pool += 4 * words.length;
    return at;
  }

  // --- setting the scene -------------------------------------------------------------------------------------------------------------------

  setFlags(): void {
    this.asm.set(LR, this.random.word() & 0xf80f0000);
    this.asm.msr(SYSM.APSR, LR, 3);
  }

  /** Rounding mode, flush to zero, default NaN, alternative half precision, cumulative bits. */
  setFpscr(): void {
    const { random } = this;
    const modes = random.chance(0.5) ? 0 : random.word() & 0x07c00000;
    this.asm.set(LR, (random.word() & 0xf0000000) | modes | (random.chance(0.7) ? 0 : random.word() & 0x9f));
    this.asm.vmsr(LR);
  }

  setFloats(): void {
    this.asm.set(LR, this.constants(Array.from({ length: 32 }, () => this.random.float())));
    this.asm.loadFloats(LR);
  }

  setRegisters(): void {
    const values = Array.from({ length: 13 }, () => this.random.operand());
    this.asm.set(LR, this.constants(values));
    this.asm.ldm(LR, 0x1fff);
    this.asm.set(LR, this.random.operand());
  }

  setStack(): void {
    this.asm.set(SP, STACK_TOP - 0x100 - 4 * this.random.below(64));
  }

  /** Undoes what makes later code impossible: masks, stack selection. */
  cleanUp(): void {
    const { asm } = this;
    asm.set(LR, 0);
    for (const sysm of [SYSM.PRIMASK, SYSM.BASEPRI, SYSM.FAULTMASK, SYSM.CONTROL]) asm.msr(sysm, LR);
    asm.isb();
    // Without CONTROL.FPCA the next instruction of the floating-point unit begins a context, in which QEMU and the manual differ: let that be one
    // that looks at nothing of it.
    asm.half(0xeeb0, 0x0a40); // VMOV.F32 S0, S0
    this.setStack();
  }

  /** Gives up the unit at hand; another one is tried. */
  unsuitable(row: Row): never {
    throw new Unsuitable(row.name);
  }

  // --- one row -----------------------------------------------------------------------------------------------------------------------------

  /** Random fields that make `row` an instruction that can be executed at `pc`. */
  choose(row: Row, pc: number, inIT: boolean, given: Fields = {}): Decoded {
    const { places, length } = patternOf(row);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const values: Record<string, number> = {};
      for (const { name, mask } of places) values[name] = given[name] ?? this.fieldValue(name, mask);
      if ('i' in values && 'imm3' in values && this.random.chance(0.3)) Object.assign(values, this.random.pick(CONSTANTS));
      const decoded = decodeBits(encode(row, values), length, pc, inIT);
      if (decoded.row === row && !row.unpredictable?.(decoded.fields)) return decoded;
    }
    throw new Unsuitable(row.name);
  }

  private fieldValue(name: string, all: number): number {
    const { random } = this;
    const any = random.word() & all;
    if (!/^(imm|list|rest)/.test(name)) return any;
    return random.pick([0, all, 1, all >> 1, (1 << random.below(32)) & all, any, any, any]);
  }

  /** Instructions between others: they compute, and leave the given registers alone. */
  filler(keep: ReadonlySet<number>, inIT: boolean): void {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const instruction = this.choose(this.random.pick(this.plain), this.asm.here, inIT);
        const { writes, target } = probe(instruction, Array(REGISTERS).fill(0));
        if (target !== undefined || [...writes].some((r) => keep.has(r) || r === SP)) continue;
        this.asm.instruction(instruction.bits, instruction.length);
        return;
      } catch (error) {
        if (!(error instanceof Unsuitable)) throw error;
      }
    }
    this.asm.nop();
  }

  /** A stretch that executes the row once, with what it needs around it. Gives up when it cannot. @returns whether it wrote anything */
  unit(row: Row): boolean {
    const { asm, random } = this;
    if (random.chance(0.2)) this.setRegisters();
    if (random.chance(0.2)) this.setFlags();
    if (row.fpu && random.chance(0.5)) {
      if (random.chance(0.7)) this.setFpscr();
      this.setFloats();
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const start = asm.here;
      try {
        if (isSpecial(row)) specialUnit(this, row);
        else this.ordinaryUnit(row);
        return true;
      } catch (error) {
        if (!(error instanceof Unsuitable)) throw error;
        asm.here = start;
      }
    }
    return false;
  }

  /** What an IT block around an instruction is to be, if any: the number of places before and after it. */
  private block(draft: Decoded): Block | undefined {
    const { random } = this;
    const { row } = draft;
    if (row.inIT === 'never' || row.condition || !random.chance(0.4)) return undefined;
    const length = random.between(1, 4);
    const last = row.inIT === 'last' || probe(draft, Array(REGISTERS).fill(0)).target !== undefined;
    const before = last ? length - 1 : random.below(length);
    return { before, after: length - 1 - before };
  }

  private ordinaryUnit(row: Row): void {
    const { asm, random } = this;
    // Fields first, for a place that is not yet known; the address matters to few and is put right below.
    const draft = this.choose(row, asm.here, false);
    const block = this.block(draft);
    const zeros = Array<number>(REGISTERS).fill(0);
    const { reads, accesses, target, targetAddress } = probe(draft, zeros);
    const isLoadedTarget = targetAddress !== undefined;
    if (accesses.length === 0 && target === undefined) return this.computingUnit(draft, block);
    if (target !== undefined && !isLoadedTarget && reads.size > 0 && row.timing !== 'compareBranch') return this.computedBranch(draft, block);
    if (target !== undefined && !isLoadedTarget) return this.directBranch(draft, block);
    if (row.timing === 'tableBranch') throw new Error('table branches are special');
    const addressed = this.baseOf(draft, zeros) !== undefined;
    if (!addressed && this.depends(draft)) throw new Unsuitable(row.name);
    if (!addressed) {
      if (accesses.some((a) => a.store) || isLoadedTarget) throw new Unsuitable(row.name);
      return this.literalLoad(draft, block);
    }
    const values = zeros.map(() => random.operand());
    for (const r of reads) if (r === SP) values[r] = 0;
    const base = this.baseOf(draft, values);
    if (base === undefined) throw new Unsuitable(row.name);
    const footprint = this.aim(draft, values, base, isLoadedTarget);
    for (const r of reads) if (r !== SP && r !== LR) asm.set(r, values[r]);
    if (reads.has(LR) && !reads.has(SP)) asm.set(LR, values[LR]);
    if (reads.has(SP)) {
      asm.set(SP, values[SP]);
      if (reads.has(LR)) asm.set(LR, values[LR]);
    }
    this.emit(draft, block, reads);
    if (!isLoadedTarget) return;
    for (let i = random.below(3); i > 0; i--) this.filler(new Set(), false);
    asm.wordAt(footprint.targetAddress!, asm.here | 1);
  }

  /** Whether any register has a say in where an access goes. */
  private depends(instruction: Decoded): boolean {
    const at = (fill: number) => probe(instruction, Array<number>(REGISTERS).fill(fill)).accesses[0].address;
    return at(0) !== at(0x1230);
  }

  /** The register that an access's address follows one to one. */
  private baseOf(instruction: Decoded, values: readonly number[]): number | undefined {
    const [first] = probe(instruction, values).accesses;
    for (const r of probe(instruction, values).reads) {
      const moved = [...values];
      moved[r] = (moved[r] + 0x100) >>> 0;
      if (probe(instruction, moved).accesses[0]?.address === (first.address + 0x100) >>> 0) return r;
    }
    return undefined;
  }

  /** Gives the base register the value that makes the access fall where it may. */
  private aim(instruction: Decoded, values: number[], base: number, inPool: boolean): Footprint {
    const { random } = this;
    values[base] = 0;
    const { accesses } = probe(instruction, values);
    const lowest = Math.min(...accesses.map((a) => a.address | 0));
    const bytes = Math.max(...accesses.map((a) => (a.address | 0) + a.byteCount)) - lowest;
    const [{ byteCount, aligned }] = accesses;
    const step = byteCount === 1 ? 1 : byteCount === 2 ? 2 : 4;
    let target: number;
    if (inPool) target = this.constants(Array.from({ length: (bytes + 3) >> 2 }, () => random.operand()));
    else {
      target = SCRATCH + 0x20 + random.below(SCRATCH_BYTES - 0x40 - bytes);
      if (aligned || random.chance(0.5)) target -= target % step;
    }
    values[base] = (target - lowest) >>> 0;
    if (base === SP) values[base] = (values[base] & ~3) >>> 0;
    const aimed = probe(instruction, values);
    const from = aimed.accesses[0].address;
    if ((aligned || inPool) && from % step !== 0) throw new Unsuitable(instruction.row.name);
    if (!inPool && (from < SCRATCH || from + bytes > SCRATCH + SCRATCH_BYTES)) throw new Unsuitable(instruction.row.name);
    if (inPool && from !== target) throw new Unsuitable(instruction.row.name);
    return aimed;
  }

  /** Writes the instruction, alone or in its IT block, whose other places are filled. The last word is its place. */
  private emit(instruction: Decoded, block: Block | undefined, keep: ReadonlySet<number>): void {
    const { asm } = this;
    if (!block) return asm.instruction(instruction.bits, instruction.length);
    this.openBlock(block.before + 1 + block.after);
    for (let i = 0; i < block.before; i++) this.filler(keep, true);
    asm.instruction(instruction.bits, instruction.length);
    for (let i = 0; i < block.after; i++) this.filler(new Set(), true);
  }

  /** The instruction, now and then as the only one or the last of an IT block. */
  place(instruction: Decoded, keep: ReadonlySet<number> = new Set()): void {
    const conditional = instruction.row.inIT !== 'never' && this.random.chance(0.5);
    this.emit(instruction, conditional ? { before: this.random.below(2), after: 0 } : undefined, keep);
  }

  /** IT with random conditions for so many instructions. */
  private openBlock(length: number): void {
    const { random } = this;
    const condition = random.chance(0.1) ? CONDITION.al : random.below(14);
    // Each further place repeats the condition's low bit or inverts it; a 1 ends the mask.
    let mask = 0;
    for (let i = 1; i < length; i++) mask = (mask << 1) | (condition === CONDITION.al ? 0 : random.below(2));
    this.asm.it(condition, ((mask << 1) | 1) << (4 - length));
  }

  private computingUnit(draft: Decoded, block: Block | undefined): void {
    const { asm, random } = this;
    const { reads } = probe(draft, Array(REGISTERS).fill(0));
    // Operands that are related give results of zero, carries and overflows.
    const extremes = random.chance(0.15);
    let other = draft.fields.imm ?? random.operand();
    const related = () => {
      if (extremes) return random.pick([0, 0xffffffff]);
      const value = random.chance(0.5) ? random.pick([other, -other, ~other, other ^ 0x80000000, 0x80000000 - other]) : random.operand();
      return (other = value >>> 0);
    };
    const values = new Map([...reads].map((r) => [r, related()]));
    // A stack pointer that is read or written may be anything between two units that need one; setting it takes LR.
    if (values.has(SP) && random.chance(0.8)) asm.set(SP, values.get(SP)!);
    for (const [r, value] of values) if (r !== SP && random.chance(0.8)) asm.set(r, value);
    this.emit(draft, block, new Set());
  }

  /** Literal loads: the constants are the code around. The instruction's offset decides which; its alignment must fit. */
  private literalLoad(draft: Decoded, block: Block | undefined): void {
    const { asm, random } = this;
    if (random.chance(0.5)) asm.nop();
    const start = asm.here;
    this.emit(draft, block, new Set());
    // The true place is known now: it is the last one of its bits.
    const at = block === undefined ? start : undefined;
    const place = at ?? start + 2;
    const { accesses } = probe({ ...draft, pc: place }, Array(REGISTERS).fill(0));
    if (accesses.some((a) => a.address >= IMAGE_BYTES - 0x1000)) throw new Unsuitable(draft.row.name);
  }

  /** MOV PC, ADD PC, BX, BLX: the register is set so that the branch leads on. */
  private computedBranch(draft: Decoded, block: Block | undefined): void {
    const { asm, random } = this;
    const { reads, writes } = probe(draft, Array(REGISTERS).fill(0));
    if (reads.size !== 1 || reads.has(SP)) throw new Unsuitable(draft.row.name);
    const [register] = reads;
    const setting = asm.here;
    asm.set(register, 0x00ffffff); // as long as it will be: two instructions
    const keep = new Set([register]);
    const start = asm.here;
    this.emit(draft, block, keep);
    // The branch is the last instruction of its block.
    const pc = asm.here - draft.length;
    for (let i = random.below(3); i > 0; i--) this.filler(writes, false);
    const { target: zeroTarget } = probe({ ...draft, pc }, Array(REGISTERS).fill(0));
    const value = (asm.here - zeroTarget!) >>> 0;
    const end = asm.here;
    asm.here = setting;
    asm.movw(register, (value | 1) & 0xffff);
    asm.movw(register, value >>> 16, true);
    if (asm.here !== start) throw new Error('the setting of a branch register has changed its length');
    asm.here = end;
  }

  /** B, BL, CBZ: to somewhere ahead, or by way of code that lies elsewhere. */
  private directBranch(draft: Decoded, block: Block | undefined): void {
    const { asm, random } = this;
    const { reads } = probe(draft, Array(REGISTERS).fill(0));
    for (const r of reads) asm.set(r, random.chance(0.5) ? 0 : random.operand());
    const way = random.below(4);
    if (way === 0) return this.branchBack(draft, block);
    if (way === 1 && draft.length === 4) return this.branchFar(draft, block);
    this.emit(draft, block, reads);
    const pc = asm.here - draft.length;
    for (let i = random.below(6); i > 0; i--) this.filler(new Set(), false);
    this.aimBranch(draft, pc, asm.here);
  }

  private branchBack(draft: Decoded, block: Block | undefined): void {
    const { asm, random } = this;
    const over = asm.here;
    asm.here += 4;
    const back = asm.here;
    for (let i = random.below(3); i > 0; i--) this.filler(new Set(), false);
    const out = asm.here;
    asm.here += 4;
    const start = asm.here;
    this.emit(draft, block, probe(draft, Array(REGISTERS).fill(0)).reads);
    const end = asm.here;
    this.aimBranch(draft, end - draft.length, back);
    for (const [at, to] of [[over, start], [out, end]]) {
      asm.here = at;
      asm.b(to);
    }
    asm.here = end;
  }

  private branchFar(draft: Decoded, block: Block | undefined): void {
    const { asm } = this;
    this.emit(draft, block, probe(draft, Array(REGISTERS).fill(0)).reads);
    const end = asm.here;
    const near = draft.row.condition !== undefined;
    const island = near ? this.nearIsland : this.farIsland;
    this.aimBranch(draft, end - draft.length, island);
    asm.here = island;
    this.filler(new Set(), false);
    asm.b(end);
    if (near) this.nearIsland = asm.here;
    else this.farIsland = asm.here;
    asm.here = end;
  }

  /** Rewrites a branch at `pc` so that it goes to `target`: sets the bits of its offset from the largest down. */
  private aimBranch(draft: Decoded, pc: number, target: number): void {
    const { asm } = this;
    const { places, length } = patternOf(draft.row);
    const offsets = places.filter(({ name }) => /^(imm|S$|J|i$)/.test(name));
    const ones = offsets.filter(({ mask }) => mask === 1);
    const wide = offsets.filter(({ mask }) => mask > 1);
    const goes = (values: Fields) => {
      const decoded = decodeBits(encode(draft.row, values), length, pc, draft.inIT);
      return decoded.row === draft.row ? probe(decoded, Array(REGISTERS).fill(0)).target : undefined;
    };
    for (let combination = 0; combination < 2 ** ones.length; combination++) {
      const values: Record<string, number> = { ...draft.fields };
      ones.forEach(({ name }, i) => { values[name] = (combination >> i) & 1; });
      for (const { name } of wide) values[name] = 0;
      const start = goes(values);
      if (start === undefined) continue;
      let missing = (target - start) | 0;
      if (missing < 0) continue;
      const bits = wide.flatMap(({ name, mask }) => Array.from({ length: 32 - Math.clz32(mask) }, (_, bit) => {
        const there = goes({ ...values, [name]: 2 ** bit });
        return { name, bit, weight: there === undefined ? 0 : (there - start) | 0 };
      })).sort((a, b) => b.weight - a.weight);
      for (const { name, bit, weight } of bits) {
        if (weight <= 0 || weight > missing) continue;
        values[name] |= 2 ** bit;
        missing -= weight;
      }
      if (goes(values) !== target) continue;
      const end = asm.here;
      asm.here = pc;
      asm.instruction(encode(draft.row, values), length);
      asm.here = end;
      return;
    }
    throw new Unsuitable(draft.row.name);
  }

  // --- stretches that belong to no row -------------------------------------------------------------------------------------------------------

  /** A loop that is run a few times. */
  loop(): void {
    const { asm, random } = this;
    const counter = random.below(8);
    asm.set(counter, random.between(1, 5));
    const start = asm.here;
    for (let i = random.between(1, 5); i > 0; i--) this.filler(new Set([counter]), false);
    asm.subs(counter, 1);
    asm.bc(CONDITION.ne, start);
  }

  /** SVC, or PendSV by ICSR, with a stack that may be aligned to 4 only. */
  exception(): void {
    const { asm, random } = this;
    this.setStack();
    if (random.chance(0.5)) return asm.svc(random.below(256));
    asm.set(3, ICSR);
    asm.set(4, PENDSVSET);
    asm.str(4, 3);
    asm.dsb();
    asm.isb();
  }
}

const plainRows = new WeakMap<Row, boolean>();

/** Whether a row is sure to do nothing but compute, whatever its fields are. */
function isPlain(row: Row): boolean {
  let known = plainRows.get(row);
  if (known === undefined) {
    known = 'run' in row && !isSpecial(row) && row.inIT === undefined && row.condition === undefined
      && ['alu', 'multiply', 'multiplyLong', 'divide', 'fpu', 'fpuMultiply', 'fpuMultiplyAccumulate', 'fpuDivide', 'fpuConvert', 'fpuTransfer'].includes(row.timing);
    plainRows.set(row, known);
  }
  return known;
}
