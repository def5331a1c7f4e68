// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STATE } from '../state.js';
import { Fpu } from './arithmetic.js';

// FPSCR by DDI 0403E, A2.5.3.
const AHP = 1 << 26, DN = 1 << 25, FZ = 1 << 24;
const NEAREST = 0, UP = 1 << 22, DOWN = 2 << 22, ZERO = 3 << 22;
const IDC = 0x80, IXC = 0x10, UFC = 8, OFC = 4, DZC = 2, IOC = 1;

const ONE = 0x3f800000, INFINITE = 0x7f800000, SIGN = 0x80000000 | 0, GREATEST = 0x7f7fffff, LEAST_NORMAL = 0x00800000, DENORMAL = 1;
const QUIET_1 = 0x7fc00001, QUIET_2 = 0xffc00002 | 0, SIGNALLING_1 = 0x7f800001, SIGNALLING_2 = 0xff800002 | 0;
const DEFAULT = 0x7fc00000;

const state = new Int32Array(128);
const fpu = new Fpu(state);
const hex = (bits: number): string => (bits >>> 0).toString(16);

/** Computes with FPSCR's modes and checks the result and the cumulative bits. */
function gives(modes: number, compute: () => number, result: number, raised = 0): void {
  fpu.setFpscr(modes);
  assert.equal(hex(compute()), hex(result));
  assert.equal(hex(fpu.getFpscr()), hex(modes | raised));
}

describe('Fpu', () => {
  test('FPSCR keeps what the unit has; reserved bits stay zero', () => {
    fpu.setFpscr(-1);
    assert.equal(hex(fpu.getFpscr()), 'f7c0009f');
    assert.equal(hex(state[STATE.FPCC]), 'f0000000');
    assert.equal(hex(state[STATE.FPSCR]), '7c0009f');
  });

  test('NaNs: the first signalling operand, else the first quiet one, made quiet (FPProcessNaNs)', () => {
    gives(0, () => fpu.add(QUIET_1, QUIET_2), QUIET_1);
    gives(0, () => fpu.add(QUIET_1, SIGNALLING_2), 0xffc00002, IOC);
    gives(0, () => fpu.sub(ONE, SIGNALLING_2), 0xffc00002, IOC);
    gives(DN, () => fpu.mul(QUIET_2, ONE), DEFAULT);
    gives(DN, () => fpu.mul(SIGNALLING_1, ONE), DEFAULT, IOC);
    gives(IXC, () => fpu.sqrt(QUIET_2), QUIET_2);
  });

  test('NaNs of a fused multiply-add: addend first, but zero times infinity spoils a quiet addend (FPProcessNaNs3, FPMulAdd)', () => {
    gives(0, () => fpu.fma(QUIET_1, QUIET_2, ONE), QUIET_1);
    gives(0, () => fpu.fma(QUIET_1, ONE, SIGNALLING_2), 0xffc00002, IOC);
    gives(0, () => fpu.fma(QUIET_2, 0, INFINITE), DEFAULT, IOC);
    gives(0, () => fpu.fma(SIGNALLING_2, 0, INFINITE), 0xffc00002, IOC);
  });

  test('invalid operations give the default NaN', () => {
    gives(0, () => fpu.sub(INFINITE, INFINITE), DEFAULT, IOC);
    gives(0, () => fpu.mul(0, INFINITE), DEFAULT, IOC);
    gives(0, () => fpu.div(0, SIGN), DEFAULT, IOC);
    gives(0, () => fpu.div(INFINITE, INFINITE), DEFAULT, IOC);
    gives(0, () => fpu.sqrt(SIGN | ONE), DEFAULT, IOC);
    gives(0, () => fpu.fma(INFINITE, INFINITE, SIGN | ONE), DEFAULT, IOC);
  });

  test('division by zero, of a finite dividend only', () => {
    gives(0, () => fpu.div(ONE, SIGN), SIGN | INFINITE, DZC);
    gives(0, () => fpu.div(INFINITE, 0), INFINITE);
  });

  test('zeros: signs agree, or the rounding mode decides', () => {
    gives(0, () => fpu.add(SIGN, SIGN), SIGN);
    gives(NEAREST, () => fpu.sub(ONE, ONE), 0);
    gives(UP, () => fpu.add(SIGN, 0), 0);
    gives(DOWN, () => fpu.sub(ONE, ONE), SIGN);
    gives(DOWN, () => fpu.fma(SIGN | ONE, ONE, ONE), SIGN);
  });

  test('overflow goes to infinity or the greatest number by the rounding mode', () => {
    gives(NEAREST, () => fpu.add(GREATEST, GREATEST), INFINITE, OFC | IXC);
    gives(ZERO, () => fpu.add(GREATEST, GREATEST), GREATEST, OFC | IXC);
    gives(UP, () => fpu.mul(SIGN | GREATEST, GREATEST), SIGN | GREATEST, OFC | IXC);
    gives(DOWN, () => fpu.mul(SIGN | GREATEST, GREATEST), SIGN | INFINITE, OFC | IXC);
  });

  test('underflow is seen before rounding, and only when the result is inexact', () => {
    // (1 - 2^-24) x 2^-126 rounds up to the least normal number.
    gives(0, () => fpu.mul(0x3f7fffff, LEAST_NORMAL), LEAST_NORMAL, UFC | IXC);
    gives(IXC, () => fpu.mul(0x3f7fffff, LEAST_NORMAL), LEAST_NORMAL, UFC);
    gives(0, () => fpu.mul(0x3f000000, LEAST_NORMAL), 0x00400000);
    gives(0, () => fpu.sub(LEAST_NORMAL, DENORMAL), 0x007fffff);
    gives(UP, () => fpu.mul(DENORMAL, 0x3f000000), DENORMAL, UFC | IXC);
  });

  test('flush-to-zero: denormal operands set IDC, denormal results UFC and nothing else', () => {
    gives(FZ, () => fpu.add(SIGN | DENORMAL, 0), 0, IDC);
    gives(FZ, () => fpu.add(DENORMAL, ONE), ONE, IDC);
    gives(FZ, () => fpu.mul(0x3f7fffff, SIGN | LEAST_NORMAL), SIGN, UFC);
    gives(FZ, () => fpu.add(DENORMAL, QUIET_1), QUIET_1, IDC);
    gives(FZ, () => fpu.toFixed(DENORMAL, true, 0, 32, true), 0, IDC);
    fpu.setFpscr(FZ);
    fpu.compare(DENORMAL, SIGN, false);
    assert.equal(hex(fpu.getFpscr()), hex(0x60000000 | FZ | IDC));
  });

  test('a fused sum whose double lies in the middle of two singles is rounded by what the double lacks', () => {
    // (1 + 2^-23) x (1 - 2^-23) x 2^-24 is 2^-70 less than 2^-24, the distance of 1 + 2^-23 from the middles on both sides.
    const [odd, b, c] = [0x3f800001, 0x3f800001, 0x337ffffe];
    for (const ixc of [0, IXC]) {
      gives(ixc, () => fpu.fma(odd, b, c), odd, IXC);
      gives(ixc, () => fpu.fma(odd, SIGN | b, c), odd, IXC);
    }
  });

  test('compare sets N, Z, C, V; quiet NaNs are invalid to VCMPE alone (FPCompare)', () => {
    const compared = (a: number, b: number, signalling = false): string => {
      fpu.setFpscr(0);
      fpu.compare(a, b, signalling);
      return hex(fpu.getFpscr());
    };
    assert.equal(compared(ONE, ONE), '60000000');
    assert.equal(compared(0, SIGN), '60000000');
    assert.equal(compared(SIGN | ONE, ONE), '80000000');
    assert.equal(compared(INFINITE, ONE), '20000000');
    assert.equal(compared(QUIET_1, ONE), '30000000');
    assert.equal(compared(QUIET_1, ONE, true), '30000001');
    assert.equal(compared(ONE, SIGNALLING_1), '30000001');
  });

  test('to integers: saturated with IOC, NaN to 0, else IXC (FPToFixed)', () => {
    const HALF = 0x3f000000, THREE_HALVES = 0x3fc00000;
    gives(0, () => fpu.toFixed(0x4f000000, true, 0, 32, true), 0x7fffffff, IOC);
    gives(0, () => fpu.toFixed(0xcf000000 | 0, true, 0, 32, true), SIGN);
    gives(0, () => fpu.toFixed(SIGN | ONE, false, 0, 32, true), 0, IOC);
    gives(0, () => fpu.toFixed(SIGN | HALF, false, 0, 32, true), 0, IXC);
    gives(0, () => fpu.toFixed(QUIET_1, true, 0, 32, true), 0, IOC);
    gives(0, () => fpu.toFixed(SIGN | INFINITE, true, 0, 16, true), 0xffff8000, IOC);
    gives(0, () => fpu.toFixed(INFINITE, false, 0, 16, true), 0xffff, IOC);
    gives(NEAREST, () => fpu.toFixed(THREE_HALVES, true, 0, 32, false), 2, IXC);
    gives(NEAREST, () => fpu.toFixed(HALF, true, 0, 32, false), 0, IXC);
    gives(UP, () => fpu.toFixed(HALF, true, 0, 32, false), 1, IXC);
    gives(DOWN, () => fpu.toFixed(SIGN | HALF, true, 0, 32, false), -1, IXC);
    gives(0, () => fpu.toFixed(THREE_HALVES, true, 15, 16, true), 0x7fff, IOC);
    gives(0, () => fpu.toFixed(SIGN | HALF, true, 15, 16, true), -0x4000);
  });

  test('from integers and fixed point', () => {
    gives(0, () => fpu.fromFixed(-1, true, 0, false), SIGN | ONE);
    gives(0, () => fpu.fromFixed(-1, false, 0, false), 0x4f800000, IXC);
    gives(ZERO, () => fpu.fromFixed(-1, false, 0, false), 0x4f7fffff, IXC);
    gives(ZERO, () => fpu.fromFixed(-1, false, 32, true), ONE, IXC);
    gives(DOWN, () => fpu.fromFixed(0, true, 5, false), 0);
    gives(0, () => fpu.fromFixed(1, false, 16, true), 0x37800000);
  });

  test('half precision, IEEE and alternative', () => {
    gives(0, () => fpu.toHalf(0x477ff000), 0x7c00, OFC | IXC);
    gives(0, () => fpu.toHalf(0x477fefff), 0x7bff, IXC);
    gives(AHP, () => fpu.toHalf(0x477ff000), 0x7c00, IXC);
    gives(AHP, () => fpu.toHalf(0x48000000), 0x7fff, IOC);
    gives(AHP, () => fpu.toHalf(SIGN | INFINITE), 0xffff, IOC);
    gives(AHP, () => fpu.toHalf(QUIET_2), 0x8000, IOC);
    gives(0, () => fpu.toHalf(0xffc02000 | 0), 0xfe01);
    gives(DN, () => fpu.toHalf(SIGNALLING_2), 0x7e00, IOC);
    gives(0, () => fpu.toHalf(0x33000001), 1, UFC | IXC);
    gives(FZ, () => fpu.toHalf(0x33800000), 1);
    gives(0, () => fpu.fromHalf(0x7c01), 0x7fc02000, IOC);
    gives(AHP, () => fpu.fromHalf(0xfc01), 0xc7802000);
    gives(0, () => fpu.fromHalf(0x8001), 0xb3800000);
  });
});
