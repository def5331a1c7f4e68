// SPDX-License-Identifier: MIT
// Multiplication, multiplication of halfwords, and division (DDI 0403E, A5.3.16, A5.3.17).

import * as alu from './alu.js';
import { bad, badAny } from './fields.js';
import type { Ops } from './ops.js';
import type { Fields, Row } from './row.js';
import { asm } from './text.js';

/** A 64-bit value as two words. */
interface Pair<V> {
  readonly low: V;
  readonly high: V;
}

const product = <V>(o: Ops<V>, a: V, b: V, signed: boolean): Pair<V> => {
  const x = o.keep(a);
  const y = o.keep(b);
  return { low: o.keep(o.mul(x, y)), high: o.keep(signed ? o.mulHighSigned(x, y) : o.mulHighUnsigned(x, y)) };
};

const addPairs = <V>(o: Ops<V>, a: Pair<V>, b: Pair<V>): Pair<V> => {
  const low = o.keep(o.add(a.low, b.low));
  return { low, high: o.keep(o.add(o.add(a.high, b.high), o.ltUnsigned(low, b.low))) };
};

/** A 32-bit value as a signed 64-bit one. */
const widened = <V>(o: Ops<V>, value: V): Pair<V> => {
  const low = o.keep(value);
  return { low, high: o.keep(o.shrSigned(low, o.const(31))) };
};

const accumulator = <V>(o: Ops<V>, f: Fields): Pair<V> => ({ low: o.keep(o.reg(f.RdLo)), high: o.keep(o.reg(f.RdHi)) });

const writePair = <V>(o: Ops<V>, f: Fields, { low, high }: Pair<V>): void => {
  o.setReg(f.RdLo, low);
  o.setReg(f.RdHi, high);
};

/** A halfword of a register, sign-extended. */
const half = <V>(o: Ops<V>, n: number, top: number): V => (top ? o.shrSigned(o.reg(n), o.const(16)) : o.extend16(o.reg(n)));

/** The addend of an accumulation that is not the PC's encoding, which means none. */
const hasAddend = (f: Fields): boolean => f.Ra !== 15;

/** Adds, and sets Q when the sum overflows as a signed one. */
const addSticky = <V>(o: Ops<V>, a: V, b: V): { sum: V; overflow: V } => {
  const x = o.keep(a);
  const y = o.keep(b);
  const sum = o.keep(o.add(x, y));
  return { sum, overflow: o.keep(o.shrUnsigned(o.and(o.xor(x, sum), o.xor(y, sum)), o.const(31))) };
};

const writeSticky = <V>(o: Ops<V>, d: number, { sum, overflow }: { sum: V; overflow: V }): void => {
  o.setReg(d, sum);
  o.stickQ(overflow);
};

const badThree = badAny('Rd', 'Rn', 'Rm');
const badFour = (f: Fields): boolean => badThree(f) || f.Ra === 13;
const badLong = (f: Fields): boolean => badAny('RdLo', 'RdHi', 'Rn', 'Rm')(f) || f.RdLo === f.RdHi;

const plain: Row[] = [
  {
    name: 'MUL T1', pattern: '010000 1101 Rn:3 Rdm:3', text: asm('mul{s} {Rdm}, {Rn}'), timing: 'multiply',
    run: (o, f, site) => alu.writeLogical(o, f.Rdm, o.mul(o.reg(f.Rn), o.reg(f.Rdm)), !site.inIT),
  },
  {
    name: 'MUL T2', pattern: '11111011 0000 Rn:4 1111 Rd:4 0000 Rm:4', unpredictable: badThree, text: asm('mul.w {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, o.mul(o.reg(f.Rn), o.reg(f.Rm))),
  },
  {
    name: 'MLA T1', pattern: '11111011 0000 Rn:4 Ra:4 Rd:4 0000 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('mla {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, o.add(o.mul(o.reg(f.Rn), o.reg(f.Rm)), o.reg(f.Ra))),
  },
  {
    name: 'MLS T1', pattern: '11111011 0000 Rn:4 Ra:4 Rd:4 0001 Rm:4', unpredictable: (f) => badThree(f) || bad(f.Ra),
    text: asm('mls {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, o.sub(o.reg(f.Ra), o.mul(o.reg(f.Rn), o.reg(f.Rm)))),
  },
  ...([['SDIV', '1001', 'divSigned'], ['UDIV', '1011', 'divUnsigned']] as const).map(([name, op, divide]): Row => ({
    name: `${name} T1`, pattern: `11111011 ${op} Rn:4 (1111) Rd:4 1111 Rm:4`, unpredictable: badThree, text: asm(`${name.toLowerCase()} {Rd}, {Rn}, {Rm}`),
    timing: 'divide',
    run: (o, f) => o.setReg(f.Rd, o[divide](o.reg(f.Rn), o.reg(f.Rm))),
  })),
];

const long: Row[] = [
  ...([['SMULL', '1000', true], ['UMULL', '1010', false]] as const).map(([name, op, signed]): Row => ({
    name: `${name} T1`, pattern: `11111011 ${op} Rn:4 RdLo:4 RdHi:4 0000 Rm:4`, unpredictable: badLong,
    text: asm(`${name.toLowerCase()} {RdLo}, {RdHi}, {Rn}, {Rm}`), timing: 'multiplyLong',
    run: (o, f) => writePair(o, f, product(o, o.reg(f.Rn), o.reg(f.Rm), signed)),
  })),
  ...([['SMLAL', '1100', true], ['UMLAL', '1110', false]] as const).map(([name, op, signed]): Row => ({
    name: `${name} T1`, pattern: `11111011 ${op} Rn:4 RdLo:4 RdHi:4 0000 Rm:4`, unpredictable: badLong,
    text: asm(`${name.toLowerCase()} {RdLo}, {RdHi}, {Rn}, {Rm}`), timing: 'multiplyLong',
    run: (o, f) => writePair(o, f, addPairs(o, product(o, o.reg(f.Rn), o.reg(f.Rm), signed), accumulator(o, f))),
  })),
  {
    name: 'UMAAL T1', pattern: '11111011 1110 Rn:4 RdLo:4 RdHi:4 0110 Rm:4', unpredictable: badLong,
    text: asm('umaal {RdLo}, {RdHi}, {Rn}, {Rm}'), timing: 'multiplyLong',
    run: (o, f) => {
      const { low, high } = accumulator(o, f);
      const zero = o.const(0);
      const first = addPairs(o, product(o, o.reg(f.Rn), o.reg(f.Rm), false), { low, high: zero });
      writePair(o, f, addPairs(o, first, { low: high, high: zero }));
    },
  },
];

/** By halfwords: N and M choose the top ones. */
const halves: Row[] = [
  {
    name: 'SMULBB, SMULBT, SMULTB, SMULTT T1', pattern: '11111011 0001 Rn:4 1111 Rd:4 00 N:1 M:1 Rm:4', unpredictable: badThree,
    text: asm('smul{nHalf}{mHalf} {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, o.mul(half(o, f.Rn, f.N), half(o, f.Rm, f.M))),
  },
  {
    name: 'SMLABB, SMLABT, SMLATB, SMLATT T1', pattern: '11111011 0001 Rn:4 Ra:4 Rd:4 00 N:1 M:1 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('smla{nHalf}{mHalf} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => writeSticky(o, f.Rd, addSticky(o, o.mul(half(o, f.Rn, f.N), half(o, f.Rm, f.M)), o.reg(f.Ra))),
  },
  {
    name: 'SMULWB, SMULWT T1', pattern: '11111011 0011 Rn:4 1111 Rd:4 000 M:1 Rm:4', unpredictable: badThree,
    text: asm('smulw{mHalf} {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => o.setReg(f.Rd, timesUpper(o, f)),
  },
  {
    name: 'SMLAWB, SMLAWT T1', pattern: '11111011 0011 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('smlaw{mHalf} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => writeSticky(o, f.Rd, addSticky(o, timesUpper(o, f), o.reg(f.Ra))),
  },
  {
    name: 'SMLALBB, SMLALBT, SMLALTB, SMLALTT T1', pattern: '11111011 1100 Rn:4 RdLo:4 RdHi:4 10 N:1 M:1 Rm:4', unpredictable: badLong,
    text: asm('smlal{nHalf}{mHalf} {RdLo}, {RdHi}, {Rn}, {Rm}'), timing: 'multiplyLong',
    run: (o, f) => writePair(o, f, addPairs(o, widened(o, o.mul(half(o, f.Rn, f.N), half(o, f.Rm, f.M))), accumulator(o, f))),
  },
];

/** Bits 47:16 of a word times a halfword: the high word of the product with the halfword at the top. */
function timesUpper<V>(o: Ops<V>, f: Fields): V {
  const m = f.M ? o.and(o.reg(f.Rm), o.const(-65536)) : o.shl(o.reg(f.Rm), o.const(16));
  return o.mulHighSigned(o.reg(f.Rn), m);
}

/** The two products of halfwords, crosswise with M set. */
function products<V>(o: Ops<V>, f: Fields): { lower: V; upper: V } {
  return {
    lower: o.keep(o.mul(half(o, f.Rn, 0), half(o, f.Rm, f.M))),
    upper: o.keep(o.mul(half(o, f.Rn, 1), half(o, f.Rm, 1 - f.M))),
  };
}

const dual: Row[] = [
  {
    name: 'SMUAD, SMUADX T1', pattern: '11111011 0010 Rn:4 1111 Rd:4 000 M:1 Rm:4', unpredictable: badThree,
    text: asm('smuad{crossed} {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      writeSticky(o, f.Rd, addSticky(o, lower, upper));
    },
  },
  {
    name: 'SMLAD, SMLADX T1', pattern: '11111011 0010 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('smlad{crossed} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      const first = addSticky(o, lower, upper);
      const { sum, overflow } = addSticky(o, first.sum, o.reg(f.Ra));
      // Q is for the whole sum: only 2^31 overflows in the first step, and a second one in the other direction mends it.
      writeSticky(o, f.Rd, { sum, overflow: o.keep(o.xor(overflow, first.overflow)) });
    },
  },
  {
    name: 'SMUSD, SMUSDX T1', pattern: '11111011 0100 Rn:4 1111 Rd:4 000 M:1 Rm:4', unpredictable: badThree,
    text: asm('smusd{crossed} {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      o.setReg(f.Rd, o.sub(lower, upper));
    },
  },
  {
    name: 'SMLSD, SMLSDX T1', pattern: '11111011 0100 Rn:4 Ra:4 Rd:4 000 M:1 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('smlsd{crossed} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      writeSticky(o, f.Rd, addSticky(o, o.sub(lower, upper), o.reg(f.Ra)));
    },
  },
  {
    name: 'SMLALD, SMLALDX T1', pattern: '11111011 1100 Rn:4 RdLo:4 RdHi:4 110 M:1 Rm:4', unpredictable: badLong,
    text: asm('smlald{crossed} {RdLo}, {RdHi}, {Rn}, {Rm}'), timing: 'multiplyLong',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      writePair(o, f, addPairs(o, addPairs(o, widened(o, lower), widened(o, upper)), accumulator(o, f)));
    },
  },
  {
    name: 'SMLSLD, SMLSLDX T1', pattern: '11111011 1101 Rn:4 RdLo:4 RdHi:4 110 M:1 Rm:4', unpredictable: badLong,
    text: asm('smlsld{crossed} {RdLo}, {RdHi}, {Rn}, {Rm}'), timing: 'multiplyLong',
    run: (o, f) => {
      const { lower, upper } = products(o, f);
      writePair(o, f, addPairs(o, widened(o, o.sub(lower, upper)), accumulator(o, f)));
    },
  },
];

/** High words, with R rounded by half a unit: bit 31 of the low word is carried into the high one. */
const rounding = <V>(o: Ops<V>, f: Fields, low: V): V => (f.R ? o.shrUnsigned(low, o.const(31)) : o.const(0));
const highWords: Row[] = [
  {
    name: 'SMMUL, SMMULR T1', pattern: '11111011 0101 Rn:4 1111 Rd:4 000 R:1 Rm:4', unpredictable: badThree,
    text: asm('smmul{rounded} {Rd}, {Rn}, {Rm}'), timing: 'multiply',
    run: (o, f) => {
      const { low, high } = product(o, o.reg(f.Rn), o.reg(f.Rm), true);
      o.setReg(f.Rd, o.add(high, rounding(o, f, low)));
    },
  },
  {
    name: 'SMMLA, SMMLAR T1', pattern: '11111011 0101 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4', when: hasAddend, unpredictable: badFour,
    text: asm('smmla{rounded} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => {
      const { low, high } = product(o, o.reg(f.Rn), o.reg(f.Rm), true);
      o.setReg(f.Rd, o.add(o.add(o.reg(f.Ra), high), rounding(o, f, low)));
    },
  },
  {
    name: 'SMMLS, SMMLSR T1', pattern: '11111011 0110 Rn:4 Ra:4 Rd:4 000 R:1 Rm:4', unpredictable: (f) => badThree(f) || bad(f.Ra),
    text: asm('smmls{rounded} {Rd}, {Rn}, {Rm}, {Ra}'), timing: 'multiply',
    run: (o, f) => {
      const { low, high } = product(o, o.reg(f.Rn), o.reg(f.Rm), true);
      const borrow = o.ne(low, o.const(0));
      o.setReg(f.Rd, o.add(o.sub(o.sub(o.reg(f.Ra), high), borrow), rounding(o, f, o.sub(o.const(0), low))));
    },
  },
];

export const multiply: readonly Row[] = [...plain, ...long, ...halves, ...dual, ...highWords];
