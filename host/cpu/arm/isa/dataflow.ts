// SPDX-License-Identifier: MIT
// Which registers an instruction reads and writes, found by running its semantics on sets of registers instead of values.

import type { Ops } from './ops.js';
import type { Decoded } from './row.js';

/** Sets of registers are masks: bit n for register n. */
export interface Dataflow {
  /** Core registers that the addresses of its memory accesses are computed from. */
  readonly address: number;
  /** Core registers that it writes: what was loaded, and anything else. */
  readonly loaded: number;
  readonly computed: number;
  /** Single-precision registers that it reads, the addend of a multiply-accumulate aside. */
  readonly floats: number;
  /** The single-precision register that the result of floating-point arithmetic goes to, or -1. */
  readonly result: number;
  /** Whether it may go elsewhere; and then the address, when it is fixed. */
  readonly branches: boolean;
  readonly target: number | undefined;
  /** Whether it does part of what it does on a condition of its own (CBZ). */
  readonly maybe: boolean;
}

/** Marks of a value besides the registers that it depends on: it comes from memory; floating-point arithmetic made it. */
const LOADED = 1 << 30;
const ARITHMETIC = 1 << 29;
const REGISTERS = 0xffff;

/** The semantics' words on sets. A class with its methods, as the engines' are: V8 keeps calls of the words quick only among such. */
class RegisterSets implements Ops<number> {
  address = 0;
  loaded = 0;
  computed = 0;
  result = -1;
  branches = false;
  target: number | undefined = undefined;
  maybe = false;
  readonly floats: number[] = [];

  private access(address: number): number {
    this.address |= address & REGISTERS;
    return LOADED;
  }

  const(): number { return 0; }
  keep(a: number): number { return a; }
  reg(n: number): number { return 1 << n; }
  setReg(n: number, value: number): void {
    if (value & LOADED) this.loaded |= 1 << n;
    else this.computed |= 1 << n;
  }

  add(a: number, b: number): number { return a | b; }
  sub(a: number, b: number): number { return a | b; }
  mul(a: number, b: number): number { return a | b; }
  mulHighSigned(a: number, b: number): number { return a | b; }
  mulHighUnsigned(a: number, b: number): number { return a | b; }
  divSigned(a: number, b: number): number { return a | b; }
  divUnsigned(a: number, b: number): number { return a | b; }
  and(a: number, b: number): number { return a | b; }
  or(a: number, b: number): number { return a | b; }
  xor(a: number, b: number): number { return a | b; }
  not(a: number): number { return a; }
  shl(a: number, count: number): number { return a | count; }
  shrUnsigned(a: number, count: number): number { return a | count; }
  shrSigned(a: number, count: number): number { return a | count; }
  rotr(a: number, count: number): number { return a | count; }
  clz(a: number): number { return a; }
  eq(a: number, b: number): number { return a | b; }
  ne(a: number, b: number): number { return a | b; }
  ltSigned(a: number, b: number): number { return a | b; }
  ltUnsigned(a: number, b: number): number { return a | b; }
  extend8(a: number): number { return a; }
  extend16(a: number): number { return a; }
  select(condition: number, a: number, b: number): number { return condition | a | b; }

  // Flags are no registers of these sets.
  n(): number { return 0; }
  z(): number { return 0; }
  c(): number { return 0; }
  v(): number { return 0; }
  ge(): number { return 0; }
  setNZ(): void {}
  setC(): void {}
  setVSign(): void {}
  stickQ(): void {}
  setGE(): void {}

  load(address: number): number { return this.access(address); }
  store(address: number): void { this.access(address); }
  loadWords(address: number, count: number): number[] { return new Array<number>(count).fill(this.access(address)); }
  storeWords(address: number): void { this.access(address); }

  when(_: number, then: () => void): void {
    this.maybe = true;
    then();
  }
  branch(address: number): void {
    this.branches = true;
    this.target = (address & ~1) >>> 0;
  }
  branchTo(): void { this.branches = true; }
  branchExchange(): void { this.branches = true; }

  s(n: number): number {
    this.floats.push(n);
    return 0;
  }
  setS(n: number, value: number): void { if (value & ARITHMETIC) this.result = n; }
  fadd(): number { return ARITHMETIC; }
  fsub(): number { return ARITHMETIC; }
  fmul(): number { return ARITHMETIC; }
  fdiv(): number { return ARITHMETIC; }
  fsqrt(): number { return ARITHMETIC; }
  ffma(): number { return ARITHMETIC; }
  fcompare(): void {}
  fromFixed(): number { return ARITHMETIC; }
  toFixed(): number { return ARITHMETIC; }
  fromHalf(): number { return ARITHMETIC; }
  toHalf(): number { return ARITHMETIC; }
  flagsFromFpscr(): void {}
}

/** Whether an instruction calls: it leaves the address behind it in LR (BL, BLX). */
export const callsOf = ({ row: { name } }: Decoded): boolean => /^BLX? /.test(name);

/** @returns nothing read or written for instructions that only the interpreter executes */
export function dataflowOf({ row, fields, ...site }: Decoded): Dataflow {
  const sets = new RegisterSets();
  if ('run' in row) row.run(sets, fields, site);
  const { address, loaded, computed, result, branches, target, maybe, floats } = sets;
  // The addend is the register that is written; it may be a factor, too.
  if (row.timing === 'fpuMultiplyAccumulate') floats.splice(floats.lastIndexOf(result), 1);
  return { address, loaded, computed, result, branches, target, maybe, floats: floats.reduce((set, n) => set | (1 << n), 0) };
}
