// SPDX-License-Identifier: MIT
// Floating-point instructions as the table decodes and the interpreter executes them; encodings are GNU as's. What they compute is the matter of
// fpu/arithmetic.spec.ts and of tests/fpu.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { CoreControl } from '../core/control.js';
import { Fpu } from '../fpu/arithmetic.js';
import { Evaluator } from '../interpreter/evaluator.js';
import { STATE } from '../state.js';
import { issueCycles } from '../timing.js';
import { decode } from './decode.js';
import type { SystemRow } from './row.js';

const PC = 0x102;
const state = new Int32Array(128);
const fpu = new Fpu(state);
const memory = new Map<number, number>();
/** Words only, aligned only: what floating-point instructions ask for. */
const evaluator = new Evaluator(state, {
  load: (address, size, kind) => {
    assert.equal(size, 4);
    assert.equal(kind, 'aligned');
    if (!memory.has(address)) throw new Error(`nothing at 0x${address.toString(16)}`);
    return memory.get(address)!;
  },
  store: (address, size, value, kind) => {
    assert.equal(size, 4);
    assert.equal(kind, 'aligned');
    memory.set(address, value);
  },
}, fpu, { unusualBranch: () => assert.fail(), divideByZero: () => assert.fail() });
const core = { ops: evaluator, readFpscr: () => fpu.getFpscr(), writeFpscr: (value: number) => fpu.setFpscr(value) } as unknown as CoreControl;

const at = (hw1: number, hw2: number) => decode(hw1, hw2, PC, false);
function execute(hw1: number, hw2: number): void {
  const instruction = at(hw1, hw2);
  assert.equal(instruction.row.fpu, true);
  state[STATE.PC] = PC;
  if ('run' in instruction.row) evaluator.execute(instruction);
  else (instruction.row as SystemRow).system(core, instruction.fields, instruction);
}
const s = (n: number): number => state[STATE.S + n];
const r = (n: number): number => state[STATE.R + n];

beforeEach(() => {
  state.fill(0);
  memory.clear();
  for (let n = 0; n < 32; n++) state[STATE.S + n] = 100 + n;
  for (let n = 0; n < 13; n++) state[STATE.R + n] = 0x1000 * n;
});

describe('transfers between registers', () => {
  test('VMOV of one word, of two, and of halves of a double register', () => {
    execute(0xee12, 0x1a90); // vmov r1, s5
    assert.equal(r(1), 105);
    execute(0xee02, 0x4a90); // vmov s5, r4
    assert.equal(s(5), 0x4000);
    execute(0xec42, 0x3a32); // vmov s5, s6, r3, r2
    assert.deepEqual([s(5), s(6)], [0x3000, 0x2000]);
    execute(0xec52, 0x3b15); // vmov r3, r2, d5
    assert.deepEqual([r(3), r(2)], [110, 111]);
    execute(0xec47, 0x6b15); // vmov d5, r6, r7
    assert.deepEqual([s(10), s(11)], [0x6000, 0x7000]);
    execute(0xee23, 0x4b10); // vmov.32 d3[1], r4
    assert.deepEqual([s(6), s(7)], [0x2000, 0x4000]);
    execute(0xee13, 0x5b10); // vmov.32 r5, d3[0]
    assert.equal(r(5), 0x2000);
  });

  test('VMOV (immediate): sign, exponent, fraction (VFPExpandImm)', () => {
    execute(0xeef7, 0x1a00); // vmov.f32 s3, #1.0
    assert.equal(s(3), 0x3f800000);
    execute(0xeefb, 0x1a0f); // vmov.f32 s3, #-31.0, 0xbf
    assert.equal(s(3) >>> 0, 0xc1f80000);
    execute(0xeef4, 0x1a00); // vmov.f32 s3, #0.125, 0x40
    assert.equal(s(3), 0x3e000000);
  });

  test('VMSR, VMRS, and flags to APSR', () => {
    state[STATE.R + 3] = 0xa5ffffff | 0;
    execute(0xeee1, 0x3a10); // vmsr fpscr, r3
    execute(0xeef1, 0x4a10); // vmrs r4, fpscr
    assert.equal(r(4) >>> 0, 0xa5c0009f);
    execute(0xeef1, 0xfa10); // vmrs APSR_nzcv, fpscr
    assert.deepEqual([evaluator.n(), evaluator.z(), evaluator.c(), evaluator.v()], [1, 0, 1, 0]);
  });
});

describe('loads and stores', () => {
  test('VLDR and VSTR: offsets both ways, the aligned PC as a base, double registers low word first', () => {
    memory.set(0x1ffc, 7).set(0x10c, 8).set(0x110, 9);
    execute(0xed12, 0x0a01); // vldr s0, [r2, #-4]
    assert.equal(s(0), 7);
    execute(0xed9f, 0x1b02); // vldr d1, [pc, #8]; the PC reads as 0x106, aligned 0x104
    assert.deepEqual([s(2), s(3)], [8, 9]);
    execute(0xed81, 0x1b02); // vstr d1, [r1, #8]
    assert.deepEqual([memory.get(0x1008), memory.get(0x100c)], [8, 9]);
    execute(0xedc1, 0x7aff); // vstr s15, [r1, #1020]
    assert.equal(memory.get(0x13fc), 115);
  });

  test('VPUSH and VPOP move the stack pointer', () => {
    state[STATE.R + 13] = 0x8000;
    execute(0xed6d, 0x0a03); // vpush {s1-s3}
    assert.deepEqual([r(13), memory.get(0x7ff4), memory.get(0x7ff8), memory.get(0x7ffc)], [0x7ff4, 101, 102, 103]);
    memory.set(0x8000, 5);
    execute(0xecbd, 0x8b04); // vpop {d8-d9}
    assert.deepEqual([r(13), s(16), s(17), s(18), s(19)], [0x8004, 101, 102, 103, 5]);
  });

  test('VLDM and VSTM: with and without writing back, upwards and downwards', () => {
    execute(0xec84, 0x1b02); // vstmia r4, {d1}
    assert.deepEqual([r(4), memory.get(0x4000), memory.get(0x4004)], [0x4000, 102, 103]);
    execute(0xed65, 0x0a02); // vstmdb r5!, {s1-s2}
    assert.deepEqual([r(5), memory.get(0x4ff8), memory.get(0x4ffc)], [0x4ff8, 101, 102]);
    execute(0xecf5, 0x0a02); // vldmia r5!, {s1-s2}
    assert.deepEqual([r(5), s(1), s(2)], [0x5000, 101, 102]);
    memory.set(0x3ff8, 21).set(0x3ffc, 22);
    execute(0xed34, 0x2b02); // vldmdb r4!, {d2}
    assert.deepEqual([r(4), s(4), s(5)], [0x3ff8, 21, 22]);
    execute(0xeca6, 0x1b05); // fstmiax r6!, {d1-d2}: four words, and one more of room
    assert.deepEqual([r(6), memory.get(0x6000), memory.get(0x600c), memory.has(0x6010)], [0x6014, 102, 22, false]);
  });

  test('a fault in the middle of a list leaves all registers as they were', () => {
    memory.set(0x5000, 1);
    assert.throws(() => execute(0xecf5, 0x0a02), /nothing at 0x5004/); // vldmia r5!, {s1-s2}
    assert.deepEqual([r(5), s(1), s(2)], [0x5000, 101, 102]);
  });
});

describe('what an FPv4-SP unit leaves undefined', () => {
  const undefinedAt = (hw1: number, hw2: number): void => {
    const { row } = at(hw1, hw2);
    assert.ok(row.fpu && 'system' in row && row.name.startsWith('UNDEFINED'), row.name);
  };
  test('double-precision arithmetic, conversions and comparisons', () => {
    undefinedAt(0xee31, 0x0b02); // vadd.f64 d0, d1, d2
    undefinedAt(0xeea1, 0x0b02); // vfma.f64
    undefinedAt(0xeeb7, 0x0ac1); // vcvt.f64.f32 d0, s2
    undefinedAt(0xeeb7, 0x0bc1); // vcvt.f32.f64 s0, d1
    undefinedAt(0xeeb4, 0x0b41); // vcmp.f64 d0, d1
    undefinedAt(0xeeb8, 0x0bc1); // vcvt.f64.s32 d0, s2
    undefinedAt(0xeeb0, 0x0b41); // vmov.f64 d0, d1
  });
  test('registers beyond D15, lists beyond S31, empty lists, and instructions of later units', () => {
    undefinedAt(0xedd1, 0x0b00); // vldr d16, [r1]
    undefinedAt(0xecd1, 0xfa02); // vldmia r1, {s31-s32}
    undefinedAt(0xec91, 0xfb04); // vldmia r1, {d15-d16}
    undefinedAt(0xec91, 0x0a00); // vldmia r1, {}
    undefinedAt(0xfe00, 0x0a81); // vseleq.f32 s0, s1, s2
    undefinedAt(0xfe80, 0x0a81); // vmaxnm.f32 s0, s1, s2
  });
});

test('cycles (DDI 0439, table 7-1)', () => {
  const cycles: readonly [number, number, number][] = [
    [0xee30, 0x0a81, 1], [0xee20, 0x0a81, 1], [0xee00, 0x0a81, 3], [0xeea0, 0x0a81, 3], [0xee80, 0x0a81, 14], [0xeeb1, 0x0ac1, 14], // VADD to VSQRT
    [0xeeb8, 0x0ac1, 1], [0xeeb4, 0x0a41, 1], [0xeeb0, 0x0a41, 1], [0xee12, 0x1a90, 1], [0xec42, 0x3a32, 2], [0xec52, 0x3b15, 2], [0xeef1, 0x4a10, 1],
    [0xed91, 0x0a00, 2], [0xed91, 0x0b00, 3], [0xed81, 0x0a00, 2], [0xed81, 0x0b00, 3], // VLDR, VSTR
    [0xecbd, 0x8a04, 5], [0xecbd, 0x8b04, 5], [0xed2d, 0x8b08, 9], // VPOP of four, VPUSH of eight words
  ];
  for (const [hw1, hw2, expected] of cycles) assert.equal(issueCycles(at(hw1, hw2)), expected, at(hw1, hw2).row.name);
});
