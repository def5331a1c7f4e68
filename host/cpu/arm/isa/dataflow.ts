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
  /** Whether it may go elsewhere. */
  readonly branches: boolean;
}

/** Marks of a value besides the registers that it depends on: it comes from memory; floating-point arithmetic made it. */
const LOADED = 1 << 30;
const ARITHMETIC = 1 << 29;
const REGISTERS = 0xffff;

const union = (...values: unknown[]): number => values.reduce((set: number, value) => set | (typeof value === 'number' ? value : 0), 0);

/** @returns nothing read or written for instructions that only the interpreter executes */
export function dataflowOf({ row, fields, ...site }: Decoded): Dataflow {
  const flow = { address: 0, loaded: 0, computed: 0, result: -1, branches: false };
  const reads: number[] = [];
  if (!('run' in row)) return { ...flow, floats: 0 };
  const touch = (address: number): number => {
    flow.address |= address & REGISTERS;
    return LOADED;
  };
  const branch = (): void => { flow.branches = true; };
  const arithmetic = (): number => ARITHMETIC;
  const words: Partial<Record<keyof Ops<number>, unknown>> = {
    const: () => 0,
    reg: (n: number) => 1 << n,
    setReg: (n: number, value: number) => {
      if (value & LOADED) flow.loaded |= 1 << n;
      else flow.computed |= 1 << n;
    },
    load: touch, store: touch, storeWords: touch,
    loadWords: (address: number, count: number) => new Array<number>(count).fill(touch(address)),
    when: (_: number, then: () => void) => then(),
    branch, branchTo: branch, branchExchange: branch,
    s: (n: number) => { reads.push(n); return 0; },
    setS: (n: number, value: number) => { if (value & ARITHMETIC) flow.result = n; },
    fadd: arithmetic, fsub: arithmetic, fmul: arithmetic, fdiv: arithmetic, fsqrt: arithmetic, ffma: arithmetic,
    fromFixed: arithmetic, toFixed: arithmetic, fromHalf: arithmetic, toHalf: arithmetic,
  };
  const probe = new Proxy({}, { get: (_, name) => words[name as keyof Ops<number>] ?? union });
  row.run(probe as Ops<number>, fields, site);
  // The addend is the register that is written; it may be a factor, too.
  if (row.timing === 'fpuMultiplyAccumulate') reads.splice(reads.lastIndexOf(flow.result), 1);
  return { ...flow, floats: reads.reduce((set, n) => set | (1 << n), 0) };
}
