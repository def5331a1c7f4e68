// SPDX-License-Identifier: MIT
// The FPv4-SP instructions of a Cortex-M4F (ARM DDI 0403E, A6.4 to A6.7 and A7.7, T1 and T2 encodings of V*): data processing. Transfers between
// registers and with memory are in floating-point-transfers.ts.

import { fpTransferRows } from './floating-point-transfers.js';
import { single, singleText } from './floating-point-registers.js';
import type { Ops } from './ops.js';
import type { Fields, Row, TimingClass } from './row.js';

const SIGN = 0x80000000 | 0;

const negate = <V>(o: Ops<V>, a: V): V => o.xor(a, o.const(SIGN));
const d = (f: Fields): number => single(f.Vd, f.D);
const n = (f: Fields): number => single(f.Vn, f.N);
const m = (f: Fields): number => single(f.Vm, f.M);

/** What an operation of three registers computes of Sd, Sn and Sm. */
type Ternary = <V>(o: Ops<V>, d: () => V, n: V, m: V) => V;

/** Sd = Sn op Sm, or with Sd too. @param opc the bits 1110 1110 are followed by, around D; @param op bit 6 */
function ternary(mnemonic: string, opc: string, op: 0 | 1, timing: TimingClass, compute: Ternary): Row {
  return {
    name: `${mnemonic} T2`,
    pattern: `11101110 ${opc[0]} D:1 ${opc.slice(1)} Vn:4 Vd:4 1010 N:1 ${op} M:1 0 Vm:4`,
    text: (f) => `${mnemonic.toLowerCase()}.f32 ${singleText(d(f))}, ${singleText(n(f))}, ${singleText(m(f))}`,
    timing,
    fpu: true,
    run: (o, f) => o.setS(d(f), compute(o, () => o.s(d(f)), o.s(n(f)), o.s(m(f)))),
  };
}

type Unary = <V>(o: Ops<V>, m: V) => V;

/** Sd = op Sm. @param opc bits 19 to 16 and 7 to 6; @param types what follows the mnemonic */
function unary(name: string, opc: string, types: string, timing: TimingClass, compute: Unary): Row {
  const mnemonic = name.split(' ')[0].toLowerCase();
  return {
    name,
    pattern: `11101110 1 D:1 11 ${opc.slice(0, 4)} Vd:4 1010 ${opc.slice(4)} M:1 0 Vm:4`,
    text: (f) => `${mnemonic}${types} ${singleText(d(f))}, ${singleText(m(f))}`,
    timing,
    fpu: true,
    run: (o, f) => o.setS(d(f), compute(o, o.s(m(f)))),
  };
}

/** VCMP and VCMPE. */
function compare(signalling: boolean): Row[] {
  const name = signalling ? 'VCMPE' : 'VCMP';
  const e = Number(signalling);
  const common = { timing: 'fpu', fpu: true } as const;
  return [{
    ...common,
    name: `${name} T1`,
    pattern: `11101110 1 D:1 11 0100 Vd:4 1010 ${e} 1 M:1 0 Vm:4`,
    text: (f) => `${name.toLowerCase()}.f32 ${singleText(d(f))}, ${singleText(m(f))}`,
    run: (o, f) => o.fcompare(o.s(d(f)), o.s(m(f)), signalling),
  }, {
    ...common,
    name: `${name} T2`,
    pattern: `11101110 1 D:1 11 0101 Vd:4 1010 ${e} 1 (0) 0 (0)(0)(0)(0)`,
    text: (f) => `${name.toLowerCase()}.f32 ${singleText(d(f))}, #0.0`,
    run: (o, f) => o.fcompare(o.s(d(f)), o.const(0), signalling),
  }];
}

/** VCVT between float and fixed point: in one register. */
function fixedPoint(toFixed: boolean, signed: boolean, bits: 16 | 32): Row {
  const type = `${signed ? 's' : 'u'}${bits}`;
  const types = toFixed ? `${type}.f32` : `f32.${type}`;
  const fractionBits = (f: Fields): number => bits - (f.imm4 * 2 + f.i);
  return {
    name: `VCVT (fixed-point) T1 ${types}`,
    pattern: `11101110 1 D:1 11 1 ${Number(toFixed)} 1 ${Number(!signed)} Vd:4 1010 ${Number(bits === 32)} 1 i:1 0 imm4:4`,
    // More fraction bits than bits are UNPREDICTABLE.
    when: (f) => fractionBits(f) >= 0,
    text: (f) => `vcvt.${types} ${singleText(d(f))}, ${singleText(d(f))}, #${fractionBits(f)}`,
    timing: 'fpuConvert',
    fpu: true,
    run: (o, f) => {
      if (toFixed) {
        o.setS(d(f), o.toFixed(o.s(d(f)), signed, fractionBits(f), bits, true));
        return;
      }
      const narrow = bits === 32 ? o.s(d(f)) : signed ? o.extend16(o.s(d(f))) : o.and(o.s(d(f)), o.const(0xffff));
      o.setS(d(f), o.fromFixed(narrow, signed, fractionBits(f), true));
    },
  };
}

/** VCVTB and VCVTT: the half precision is in the bottom or the top of a register, whose other half stays. */
function half(top: boolean): Row[] {
  const name = top ? 'VCVTT' : 'VCVTB';
  const t = Number(top);
  const common = { timing: 'fpuConvert', fpu: true } as const;
  return [{
    ...common,
    name: `${name} T1 f32.f16`,
    pattern: `11101110 1 D:1 11 0010 Vd:4 1010 ${t} 1 M:1 0 Vm:4`,
    text: (f) => `${name.toLowerCase()}.f32.f16 ${singleText(d(f))}, ${singleText(m(f))}`,
    run: (o, f) => o.setS(d(f), o.fromHalf(top ? o.shrUnsigned(o.s(m(f)), o.const(16)) : o.and(o.s(m(f)), o.const(0xffff)))),
  }, {
    ...common,
    name: `${name} T1 f16.f32`,
    pattern: `11101110 1 D:1 11 0011 Vd:4 1010 ${t} 1 M:1 0 Vm:4`,
    text: (f) => `${name.toLowerCase()}.f16.f32 ${singleText(d(f))}, ${singleText(m(f))}`,
    run: (o, f) => {
      const bits = o.toHalf(o.s(m(f)));
      const rest = o.and(o.s(d(f)), o.const(top ? 0xffff : 0xffff0000 | 0));
      o.setS(d(f), o.or(rest, top ? o.shl(bits, o.const(16)) : bits));
    },
  }];
}

/** VFPExpandImm for 32 bits (A6.4.1). */
export function expandImmediate(imm8: number): number {
  const exponent = (imm8 & 0x40) !== 0 ? 0x3e000000 : 0x40000000;
  return ((imm8 & 0x80) << 24) | exponent | ((imm8 & 0x3f) << 19);
}

const arithmetic: readonly Row[] = [
  ternary('VMLA', '000', 0, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.fadd(sd(), o.fmul(sn, sm))),
  ternary('VMLS', '000', 1, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.fadd(sd(), negate(o, o.fmul(sn, sm)))),
  ternary('VNMLS', '001', 0, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.fadd(negate(o, sd()), o.fmul(sn, sm))),
  ternary('VNMLA', '001', 1, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.fadd(negate(o, sd()), negate(o, o.fmul(sn, sm)))),
  ternary('VMUL', '010', 0, 'fpuMultiply', (o, _, sn, sm) => o.fmul(sn, sm)),
  ternary('VNMUL', '010', 1, 'fpuMultiply', (o, _, sn, sm) => negate(o, o.fmul(sn, sm))),
  ternary('VADD', '011', 0, 'fpu', (o, _, sn, sm) => o.fadd(sn, sm)),
  ternary('VSUB', '011', 1, 'fpu', (o, _, sn, sm) => o.fsub(sn, sm)),
  ternary('VDIV', '100', 0, 'fpuDivide', (o, _, sn, sm) => o.fdiv(sn, sm)),
  ternary('VFNMS', '101', 0, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.ffma(negate(o, sd()), sn, sm)),
  ternary('VFNMA', '101', 1, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.ffma(negate(o, sd()), negate(o, sn), sm)),
  ternary('VFMA', '110', 0, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.ffma(sd(), sn, sm)),
  ternary('VFMS', '110', 1, 'fpuMultiplyAccumulate', (o, sd, sn, sm) => o.ffma(sd(), negate(o, sn), sm)),
  {
    name: 'VMOV (immediate) T1',
    pattern: '11101110 1 D:1 11 imm4H:4 Vd:4 1010 (0)0(0)0 imm4L:4',
    text: (f) => `vmov.f32 ${singleText(d(f))}, #${(f.imm4H << 4) | f.imm4L}`,
    timing: 'fpu',
    fpu: true,
    run: (o, f) => o.setS(d(f), o.const(expandImmediate((f.imm4H << 4) | f.imm4L))),
  },
  unary('VMOV (register) T1', '000001', '.f32', 'fpu', (_, sm) => sm),
  unary('VABS T1', '000011', '.f32', 'fpu', (o, sm) => o.and(sm, o.const(~SIGN))),
  unary('VNEG T1', '000101', '.f32', 'fpu', (o, sm) => negate(o, sm)),
  unary('VSQRT T1', '000111', '.f32', 'fpuDivide', (o, sm) => o.fsqrt(sm)),
  ...half(false), ...half(true),
  ...compare(false), ...compare(true),
  unary('VCVT (integer) T1 f32.u32', '100001', '.f32.u32', 'fpuConvert', (o, sm) => o.fromFixed(sm, false, 0, false)),
  unary('VCVT (integer) T1 f32.s32', '100011', '.f32.s32', 'fpuConvert', (o, sm) => o.fromFixed(sm, true, 0, false)),
  unary('VCVTR T1 u32.f32', '110001', '.u32.f32', 'fpuConvert', (o, sm) => o.toFixed(sm, false, 0, 32, false)),
  unary('VCVT (integer) T1 u32.f32', '110011', '.u32.f32', 'fpuConvert', (o, sm) => o.toFixed(sm, false, 0, 32, true)),
  unary('VCVTR T1 s32.f32', '110101', '.s32.f32', 'fpuConvert', (o, sm) => o.toFixed(sm, true, 0, 32, false)),
  unary('VCVT (integer) T1 s32.f32', '110111', '.s32.f32', 'fpuConvert', (o, sm) => o.toFixed(sm, true, 0, 32, true)),
  ...[false, true].flatMap((toFixed) => [false, true].flatMap((signed) => [fixedPoint(toFixed, signed, 16), fixedPoint(toFixed, signed, 32)])),
];

/** All rows of the floating-point unit. */
export const floatingPointRows: readonly Row[] = [...arithmetic, ...fpTransferRows];
