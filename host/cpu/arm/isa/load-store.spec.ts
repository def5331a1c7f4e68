// SPDX-License-Identifier: MIT
// Loads, stores and branches: addresses, write-back, what a fault leaves, where control goes (ARM DDI 0403E, A5.2, A5.3, A7.7).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fpu } from '../fpu/arithmetic.js';
import { Evaluator } from '../interpreter/evaluator.js';
import { STATE } from '../state.js';
import { decode } from './decode.js';

const BASE = 0x1000;
const PC = 0x8002;

/** Executes one instruction at PC on registers that are given by number; memory's byte at an address is the address's low byte with bit 7 turned over. */
function execute(bits: number, registers: Readonly<Record<number, number>>, faultAt?: number) {
  const state = new Int32Array(128);
  for (const [n, value] of Object.entries(registers)) state[Number(n)] = value;
  state[STATE.PC] = PC;
  const accesses: string[] = [];
  const unusual: string[] = [];
  const access = (what: string, address: number, size: number, kind = '', value?: number) => {
    if (address === faultAt) throw new Error('fault');
    accesses.push(`${what}${size}${kind && ` ${kind}`} ${address.toString(16)}${value === undefined ? '' : `=${(value >>> 0).toString(16)}`}`);
  };
  const memory = {
    load: (address: number, size: number, kind?: string) => {
      access('r', address, size, kind);
      let value = 0;
      for (let i = 0; i < size; i++) value |= (((address + i) & 0xff) ^ 0x80) << (8 * i);
      return value;
    },
    store: (address: number, size: number, value: number, kind?: string) => access('w', address, size, kind, value),
  };
  const unusualBranch = (address: number, call: boolean) => void unusual.push(`${address.toString(16)}${call ? ' call' : ''}`);
  const evaluator = new Evaluator(state, memory, new Fpu(state), { unusualBranch, divideByZero: () => {} });
  const instruction = bits > 0xffff ? decode(bits >>> 16, bits & 0xffff, PC, false) : decode(bits, 0, PC, false);
  let faulted = false;
  try {
    evaluator.execute(instruction);
  } catch {
    faulted = true;
  }
  const changed: Record<string, number> = {};
  for (let n = 0; n < 15; n++) if (state[n] !== ((registers[n] ?? 0) | 0)) changed[`r${n}`] = state[n] >>> 0;
  const text = instruction.row.text!(instruction.fields, instruction);
  return { text, changed, accesses, unusual, pc: state[STATE.PC] >>> 0, faulted, branched: evaluator.branched };
}

/** Text, encoding, registers before, registers changed, accesses. */
const TRANSFERS: readonly (readonly [string, number, Record<number, number>, Record<string, number>, readonly string[]])[] = [
  ['ldr r0, [r1, #8]', 0x6888, { 1: BASE }, { r0: 0x8b8a8988 }, ['r4 1008']],
  ['ldr.w r0, [r1, #4095]', 0xf8d10fff, { 1: BASE }, { r0: 0x8281807f }, ['r4 1fff']],
  ['ldr.w r0, [r1], #-255', 0xf85109ff, { 1: BASE }, { r0: 0x83828180, r1: BASE - 255 }, ['r4 1000']],
  ['ldr.w r0, [r1, #4]!', 0xf8510f04, { 1: BASE }, { r0: 0x87868584, r1: BASE + 4 }, ['r4 1004']],
  ['ldr.w r0, [r1, #-4]', 0xf8510c04, { 1: BASE }, { r0: 0x7f7e7d7c }, ['r4 ffc']],
  ['ldrt r0, [r1, #4]', 0xf8510e04, { 1: BASE }, { r0: 0x87868584 }, ['r4 unprivileged 1004']],
  ['strt r0, [r1, #4]', 0xf8410e04, { 0: 7, 1: BASE }, {}, ['w4 unprivileged 1004=7']],
  ['ldrsb.w r0, [r1, r2, lsl #3]', 0xf9110032, { 1: BASE, 2: 2 }, { r0: 0xffffff90 }, ['r1 1010']],
  ['ldrsh.w r0, [r1, #2]', 0xf9b10002, { 1: BASE }, { r0: 0xffff8382 }, ['r2 1002']],
  ['ldrsh r0, [r1, r2]', 0x5e88, { 1: BASE, 2: -128 }, { r0: 0x0100 }, ['r2 f80']],
  ['ldrh r0, [r1, #2]', 0x8848, { 1: BASE }, { r0: 0x8382 }, ['r2 1002']],
  ['ldrb r0, [r1, #2]', 0x7888, { 1: BASE }, { r0: 0x82 }, ['r1 1002']],
  ['strb r0, [r1, #31]', 0x77c8, { 0: 0x155, 1: BASE }, {}, ['w1 101f=155']],
  ['strh.w r0, [r1, #-1]', 0xf8210c01, { 0: 9, 1: BASE }, {}, ['w2 fff=9']],
  ['str.w r0, [r1, #-4]!', 0xf8410d04, { 0: 9, 1: BASE }, { r1: BASE - 4 }, ['w4 ffc=9']],
  ['str.w r2, [r1], #4', 0xf8412b04, { 1: BASE, 2: 9 }, { r1: BASE + 4 }, ['w4 1000=9']],
  // The base of a literal is the PC, which reads 4 ahead, without its two lowest bits.
  ['ldr r0, [pc, #8]', 0x4802, {}, { r0: 0x8f8e8d8c }, ['r4 800c']],
  ['ldr.w r0, [pc, #-8]', 0xf85f0008, {}, { r0: 0x7f7e7d7c }, ['r4 7ffc']],
  ['ldrd r0, r2, [pc, #16]', 0xe9df0204, {}, { r0: 0x97969594, r2: 0x9b9a9998 }, ['r4 aligned 8014', 'r4 aligned 8018']],
  ['ldrd r0, r2, [r1], #8', 0xe8f10202, { 1: BASE }, { r0: 0x83828180, r1: BASE + 8, r2: 0x87868584 }, ['r4 aligned 1000', 'r4 aligned 1004']],
  ['strd r0, r2, [r1, #-8]!', 0xe9610202, { 0: 5, 1: BASE, 2: 6 }, { r1: BASE - 8 }, ['w4 aligned ff8=5', 'w4 aligned ffc=6']],
  // A base that is loaded is not written back.
  ['ldmia r1, {r0, r1, r2}', 0xc907, { 1: BASE }, { r0: 0x83828180, r1: 0x87868584, r2: 0x8b8a8988 }, ['r4 aligned 1000', 'r4 aligned 1004', 'r4 aligned 1008']],
  ['ldmia r1!, {r0, r2}', 0xc905, { 1: BASE }, { r0: 0x83828180, r1: BASE + 8, r2: 0x87868584 }, ['r4 aligned 1000', 'r4 aligned 1004']],
  // The base is stored as it was when it is the lowest register.
  ['stmia r1!, {r1, r2, r3}', 0xc10e, { 1: BASE, 2: 7, 3: 8 }, { r1: BASE + 12 }, ['w4 aligned 1000=1000', 'w4 aligned 1004=7', 'w4 aligned 1008=8']],
  ['stmdb r1!, {r0, r2, lr}', 0xe9214005, { 0: 5, 1: BASE, 2: 6, 14: 7 }, { r1: BASE - 12 }, ['w4 aligned ff4=5', 'w4 aligned ff8=6', 'w4 aligned ffc=7']],
  ['push {r0, r2, lr}', 0xb505, { 0: 5, 2: 6, 13: BASE, 14: 7 }, { r13: BASE - 12 }, ['w4 aligned ff4=5', 'w4 aligned ff8=6', 'w4 aligned ffc=7']],
  ['ldr.w sp, [r1, #1]', 0xf8d1d001, { 1: BASE }, { r13: 0x84838280 }, ['r4 1001']],
  ['pld [r1]', 0xf891f000, { 1: BASE }, {}, []],
];

describe('loads and stores', () => {
  for (const [text, bits, before, changed, accesses] of TRANSFERS) {
    it(text, () => {
      const result = execute(bits, before);
      assert.deepEqual({ text: result.text, changed: result.changed, accesses: result.accesses }, { text, changed, accesses });
      assert.equal(result.pc, PC + (bits > 0xffff ? 4 : 2));
    });
  }

  it('leave all registers alone when an access faults, and the PC at the instruction', () => {
    const cases: [number, number][] = [[0xf8510f04, 0x1004], [0xe8f10202, 0x1004], [0xc905, 0x1004], [0xb505, 0xffc], [0xe9610202, 0xffc]];
    for (const [bits, faultAt] of cases) {
      const { faulted, changed, pc } = execute(bits, { 0: 1, 1: BASE, 2: 2, 13: BASE, 14: 3 }, faultAt);
      assert.deepEqual({ faulted, changed, pc }, { faulted: true, changed: {}, pc: PC }, bits.toString(16));
    }
  });

  it('of the PC branch after the base is written', () => {
    // Bytes 0x83828180 and up: bit 0 is clear, so the core is asked.
    assert.deepEqual(pick(execute(0xf851fb04, { 1: BASE })), { changed: { r1: BASE + 4 }, unusual: ['83828180'] });
    assert.deepEqual(pick(execute(0xe9318005, { 1: BASE })), { changed: { r0: 0x77767574, r1: BASE - 12, r2: 0x7b7a7978 }, unusual: ['7f7e7d7c'] });
    assert.deepEqual(pick(execute(0xbd05, { 13: BASE - 4 })), { changed: { r0: 0x7f7e7d7c, r2: 0x83828180, r13: BASE + 8 }, unusual: ['87868584'] });
    const odd = execute(0xf851fb04, { 1: BASE + 1 });
    assert.equal(odd.pc, 0x84838280);
  });
});

const pick = ({ changed, unusual }: ReturnType<typeof execute>) => ({ changed, unusual });

describe('branches', () => {
  const goes = (bits: number, registers: Record<number, number> = {}) => {
    const { pc, changed, branched } = execute(bits, registers);
    return [pc, changed, branched];
  };

  it('go forward and back by the offsets of each encoding', () => {
    // B T1 and T3 by their fields alone: the condition is the engine's.
    assert.deepEqual(goes(0xd080), [PC + 4 - 256, {}, true]);
    assert.deepEqual(goes(0xf07faffd), [PC + 4 + 0xffffa, {}, true]);
    assert.deepEqual(goes(0xe400), [PC + 4 - 2048, {}, true]);
    assert.deepEqual(goes(0xf4009000), [(PC + 4 - 0x1000000) >>> 0, {}, true]);
    assert.deepEqual(goes(0xf3ffd7fd), [PC + 4 + 0xfffffa, { r14: PC + 5 }, true]);
  });

  it('to registers: with the T bit for BX and BLX, without for MOV and ADD', () => {
    assert.deepEqual(goes(0x4770, { 14: 0x4001 }), [0x4000, {}, true]);
    assert.deepEqual(goes(0x4798, { 3: 0x4001 }), [0x4000, { r14: PC + 3 }, true]);
    assert.deepEqual(goes(0x47f0, { 14: 0x4001 }), [0x4000, { r14: PC + 3 }, true]);
    assert.deepEqual(goes(0x469f, { 3: 0x4001 }), [0x4000, {}, true]);
    assert.deepEqual(goes(0x449f, { 3: 0x101 }), [(PC + 4 + 0x101) & ~1, {}, true]);
  });

  it('hand EXC_RETURN and targets that are not Thumb to the core; BLX never returns from an exception', () => {
    assert.deepEqual(execute(0x4770, { 14: 0xfffffff9 }).unusual, ['fffffff9']);
    assert.deepEqual(execute(0x4770, { 14: 0x4000 }).unusual, ['4000']);
    assert.deepEqual(execute(0x4798, { 3: 0x4000 }).unusual, ['4000 call']);
    assert.deepEqual(execute(0x4798, { 3: 0xfffffff9 }).unusual, []);
    assert.deepEqual(execute(0x469f, { 3: 0xfffffff9 }).unusual, []);
  });

  it('by comparison with zero', () => {
    assert.deepEqual(goes(0xb190), [PC + 4 + 36, {}, true]);
    assert.deepEqual(goes(0xb190, { 0: 0x80000000 }), [PC + 2, {}, false]);
    assert.deepEqual(goes(0xbbe8, { 0: 1 }), [PC + 4 + 122, {}, true]);
    assert.deepEqual(goes(0xbbe8), [PC + 2, {}, false]);
  });

  it('by tables: bytes and halfwords, in units of two bytes', () => {
    const bytes = execute(0xe8d1f002, { 1: BASE, 2: 3 });
    assert.deepEqual([bytes.accesses, bytes.pc], [['r1 1003'], PC + 4 + 2 * 0x83]);
    const halfwords = execute(0xe8dff012, { 2: 3 });
    assert.deepEqual([halfwords.accesses, halfwords.pc], [['r2 800c'], PC + 4 + 2 * 0x8d8c]);
  });

  it('read the PC as 4 ahead, aligned for ADR', () => {
    assert.deepEqual(execute(0xa002, {}).changed, { r0: 0x8004 + 8 });
    assert.deepEqual(execute(0xf2af0008, {}).changed, { r0: 0x8004 - 8 });
    assert.deepEqual(execute(0x4678, {}).changed, { r0: PC + 4 });
  });

  it('keep the stack pointer on words', () => {
    assert.deepEqual(execute(0x4685, { 0: 0x2003 }).changed, { r13: 0x2000 });
  });
});
