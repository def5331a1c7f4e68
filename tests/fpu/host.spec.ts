// SPDX-License-Identifier: MIT
// The floating-point unit's arithmetic against the unit of the computer that the tests run on: results bit for bit, and the cumulative bits.
//
// IEEE 754 leaves open what a NaN's bits are, when underflow is seen, and what flush-to-zero does: there the rules of ARM DDI 0403E, A2.5 are restated.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Fpu } from '../../host/cpu/arm/fpu/arithmetic.js';
import { STATE } from '../../host/cpu/arm/state.js';
import { withProgram } from '../../host/testing/c-compiler.js';
import { without } from '../../host/testing/needs.js';
import { randomOperands, randomWords, SPECIAL } from './operands.js';

const IOC = 1, UFC = 8, IXC = 16, IDC = 128;
const FZ = 1 << 24, DN = 1 << 25;
const CUMULATIVE = 0x9f;
/** The host's mark of a result below the least normal number before rounding. */
const TINY = 0x80000000 | 0;

type Compute = (fpu: Fpu, a: number, b: number, c: number) => number;
interface Operation {
  readonly name: string;
  /** Its number in host.c. */
  readonly code: number;
  /** How many operands are floats, in the order in which NaNs are looked for. */
  readonly floats: number;
  readonly compute: Compute;
  /** Word b of the host's record instead of an operand. */
  readonly b?: number;
  readonly toHalf?: boolean;
  readonly toInteger?: boolean;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'add', code: 0, floats: 2, compute: (fpu, a, b) => fpu.add(a, b) },
  { name: 'sub', code: 1, floats: 2, compute: (fpu, a, b) => fpu.sub(a, b) },
  { name: 'mul', code: 2, floats: 2, compute: (fpu, a, b) => fpu.mul(a, b) },
  { name: 'div', code: 3, floats: 2, compute: (fpu, a, b) => fpu.div(a, b) },
  { name: 'sqrt', code: 4, floats: 1, compute: (fpu, a) => fpu.sqrt(a) },
  { name: 'fma', code: 5, floats: 3, compute: (fpu, a, b, c) => fpu.fma(a, b, c) },
  ...[0, 1, 7, 16, 31, 32].flatMap((bits) => [false, true].flatMap((signed): Operation[] => [
    { name: `from ${signed ? 's' : 'u'}32 #${bits}`, code: 8, floats: 0, b: bits | (signed ? 64 : 0), compute: (fpu, a) => fpu.fromFixed(a, signed, bits, false) },
    { name: `to ${signed ? 's' : 'u'}32 #${bits}`, code: 9, floats: 1, b: bits | (signed ? 64 : 0), toInteger: true, compute: (fpu, a) => fpu.toFixed(a, signed, bits, 32, false) },
  ])),
  ...[0, 3, 15, 16].flatMap((bits) => [false, true].map((signed): Operation => (
    { name: `to ${signed ? 's' : 'u'}16 #${bits}`, code: 9, floats: 1, b: bits | 128 | (signed ? 64 : 0), toInteger: true, compute: (fpu, a) => fpu.toFixed(a, signed, bits, 16, false) }
  ))),
  { name: 'to half', code: 11, floats: 1, toHalf: true, compute: (fpu, a) => fpu.toHalf(a) },
];

const magnitude = (bits: number): number => bits & 0x7fffffff;
const isNaNPattern = (bits: number): boolean => magnitude(bits) > 0x7f800000;
const isSignalling = (bits: number): boolean => isNaNPattern(bits) && (bits & 0x400000) === 0;
const isDenormal = (bits: number): boolean => magnitude(bits) !== 0 && magnitude(bits) < 0x800000;
const hex = (bits: number): string => (bits >>> 0).toString(16).padStart(8, '0');

/** The result when an operand is a NaN, and FPSCR's bits (FPProcessNaNs, FPProcessNaNs3, FPToFixed, FPSingleToHalf). */
function ofNaNs(operation: Operation, operands: readonly number[], fpscr: number): [number, number] {
  const signalling = operands.find(isSignalling);
  const flags = signalling === undefined ? 0 : IOC;
  const nan = signalling ?? operands.find(isNaNPattern)!;
  if (operation.toInteger) return [0, IOC];
  if (operation.toHalf) return [(fpscr & DN) !== 0 ? 0x7e00 : ((nan >>> 16) & 0x8000) | 0x7e00 | ((nan >>> 13) & 0x1ff), flags];
  const [a, b, c] = operands;
  const zeroTimesInfinity = operands.length === 3 && ((magnitude(b) === 0 && magnitude(c) === 0x7f800000) || (magnitude(c) === 0 && magnitude(b) === 0x7f800000));
  if (zeroTimesInfinity && isNaNPattern(a) && !isSignalling(a)) return [0x7fc00000, IOC];
  return [(fpscr & DN) !== 0 ? 0x7fc00000 : nan | 0x400000, flags];
}

/** What the architecture makes of the host's result. */
function expected(operation: Operation, operands: readonly number[], fpscr: number, result: number, flags: number): [number, number] {
  const floats = operands.slice(0, operation.floats);
  const denormal = (fpscr & FZ) !== 0 && floats.some(isDenormal) ? IDC : 0;
  const seen = floats.map((bits) => ((fpscr & FZ) !== 0 && isDenormal(bits) ? bits & 0x80000000 : bits));
  if (seen.some(isNaNPattern)) {
    const [nan, raised] = ofNaNs(operation, seen, fpscr);
    return [nan, raised | denormal];
  }
  if (operation.toInteger) return [result, flags | denormal];
  if (!operation.toHalf && isNaNPattern(result)) return [0x7fc00000, IOC | denormal];
  const tiny = (flags & TINY) !== 0;
  if (tiny && (fpscr & FZ) !== 0 && !operation.toHalf) return [result & 0x80000000, UFC | denormal];
  const underflow = tiny && (flags & IXC) !== 0 ? UFC : 0;
  return [result, (flags & CUMULATIVE & ~UFC) | underflow | denormal];
}

describe('the floating-point unit computes as the host does', { skip: without('C compiler') }, () => {
  let program: string;
  let release: () => void;
  let built: Promise<void>;
  before(async () => {
    await new Promise<void>((ready, failed) => {
      built = withProgram('tests/fpu/host.c', ['m'], (path) => new Promise((done) => {
        program = path;
        release = done;
        ready();
      }));
      built.catch(failed);
    });
  });
  after(async () => {
    release();
    await built;
  });

  const CASES = 6000;
  const state = new Int32Array(128);
  const fpu = new Fpu(state);

  for (const operation of OPERATIONS) {
    test(operation.name, () => {
      const word = randomWords(operation.code * 977 + (operation.b ?? 0) * 31 + 5);
      const operands: [number, number, number][] = [];
      if (operation.floats === 2) for (const a of SPECIAL) for (const b of SPECIAL) operands.push([a, b, 0]);
      else for (const a of SPECIAL) operands.push([a, 0, 0]);
      while (operands.length < SPECIAL.length ** 2 + CASES) operands.push(randomOperands(word));
      for (let mode = 0; mode < 8; mode++) {
        const records = new Int32Array(operands.flatMap(([a, b, c]) => [operation.code, mode, a, operation.b ?? b, c]));
        const run = spawnSync(program, { input: new Uint8Array(records.buffer), maxBuffer: 1 << 26 });
        assert.equal(run.status, 0);
        const answers = new Int32Array(run.stdout.buffer.slice(run.stdout.byteOffset, run.stdout.byteOffset + run.stdout.length));
        assert.equal(answers.length, 2 * operands.length);
        for (const dn of [0, DN]) {
          const fpscr = ((mode & 3) << 22) | ((mode & 4) !== 0 ? FZ : 0) | dn;
          operands.forEach((all, i) => {
            const [result, raised] = expected(operation, all, fpscr, answers[2 * i], answers[2 * i + 1]);
            // Once from clean bits, once with IXC set, which lets the quick way be taken.
            for (const old of [0, IXC]) {
              fpu.setFpscr(fpscr | old);
              const got = operation.compute(fpu, ...all);
              if (got === result && fpu.getFpscr() === (fpscr | old | raised)) continue;
              assert.fail(`${operation.name} ${all.map(hex).join(' ')}, FPSCR ${hex(fpscr | old)}: ${hex(got)}, FPSCR ${hex(fpu.getFpscr())}, `
                + `but the host has ${hex(result)}, FPSCR ${hex(fpscr | old | raised)}`);
            }
          });
        }
      }
    });
  }

  test('compare', () => {
    const word = randomWords(9);
    const operands = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b]));
    for (let i = 0; i < CASES; i++) operands.push(randomOperands(word).slice(0, 2));
    for (const signalling of [false, true]) {
      for (const fz of [0, FZ]) {
        const records = new Int32Array(operands.flatMap(([a, b]) => [signalling ? 7 : 6, fz === 0 ? 0 : 4, a, b, 0]));
        const { stdout } = spawnSync(program, { input: new Uint8Array(records.buffer), maxBuffer: 1 << 26 });
        operands.forEach(([a, b], i) => {
          fpu.setFpscr(fz);
          fpu.compare(a, b, signalling);
          const raised = stdout.readInt32LE(8 * i + 4) | (fz !== 0 && (isDenormal(a) || isDenormal(b)) ? IDC : 0);
          assert.equal(hex(fpu.getFpscr()), hex(stdout.readInt32LE(8 * i) | fz | raised), `${hex(a)} ${hex(b)} ${signalling}`);
        });
      }
    }
  });

  test('from half, all 65,536 of them', () => {
    const records = new Int32Array(Array.from({ length: 65536 }, (_, a) => [10, 0, a, 0, 0]).flat());
    const { stdout } = spawnSync(program, { input: new Uint8Array(records.buffer), maxBuffer: 1 << 26 });
    for (let a = 0; a < 65536; a++) {
      fpu.setFpscr(0);
      assert.equal(hex(fpu.fromHalf(a)), hex(stdout.readInt32LE(8 * a)), hex(a));
      assert.equal(fpu.getFpscr(), stdout.readInt32LE(8 * a + 4), hex(a));
    }
  });

  test('the quick way is open exactly when rounding to nearest, not flushing to zero, and IXC is set', () => {
    for (let mode = 0; mode < 4; mode++) for (const fz of [0, FZ]) for (const ixc of [0, IXC]) {
      fpu.setFpscr((mode << 22) | fz | ixc);
      assert.equal(state[STATE.FPU_PLAIN], Number(mode === 0 && fz === 0 && ixc !== 0));
    }
    fpu.setFpscr(0);
    fpu.div(0x3f800000, 0x40400000);
    assert.equal(state[STATE.FPU_PLAIN], 1, 'after an inexact result');
  });
});
