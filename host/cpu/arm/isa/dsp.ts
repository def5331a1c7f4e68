// SPDX-License-Identifier: MIT
// The DSP extension apart from multiplication: parallel arithmetic, saturation, packing (DDI 0403E, A5.3.11, A5.3.13, A5.3.14, A7.4.4).

import { bad, badAny, registerShift, SHIFT } from './fields.js';
import * as alu from './alu.js';
import type { Ops } from './ops.js';
import type { Row } from './row.js';
import { asm } from './text.js';

const badThree = badAny('Rd', 'Rn', 'Rm');

/** Lanes of a register are 8 or 16 bits wide; this is lane `index`, extended to a word. */
function lane<V>(o: Ops<V>, register: V, width: 8 | 16, index: number, signed: boolean): V {
  const down = index === 0 ? register : o.shrUnsigned(register, o.const(index * width));
  if (signed) return width === 8 ? o.extend8(down) : o.extend16(down);
  return o.and(down, o.const(width === 8 ? 0xff : 0xffff));
}

/** The value between bounds, as signed numbers. It must be kept. */
const clamp = <V>(o: Ops<V>, value: V, least: number, most: number): V => {
  const low = o.const(least);
  const high = o.const(most);
  return o.select(o.ltSigned(value, low), low, o.select(o.ltSigned(high, value), high, value));
};

interface Kind {
  readonly prefix: string;
  readonly op: string;
  readonly signed: boolean;
  /** What becomes of a lane's exact result. */
  readonly then: 'wrap' | 'saturate' | 'halve';
}

const KINDS: readonly Kind[] = [
  { prefix: 'S', op: '000', signed: true, then: 'wrap' },
  { prefix: 'Q', op: '001', signed: true, then: 'saturate' },
  { prefix: 'SH', op: '010', signed: true, then: 'halve' },
  { prefix: 'U', op: '100', signed: false, then: 'wrap' },
  { prefix: 'UQ', op: '101', signed: false, then: 'saturate' },
  { prefix: 'UH', op: '110', signed: false, then: 'halve' },
];

interface LaneOperation {
  readonly width: 8 | 16;
  readonly subtract: boolean;
  /** The lane of the second operand. */
  readonly other: number;
}

const same = (width: 8 | 16, subtract: boolean): LaneOperation[] =>
  Array.from({ length: 32 / width }, (_, other) => ({ width, subtract, other }));

/** What happens in each lane, lowest first. */
const PARALLEL = [
  { name: 'ADD16', op: '001', lanes: same(16, false) },
  { name: 'ASX', op: '010', lanes: [{ width: 16, subtract: true, other: 1 }, { width: 16, subtract: false, other: 0 }] },
  { name: 'SAX', op: '110', lanes: [{ width: 16, subtract: false, other: 1 }, { width: 16, subtract: true, other: 0 }] },
  { name: 'SUB16', op: '101', lanes: same(16, true) },
  { name: 'ADD8', op: '000', lanes: same(8, false) },
  { name: 'SUB8', op: '100', lanes: same(8, true) },
] as const satisfies readonly { name: string; op: string; lanes: readonly LaneOperation[] }[];

function runParallel<V>(o: Ops<V>, d: number, n: V, m: V, lanes: readonly LaneOperation[], { signed, then }: Kind): void {
  const x = o.keep(n);
  const y = o.keep(m);
  let result: V | undefined;
  let ge: V | undefined;
  const join = (a: V | undefined, b: V): V => (a === undefined ? b : o.or(a, b));
  for (const [index, { width, subtract, other }] of lanes.entries()) {
    const a = lane(o, x, width, index, signed);
    const b = lane(o, y, width, other, signed);
    let value = o.keep(subtract ? o.sub(a, b) : o.add(a, b));
    if (then === 'wrap') {
      // Unsigned sums have a carry; all else is not below zero (DDI 0403E, A7.7.111, A7.7.200).
      const flag = !signed && !subtract ? o.shrUnsigned(value, o.const(width)) : o.shrUnsigned(o.not(value), o.const(31));
      const bits = 4 / lanes.length;
      ge = join(ge, o.shl(bits === 1 ? flag : o.mul(flag, o.const(3)), o.const(index * bits)));
    } else if (then === 'saturate') {
      const half = 1 << (width - 1);
      value = signed ? clamp(o, value, -half, half - 1) : clamp(o, value, 0, 2 * half - 1);
    } else {
      value = o.shrSigned(value, o.const(1));
    }
    const cut = o.and(value, o.const(width === 8 ? 0xff : 0xffff));
    result = join(result, index === 0 ? cut : o.shl(cut, o.const(index * width)));
  }
  if (ge === undefined) return o.setReg(d, result!);
  const kept = o.keep(ge);
  o.setReg(d, result!);
  o.setGE(kept);
}

const parallel = KINDS.flatMap((kind) => PARALLEL.map(({ name, op, lanes }): Row => ({
  name: `${kind.prefix}${name} T1`, pattern: `11111010 1 ${op} Rn:4 1111 Rd:4 0 ${kind.op} Rm:4`, unpredictable: badThree,
  text: asm(`${(kind.prefix + name).toLowerCase()} {Rd}, {Rn}, {Rm}`), timing: 'alu',
  run: (o, f) => runParallel(o, f.Rd, o.reg(f.Rn), o.reg(f.Rm), lanes, kind),
})));

/** A sum or a difference as SignedSat gives it, and a word that is not 0 when it was cut. Both kept. */
function saturating<V>(o: Ops<V>, a: V, b: V, subtract: boolean): { value: V; cut: V } {
  const x = o.keep(a);
  const y = o.keep(b);
  const r = o.keep(subtract ? o.sub(x, y) : o.add(x, y));
  const overflow = subtract ? o.and(o.xor(x, y), o.xor(x, r)) : o.and(o.xor(x, r), o.xor(y, r));
  const cut = o.keep(o.shrUnsigned(overflow, o.const(31)));
  // The largest or least number, by the sign of the exact result, which is that of x.
  const limit = o.xor(o.shrSigned(x, o.const(31)), o.const(0x7fffffff));
  return { value: o.keep(o.select(cut, limit, r)), cut };
}

const saturatingSums = ([['QADD', '00', false, false], ['QDADD', '01', true, false], ['QSUB', '10', false, true], ['QDSUB', '11', true, true]] as const).map(
  ([name, op, doubled, subtract]): Row => ({
    name: `${name} T1`, pattern: `11111010 1000 Rn:4 1111 Rd:4 10 ${op} Rm:4`, unpredictable: badThree,
    text: asm(`${name.toLowerCase()} {Rd}, {Rm}, {Rn}`), timing: 'alu',
    run: (o, f) => {
      const n = o.reg(f.Rn);
      const first = doubled ? saturating(o, n, n, false) : { value: n, cut: undefined };
      const { value, cut } = saturating(o, o.reg(f.Rm), first.value, subtract);
      o.setReg(f.Rd, value);
      o.stickQ(first.cut === undefined ? cut : o.or(first.cut, cut));
    },
  }),
);

/** Saturation of one word or two halfwords to a width; U to 0 to 31 bits, S to 1 to 32. */
const toWidth = ([['S', '00', 1], ['U', '10', 0]] as const).flatMap(([sign, op, plus]): Row[] => {
  const bounds = (bits: number): readonly [number, number] => (sign === 'S' ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]);
  return [{
    name: `${sign}SAT T1`, pattern: `11110 (0) 11 ${op} sh:1 0 Rn:4 0 imm3:3 Rd:4 imm2:2 (0) sat:5`,
    // A shift to the right by 0 is SSAT16 and USAT16.
    when: (f) => f.sh === 0 || (f.imm3 | f.imm2) !== 0,
    derive: (f) => ({ bits: f.sat + plus, shift: f.sh ? SHIFT.ASR : SHIFT.LSL, count: (f.imm3 << 2) | f.imm2 }),
    unpredictable: badAny('Rd', 'Rn'), text: asm(`${sign.toLowerCase()}sat {Rd}, #{bits}, {Rn}{shift}`), timing: 'alu',
    run: (o, f) => {
      const value = o.keep(alu.shiftBy(o, o.reg(f.Rn), f.shift, f.count, false).value);
      const result = o.keep(clamp(o, value, ...bounds(f.bits)));
      o.setReg(f.Rd, result);
      o.stickQ(o.ne(result, value));
    },
  }, {
    name: `${sign}SAT16 T1`, pattern: `11110 (0) 11 ${op} 1 0 Rn:4 0 000 Rd:4 00 (00) sat:4`, derive: (f) => ({ bits: f.sat + plus }),
    unpredictable: badAny('Rd', 'Rn'), text: asm(`${sign.toLowerCase()}sat16 {Rd}, #{bits}, {Rn}`), timing: 'alu',
    run: (o, f) => {
      const n = o.keep(o.reg(f.Rn));
      const lower = o.keep(o.extend16(n));
      const upper = o.keep(o.shrSigned(n, o.const(16)));
      const low = o.keep(clamp(o, lower, ...bounds(f.bits)));
      const high = o.keep(clamp(o, upper, ...bounds(f.bits)));
      o.setReg(f.Rd, o.or(o.and(low, o.const(0xffff)), o.shl(high, o.const(16))));
      o.stickQ(o.or(o.ne(low, lower), o.ne(high, upper)));
    },
  }];
});

const differences = <V>(o: Ops<V>, n: V, m: V): V => {
  const x = o.keep(n);
  const y = o.keep(m);
  let sum: V | undefined;
  for (let index = 0; index < 4; index++) {
    const difference = o.keep(o.sub(lane(o, x, 8, index, false), lane(o, y, 8, index, false)));
    const sign = o.keep(o.shrSigned(difference, o.const(31)));
    const magnitude = o.sub(o.xor(difference, sign), sign);
    sum = sum === undefined ? magnitude : o.add(sum, magnitude);
  }
  return sum!;
};

const rest: Row[] = [
  {
    name: 'SEL T1', pattern: '11111010 1010 Rn:4 1111 Rd:4 1000 Rm:4', unpredictable: badThree, text: asm('sel {Rd}, {Rn}, {Rm}'), timing: 'alu',
    run: (o, f) => {
      const ge = o.keep(o.ge());
      // Each flag spread over its byte: 0x00204081 puts four copies of GE seven bits apart, of which bit 8k is flag k.
      const spread = o.and(o.mul(ge, o.const(0x00204081)), o.const(0x01010101));
      const mask = o.keep(o.mul(spread, o.const(0xff)));
      o.setReg(f.Rd, o.or(o.and(o.reg(f.Rn), mask), o.and(o.reg(f.Rm), o.not(mask))));
    },
  },
  {
    name: 'PKHBT T1', pattern: '1110101 0110 0 Rn:4 (0) imm3:3 Rd:4 imm2:2 00 Rm:4', derive: (f) => registerShift({ ...f, type: SHIFT.LSL }),
    unpredictable: badThree, text: asm('pkhbt {Rd}, {Rn}, {Rm}{shift}'), timing: 'alu',
    run: (o, f) => {
      const { value } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, false);
      o.setReg(f.Rd, o.or(o.and(o.reg(f.Rn), o.const(0xffff)), o.and(value, o.const(-65536))));
    },
  },
  {
    name: 'PKHTB T1', pattern: '1110101 0110 0 Rn:4 (0) imm3:3 Rd:4 imm2:2 10 Rm:4', derive: (f) => registerShift({ ...f, type: SHIFT.ASR }),
    unpredictable: badThree, text: asm('pkhtb {Rd}, {Rn}, {Rm}{shift}'), timing: 'alu',
    run: (o, f) => {
      const { value } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, false);
      o.setReg(f.Rd, o.or(o.and(o.reg(f.Rn), o.const(-65536)), o.and(value, o.const(0xffff))));
    },
  },
  {
    name: 'USAD8 T1', pattern: '11111011 0111 Rn:4 1111 Rd:4 0000 Rm:4', unpredictable: badThree, text: asm('usad8 {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, differences(o, o.reg(f.Rn), o.reg(f.Rm))),
  },
  {
    name: 'USADA8 T1', pattern: '11111011 0111 Rn:4 Ra:4 Rd:4 0000 Rm:4', when: (f) => f.Ra !== 15, unpredictable: (f) => badThree(f) || bad(f.Ra),
    text: asm('usada8 {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, o.add(differences(o, o.reg(f.Rn), o.reg(f.Rm)), o.reg(f.Ra))),
  },
];

export const dsp: readonly Row[] = [...parallel, ...saturatingSums, ...toWidth, ...rest];
