// SPDX-License-Identifier: MIT
// The vocabulary of the semantics, computed with numbers at once: what the interpreter executes instructions with.

import type { Fpu } from '../fpu/arithmetic.js';
import type { AccessKind, Ops, Size } from '../isa/ops.js';
import type { Decoded, PlainRow } from '../isa/row.js';
import { STATE } from '../state.js';
import { divideExtra } from '../timing.js';

/** Data accesses of instructions. What goes wrong is thrown, and ends the instruction. Addresses are unsigned. */
export interface DataMemory {
  /** Bytes and halfwords zero-extended, words as signed numbers. */
  load(address: number, size: Size, kind?: AccessKind): number;
  store(address: number, size: Size, value: number, kind?: AccessKind): void;
}

/** What instructions may run into that is the core's to decide. */
export interface EvaluatorHooks {
  /**
   * A branch whose target is not plainly Thumb code: EXC_RETURN in bits 31:28 (unless it is a `call`, BLX), or bit 0 clear (DDI 0403E, A2.3.1, B1.5.8).
   * Sets STATE.PC, or throws.
   */
  unusualBranch(address: number, call: boolean): void;
  /** A division by zero gives 0, or throws when CCR.DIV_0_TRP is set. */
  divideByZero(): void;
}

const { R, PC, N, Z, C, V, Q, GE, LEFT, S, FPCC } = STATE;
const SP = 13;

/** High word of a product without signs, by halves. */
function highUnsigned(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each sum stays below 2^32: 0xffff * 0xffff + 0xffff is 0xffff0000.
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (Math.imul(aLow, bLow) >>> 16);
  const other = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

const magnitude = (a: number): number => (a < 0 ? -a : a) >>> 0;

/**
 * Executes instructions on the core's state. Values are signed 32-bit numbers. While an instruction runs, STATE.PC is its own address, so that a
 * fault finds it there; afterwards `advance` moves it on.
 */
export class Evaluator implements Ops<number> {
  /** Whether the last instruction has branched, since this was set to false. */
  branched = false;

  constructor(readonly state: Int32Array, private readonly memory: DataMemory, private readonly fpu: Fpu, private readonly hooks: EvaluatorHooks) {}

  /** Executes a plain instruction, which STATE.PC is at, and moves STATE.PC on. @throws what memory and the hooks throw */
  execute(instruction: Decoded): void {
    this.branched = false;
    (instruction.row as PlainRow).run(this, instruction.fields, instruction);
    this.advance(instruction);
  }

  /** Moves STATE.PC on after an instruction, unless it has branched. */
  advance({ pc, length }: Decoded): void {
    if (!this.branched) this.state[PC] = pc + length;
  }

  const(value: number): number { return value | 0; }
  keep(value: number): number { return value; }

  reg(n: number): number { return n === 15 ? (this.state[PC] + 4) | 0 : this.state[R + n]; }
  setReg(n: number, value: number): void { this.state[R + n] = n === SP ? value & ~3 : value; }

  add(a: number, b: number): number { return (a + b) | 0; }
  sub(a: number, b: number): number { return (a - b) | 0; }
  mul(a: number, b: number): number { return Math.imul(a, b); }
  mulHighSigned(a: number, b: number): number { return (highUnsigned(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0; }
  mulHighUnsigned(a: number, b: number): number { return highUnsigned(a, b); }
  divSigned(a: number, b: number): number {
    if (b === 0) return this.byZero();
    this.state[LEFT] -= divideExtra(magnitude(a), magnitude(b));
    return (a / b) | 0;
  }
  divUnsigned(a: number, b: number): number {
    if (b === 0) return this.byZero();
    this.state[LEFT] -= divideExtra(a, b);
    return ((a >>> 0) / (b >>> 0)) | 0;
  }
  private byZero(): number {
    this.hooks.divideByZero();
    return 0;
  }
  and(a: number, b: number): number { return a & b; }
  or(a: number, b: number): number { return a | b; }
  xor(a: number, b: number): number { return a ^ b; }
  not(a: number): number { return ~a; }
  shl(a: number, count: number): number { return a << count; }
  shrUnsigned(a: number, count: number): number { return (a >>> count) | 0; }
  shrSigned(a: number, count: number): number { return a >> count; }
  rotr(a: number, count: number): number { return (a >>> count) | (a << (32 - count)); }
  clz(a: number): number { return Math.clz32(a); }
  eq(a: number, b: number): number { return a === b ? 1 : 0; }
  ne(a: number, b: number): number { return a !== b ? 1 : 0; }
  ltSigned(a: number, b: number): number { return a < b ? 1 : 0; }
  ltUnsigned(a: number, b: number): number { return a >>> 0 < b >>> 0 ? 1 : 0; }
  extend8(a: number): number { return (a << 24) >> 24; }
  extend16(a: number): number { return (a << 16) >> 16; }
  select(condition: number, a: number, b: number): number { return condition !== 0 ? a : b; }

  n(): number { return this.state[N] >>> 31; }
  z(): number { return this.state[Z] === 0 ? 1 : 0; }
  c(): number { return this.state[C]; }
  v(): number { return this.state[V] >>> 31; }
  setNZ(result: number): void {
    this.state[N] = result;
    this.state[Z] = result;
  }
  setC(carry: number): void { this.state[C] = carry; }
  setVSign(overflow: number): void { this.state[V] = overflow; }
  stickQ(condition: number): void { if (condition !== 0) this.state[Q] = 1; }
  ge(): number { return this.state[GE]; }
  setGE(bits: number): void { this.state[GE] = bits; }

  load(address: number, size: Size, kind?: AccessKind): number { return this.memory.load(address >>> 0, size, kind); }
  store(address: number, size: Size, value: number, kind?: AccessKind): void { this.memory.store(address >>> 0, size, value, kind); }
  loadWords(address: number, count: number): number[] {
    const words: number[] = [];
    for (let i = 0; i < count; i++) words.push(this.memory.load((address + 4 * i) >>> 0, 4, 'aligned'));
    return words;
  }
  storeWords(address: number, values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) this.memory.store((address + 4 * i) >>> 0, 4, values[i], 'aligned');
  }

  when(condition: number, then: () => void): void { if (condition !== 0) then(); }

  branch(address: number): void {
    this.state[PC] = address;
    this.branched = true;
  }
  branchTo(address: number): void {
    this.state[PC] = address & ~1;
    this.branched = true;
  }
  branchExchange(address: number, call?: 'call'): void {
    this.branched = true;
    if ((address & 1) !== 0 && (address >>> 28 !== 0xf || call !== undefined)) this.state[PC] = address & ~1;
    else this.hooks.unusualBranch(address >>> 0, call !== undefined);
  }

  s(n: number): number { return this.state[S + n]; }
  setS(n: number, bits: number): void { this.state[S + n] = bits; }
  fadd(a: number, b: number): number { return this.fpu.add(a, b); }
  fsub(a: number, b: number): number { return this.fpu.sub(a, b); }
  fmul(a: number, b: number): number { return this.fpu.mul(a, b); }
  fdiv(a: number, b: number): number { return this.fpu.div(a, b); }
  fsqrt(a: number): number { return this.fpu.sqrt(a); }
  ffma(a: number, b: number, c: number): number { return this.fpu.fma(a, b, c); }
  fcompare(a: number, b: number, signalling: boolean): void { this.fpu.compare(a, b, signalling); }
  fromFixed(a: number, signed: boolean, fractionBits: number, nearest: boolean): number { return this.fpu.fromFixed(a, signed, fractionBits, nearest); }
  toFixed(a: number, signed: boolean, fractionBits: number, bits: 16 | 32, towardsZero: boolean): number {
    return this.fpu.toFixed(a, signed, fractionBits, bits, towardsZero);
  }
  fromHalf(a: number): number { return this.fpu.fromHalf(a); }
  toHalf(a: number): number { return this.fpu.toHalf(a); }
  flagsFromFpscr(): void {
    const flags = this.state[FPCC];
    this.state[N] = flags;
    this.state[Z] = ((flags >>> 30) & 1) ^ 1;
    this.state[C] = (flags >>> 29) & 1;
    this.state[V] = flags << 3;
  }
}
