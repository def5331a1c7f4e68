// SPDX-License-Identifier: MIT
// Each floating-point data-processing instruction against QEMU's Cortex-M4F: result and FPSCR in all modes, for special and random operands.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Fpu } from '../../host/cpu/arm/fpu/arithmetic.js';
import { Evaluator } from '../../host/cpu/arm/interpreter/evaluator.js';
import { decode } from '../../host/cpu/arm/isa/decode.js';
import { STATE } from '../../host/cpu/arm/state.js';
import { packageRoot } from '../../host/paths.js';
import { without } from '../../host/testing/needs.js';
import { randomOperands, randomWords, SPECIAL } from './operands.js';

const run = promisify(execFile);

/** Instructions with Sd = S0, Sn = S1, Sm = S2, as GNU as encodes them, and the row of the table. */
const INSTRUCTIONS: readonly [bits: number, row: string][] = [
  [0xee000a81, 'VMLA T2'], [0xee000ac1, 'VMLS T2'], [0xee100a81, 'VNMLS T2'], [0xee100ac1, 'VNMLA T2'],
  [0xee200a81, 'VMUL T2'], [0xee200ac1, 'VNMUL T2'], [0xee300a81, 'VADD T2'], [0xee300ac1, 'VSUB T2'], [0xee800a81, 'VDIV T2'],
  [0xee900a81, 'VFNMS T2'], [0xee900ac1, 'VFNMA T2'], [0xeea00a81, 'VFMA T2'], [0xeea00ac1, 'VFMS T2'],
  [0xeeb10ac1, 'VSQRT T1'], [0xeeb00ac1, 'VABS T1'], [0xeeb10a41, 'VNEG T1'], [0xeeb00a41, 'VMOV (register) T1'],
  [0xeeb40a41, 'VCMP T1'], [0xeeb40ac1, 'VCMPE T1'], [0xeeb50a40, 'VCMP T2'], [0xeeb50ac0, 'VCMPE T2'],
  [0xeeb80a41, 'VCVT (integer) T1 f32.u32'], [0xeeb80ac1, 'VCVT (integer) T1 f32.s32'], [0xeebc0ac1, 'VCVT (integer) T1 u32.f32'],
  [0xeebd0ac1, 'VCVT (integer) T1 s32.f32'], [0xeebc0a41, 'VCVTR T1 u32.f32'], [0xeebd0a41, 'VCVTR T1 s32.f32'],
  // #5, #16 and #1 of 16 bits; #32, #9 and #1 of 32.
  [0xeeba0a65, 'VCVT (fixed-point) T1 f32.s16'], [0xeebb0a40, 'VCVT (fixed-point) T1 f32.u16'],
  [0xeebe0a65, 'VCVT (fixed-point) T1 s16.f32'], [0xeebf0a47, 'VCVT (fixed-point) T1 u16.f32'],
  [0xeeba0ac0, 'VCVT (fixed-point) T1 f32.s32'], [0xeebb0aeb, 'VCVT (fixed-point) T1 f32.u32'],
  [0xeebe0aeb, 'VCVT (fixed-point) T1 s32.f32'], [0xeebf0ac0, 'VCVT (fixed-point) T1 u32.f32'],
  [0xeebe0aef, 'VCVT (fixed-point) T1 s32.f32'],
  [0xeeb20a41, 'VCVTB T1 f32.f16'], [0xeeb20ac1, 'VCVTT T1 f32.f16'], [0xeeb30a41, 'VCVTB T1 f16.f32'], [0xeeb30ac1, 'VCVTT T1 f16.f32'],
];
/** Operands of each instruction in each mode. */
const CASES = 1500;
const FZ = 1 << 24, DN = 1 << 25, AHP = 1 << 26, ALL = 0x9f, IXC = 0x10;

const state = new Int32Array(128);
const fpu = new Fpu(state);
const refuse = (): never => assert.fail('data processing touches no memory and does not branch');
const evaluator = new Evaluator(state, { load: refuse, store: refuse }, fpu, { unusualBranch: refuse, divideByZero: refuse });

const hex = (bits: number): string => (bits >>> 0).toString(16).padStart(8, '0');

describe('floating-point instructions on QEMU\'s Cortex-M4F', { skip: without('arm-none-eabi-gcc', 'qemu-system-arm') }, () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tonewheel-fpu-'));
    const wasm3 = join(packageRoot, 'tests', 'wasm3');
    await run('arm-none-eabi-gcc', ['-O2', '-Wall', '-Werror', '-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard',
      '-ffunction-sections', '-Wl,--gc-sections', '--specs=rdimon.specs', '-nostartfiles', '-T', join(wasm3, 'qemu.ld'),
      join(wasm3, 'qemu-start.c'), join(packageRoot, 'tests', 'fpu', 'qemu.c'), '-o', join(dir, 'program')]);
  });
  after(() => rm(dir, { recursive: true }));

  INSTRUCTIONS.forEach(([bits, name], index) => test(`${name} ${hex(bits)}`, async () => {
    const instruction = decode(bits >>> 16, bits & 0xffff, 0, false);
    assert.equal(instruction.row.name, name);
    const word = randomWords(index + 77);
    const records: number[] = [];
    // AHP is for half precision, whose operands are the low and high halves of a word.
    const half = name.startsWith('VCVTB') || name.startsWith('VCVTT');
    for (let mode = 0; mode < (half ? 32 : 16); mode++) {
      for (let i = 0; i < CASES; i++) {
        const operands = i < SPECIAL.length ? [SPECIAL[i], SPECIAL[i], SPECIAL[i]] : randomOperands(word);
        if (half && name.endsWith('f32.f16')) operands[2] = word() | 0;
        const old = [0, IXC, ALL & word()][word() % 3];
        records.push(bits, ((mode & 3) << 22) | (mode & 4 ? FZ : 0) | (mode & 8 ? DN : 0) | (mode & 16 ? AHP : 0) | old, ...operands);
      }
    }
    const cwd = await mkdtemp(join(dir, 'run-'));
    await writeFile(join(cwd, 'input.bin'), new Uint8Array(new Int32Array(records).buffer));
    await run('qemu-system-arm', ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native',
      '-kernel', join(dir, 'program')], { cwd });
    const output = await readFile(join(cwd, 'output.bin'));
    assert.equal(output.length, (records.length / 5) * 8);
    const failures: string[] = [];
    for (let i = 0; i < records.length / 5; i++) {
      const [, fpscr, ...operands] = records.slice(5 * i, 5 * i + 5);
      state.set(operands, STATE.S);
      fpu.setFpscr(fpscr);
      evaluator.execute(instruction);
      const got = `${hex(state[STATE.S])} ${hex(fpu.getFpscr())}`;
      const theirs = `${hex(output.readInt32LE(8 * i))} ${hex(output.readInt32LE(8 * i + 4))}`;
      if (got !== theirs) failures.push(`${operands.map(hex).join(' ')}, FPSCR ${hex(fpscr)}: ${got}, QEMU ${theirs}`);
    }
    assert.deepEqual(failures.slice(0, 8), [], `${failures.length} of ${records.length / 5} differ`);
  }));
});
