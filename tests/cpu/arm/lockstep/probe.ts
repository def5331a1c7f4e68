// SPDX-License-Identifier: MIT
// Runs an instruction's semantics on made-up registers to learn what it touches: the generator asks it where operands must point to.

import type { CoreControl } from '../../../../host/cpu/arm/core/control.js';
import type { Ops, Size } from '../../../../host/cpu/arm/isa/ops.js';
import type { Decoded } from '../../../../host/cpu/arm/isa/row.js';

export interface Access {
  readonly address: number;
  readonly byteCount: number;
  readonly store: boolean;
  /** Whether it must be aligned to its size (words, for several of them). */
  readonly aligned: boolean;
}

/** What an instruction did with the registers it was given. */
export interface Footprint {
  readonly reads: ReadonlySet<number>;
  readonly writes: ReadonlySet<number>;
  readonly accesses: readonly Access[];
  /** Where it went, if it is a branch. */
  readonly target: number | undefined;
  /** Where in memory the target came from, if it was loaded. */
  readonly targetAddress: number | undefined;
  /** Parts of APSR that it sets. */
  readonly flags: ReadonlySet<'N' | 'Z' | 'C' | 'V' | 'Q' | 'GE'>;
  /** Whether it compares floating-point numbers (FPSCR's N, Z, C, V). */
  readonly compares: boolean;
}

/** Loaded words are numbers of their own, by which a loaded target is known again. */
const LOADED = 0x5ead0000;

/** @param registers what R0 to R14 hold */
export function probe(instruction: Decoded, registers: readonly number[]): Footprint {
  const reads = new Set<number>();
  const writes = new Set<number>();
  const accesses: Access[] = [];
  const loadedFrom: number[] = [];
  const flags = new Set<'N' | 'Z' | 'C' | 'V' | 'Q' | 'GE'>();
  let target: number | undefined;
  let compares = false;
  const { row, fields, pc } = instruction;

  const access = (address: number, byteCount: number, store: boolean, aligned: boolean) => accesses.push({ address: address >>> 0, byteCount, store, aligned });
  const loaded = (address: number) => {
    loadedFrom.push(address >>> 0);
    return LOADED + 4 * (loadedFrom.length - 1);
  };
  const go = (address: number) => { target = address >>> 0; };
  const u = (value: number) => value >>> 0;
  const ops: Ops<number> = {
    const: u,
    keep: u,
    reg: (n) => {
      if (n !== 15) reads.add(n);
      return n === 15 ? pc + 4 : u(registers[n]);
    },
    setReg: (n) => { writes.add(n); },
    add: (a, b) => u(a + b),
    sub: (a, b) => u(a - b),
    mul: (a, b) => u(Math.imul(a, b)),
    mulHighSigned: () => 0,
    mulHighUnsigned: () => 0,
    divSigned: () => 0,
    divUnsigned: () => 0,
    and: (a, b) => u(a & b),
    or: (a, b) => u(a | b),
    xor: (a, b) => u(a ^ b),
    not: (a) => u(~a),
    shl: (a, count) => u(a << count),
    shrUnsigned: (a, count) => a >>> count,
    shrSigned: (a, count) => u(a >> count),
    rotr: (a, count) => u((a >>> count) | (a << (32 - count))),
    clz: (a) => Math.clz32(a),
    eq: (a, b) => (u(a) === u(b) ? 1 : 0),
    ne: (a, b) => (u(a) === u(b) ? 0 : 1),
    ltSigned: (a, b) => ((a | 0) < (b | 0) ? 1 : 0),
    ltUnsigned: (a, b) => (u(a) < u(b) ? 1 : 0),
    extend8: (a) => u((a << 24) >> 24),
    extend16: (a) => u((a << 16) >> 16),
    select: (condition, a, b) => (condition !== 0 ? a : b),
    n: () => 0,
    z: () => 0,
    c: () => 0,
    v: () => 0,
    setNZ: () => { flags.add('N').add('Z'); },
    setC: () => { flags.add('C'); },
    setVSign: () => { flags.add('V'); },
    stickQ: () => { flags.add('Q'); },
    ge: () => 0,
    setGE: () => { flags.add('GE'); },
    load: (address, size, kind) => {
      access(address, size, false, kind === 'aligned');
      return loaded(address);
    },
    store: (address, size, _value, kind) => { access(address, size, true, kind === 'aligned'); },
    loadWords: (address, count) => {
      access(address, 4 * count, false, true);
      return Array.from({ length: count }, (_, i) => loaded(address + 4 * i));
    },
    storeWords: (address, values) => { access(address, 4 * values.length, true, true); },
    when: (_condition, then) => then(),
    branch: go,
    branchTo: go,
    branchExchange: go,
    s: () => 0,
    setS: () => {},
    fadd: () => 0,
    fsub: () => 0,
    fmul: () => 0,
    fdiv: () => 0,
    fsqrt: () => 0,
    ffma: () => 0,
    fcompare: () => { compares = true; },
    fromFixed: () => 0,
    toFixed: () => 0,
    fromHalf: () => 0,
    toHalf: () => 0,
    flagsFromFpscr: () => { flags.add('N').add('Z').add('C').add('V'); },
  };
  const exclusive = (address: number, size: Size, store: boolean) => access(address, size, store, true);
  const stop = (): never => { throw new Error(`${row.name}: nothing to generate`); };
  const core: CoreControl = {
    ops,
    readSpecial: () => 0,
    writeSpecial: () => {},
    changeInterrupts: () => {},
    supervisorCall: () => {},
    breakpoint: () => {},
    undefined: stop,
    noCoprocessor: stop,
    waitForInterrupt: () => {},
    waitForEvent: () => {},
    sendEvent: () => {},
    setIT: () => {},
    loadExclusive: (address, size) => {
      exclusive(address, size, false);
      return loaded(address);
    },
    storeExclusive: (address, size) => {
      exclusive(address, size, true);
      return 0;
    },
    clearExclusive: () => {},
    readFpscr: () => 0,
    writeFpscr: () => {},
  };
  if ('run' in row) row.run(ops, fields, instruction);
  else row.system(core, fields, instruction);
  const from = target === undefined ? -1 : (target - LOADED) >> 2;
  return { reads, writes, accesses, target, targetAddress: loadedFrom[from], flags, compares };
}
