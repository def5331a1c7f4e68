// SPDX-License-Identifier: MIT
// The table in docs/floating-point.md: where its conditions hold, plain arithmetic gives the unit's result, and no cumulative bit but IXC is raised.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fpu } from '../../host/cpu/arm/fpu/arithmetic.js';
import { randomOperands, randomWords, SPECIAL } from './operands.js';

const view = new DataView(new ArrayBuffer(8));
const number = (bits: number): number => {
  view.setInt32(0, bits);
  return view.getFloat32(0);
};
const bitsOf = (value: number): number => {
  view.setFloat32(0, value);
  return view.getInt32(0);
};

const finite = (bits: number): boolean => (bits & 0x7f800000) !== 0x7f800000;
const beyondLeast = (bits: number): boolean => ((bits & 0x7fffffff) - 0x00800001) >>> 0 < 0x7effffff;
const isZero = (bits: number): boolean => (bits & 0x7fffffff) === 0;
/** The low word of a double is its low 32 bits. */
const isMiddle = (value: number): boolean => {
  view.setFloat64(0, value);
  return (view.getInt32(4) & 0x1fffffff) === 0x10000000;
};

/** What plain arithmetic gives; undefined where the table says to call. */
type Plain = (a: number, b: number, c: number) => number | undefined;
type Exact = (fpu: Fpu, a: number, b: number, c: number) => number;

/** Rounds to nearest, ties to even, as `f64.nearest`. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  const error = value - floor;
  return error > 0.5 || (error === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

const toInteger = (signed: boolean, bits: 16 | 32, fractionBits: number, towardsZero: boolean): [Plain, Exact] => [
  (a) => {
    const scaled = number(a) * 2 ** fractionBits;
    const value = towardsZero ? scaled : nearest(scaled);
    const inRange = signed ? -(2 ** (bits - 1)) - 1 < value && value < 2 ** (bits - 1) : -1 < value && value < 2 ** bits;
    return inRange ? Math.trunc(value) | 0 : undefined;
  },
  (fpu, a) => fpu.toFixed(a, signed, fractionBits, bits, towardsZero),
];

const fused: Plain = (a, b, c) => {
  const sum = number(b) * number(c) + number(a);
  const bits = bitsOf(sum);
  return sum === 0 || (beyondLeast(bits) && !isMiddle(sum)) ? bits : undefined;
};

const TABLE: Record<string, [Plain, Exact]> = {
  VADD: [(a, b) => {
    const bits = bitsOf(number(a) + number(b));
    return finite(bits) ? bits : undefined;
  }, (fpu, a, b) => fpu.add(a, b)],
  VSUB: [(a, b) => {
    const bits = bitsOf(number(a) - number(b));
    return finite(bits) ? bits : undefined;
  }, (fpu, a, b) => fpu.sub(a, b)],
  VMUL: [(a, b) => {
    const bits = bitsOf(number(a) * number(b));
    return beyondLeast(bits) || (isZero(bits) && (isZero(a) || isZero(b))) ? bits : undefined;
  }, (fpu, a, b) => fpu.mul(a, b)],
  VDIV: [(a, b) => {
    const bits = bitsOf(number(a) / number(b));
    return beyondLeast(bits) || (isZero(bits) && isZero(a)) ? bits : undefined;
  }, (fpu, a, b) => fpu.div(a, b)],
  VSQRT: [(a) => {
    const bits = bitsOf(Math.sqrt(number(a)));
    return finite(bits) ? bits : undefined;
  }, (fpu, a) => fpu.sqrt(a)],
  VFMA: [fused, (fpu, a, b, c) => fpu.fma(a, b, c)],
  VCMPE: [(a, b) => {
    const [x, y] = [number(a), number(b)];
    return x === x && y === y ? (x === y ? 6 : x < y ? 8 : 2) << 28 : undefined;
  }, (fpu, a, b) => {
    fpu.compare(a, b, true);
    const flags = fpu.getFpscr();
    fpu.setFpscr(flags & 0x0fffffff);
    return flags & 0xf0000000;
  }],
  'VCVT from s32': [(a) => bitsOf(a), (fpu, a) => fpu.fromFixed(a, true, 0, false)],
  'VCVT from u32 #19': [(a) => bitsOf(Math.fround(a >>> 0) * 2 ** -19), (fpu, a) => fpu.fromFixed(a, false, 19, true)],
  'VCVT to s32': toInteger(true, 32, 0, true),
  'VCVT to u32': toInteger(false, 32, 0, true),
  'VCVT to u32 #31': toInteger(false, 32, 31, true),
  'VCVTR to s32': toInteger(true, 32, 0, false),
  'VCVTR to u32': toInteger(false, 32, 0, false),
  'VCVT to s16 #15': toInteger(true, 16, 15, true),
  'VCVT to u16 #8': toInteger(false, 16, 8, true),
};

const RANDOM = 200_000;
const IXC = 0x10;

describe('plain arithmetic while STATE.FPU_PLAIN is 1', () => {
  for (const [name, [plain, exact]] of Object.entries(TABLE)) {
    test(name, () => {
      const fpu = new Fpu(new Int32Array(128));
      const word = randomWords(name.length * 7919);
      let taken = 0;
      const check = (a: number, b: number, c: number): void => {
        const bits = plain(a, b, c);
        if (bits === undefined) return;
        taken++;
        // Without IXC the unit goes the exact way.
        fpu.setFpscr(0);
        const result = exact(fpu, a, b, c);
        assert.ok(result === bits && (fpu.getFpscr() & ~IXC) === 0,
          `${[a, b, c].map((x) => (x >>> 0).toString(16)).join(' ')}: ${(bits >>> 0).toString(16)}, ${(result >>> 0).toString(16)}, ${fpu.getFpscr()}`);
      };
      for (const a of SPECIAL) for (const b of SPECIAL) check(a, b, a);
      for (let i = 0; i < RANDOM; i++) check(...randomOperands(word));
      assert.ok(taken > RANDOM / 8, `the conditions held ${taken} times`);
    });
  }
});
