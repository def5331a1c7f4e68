// SPDX-License-Identifier: MIT
// Shifts by registers and 16-bit shifts, bit fields, extensions and reversals (DDI 0403E, A5.2.1, A5.2.5, A5.3.3, A5.3.12, A5.3.15).

import * as alu from './alu.js';
import { bad, badAny, decodedShift, SHIFT } from './fields.js';
import type { Ops } from './ops.js';
import type { Row } from './row.js';
import { asm } from './text.js';

const SHIFTS = ['LSL', 'LSR', 'ASR', 'ROR'] as const;
/** Their opcodes among the 16-bit data-processing instructions. */
const LOW = { LSL: '0010', LSR: '0011', ASR: '0100', ROR: '0111' };
const twoBits = (n: number) => n.toString(2).padStart(2, '0');

const byRegister = SHIFTS.flatMap((name): Row[] => {
  const shift = SHIFT[name];
  const run = <V>(o: Ops<V>, d: number, n: number, m: number, s: boolean): void => {
    const { value, carry } = alu.shiftByRegister(o, o.reg(n), o.reg(m), shift, s);
    alu.writeLogical(o, d, value, s, carry);
  };
  return [{
    name: `${name} (register) T1`, pattern: `010000 ${LOW[name]} Rm:3 Rdn:3`, text: asm(`${name.toLowerCase()}{s} {Rdn}, {Rm}`), timing: 'alu',
    run: (o, f, site) => run(o, f.Rdn, f.Rdn, f.Rm, !site.inIT),
  }, {
    name: `${name} (register) T2`, pattern: `11111010 0 ${twoBits(shift)} S:1 Rn:4 1111 Rd:4 0000 Rm:4`, unpredictable: badAny('Rd', 'Rn', 'Rm'),
    text: asm(`${name.toLowerCase()}{S}.w {Rd}, {Rn}, {Rm}`), timing: 'alu',
    run: (o, f) => run(o, f.Rd, f.Rn, f.Rm, f.S === 1),
  }];
});

/** LSL by 0 is MOV (register) T2, which sets flags as a shift without a carry does. */
const byConstant = (['LSL', 'LSR', 'ASR'] as const).map((name): Row => ({
  name: `${name} (immediate) T1`, pattern: `000 ${twoBits(SHIFT[name])} imm5:5 Rm:3 Rd:3`, derive: (f) => decodedShift(SHIFT[name], f.imm5),
  when: (f) => name !== 'LSL' || f.imm5 !== 0,
  text: asm(`${name.toLowerCase()}{s} {Rd}, {Rm}, #{count}`), timing: 'alu',
  run: (o, f, site) => {
    const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, !site.inIT);
    alu.writeLogical(o, f.Rd, value, !site.inIT, carry);
  },
}));

const fieldMask = (width: number): number => (width === 32 ? -1 : (1 << width) - 1);

const bitFields: Row[] = [
  {
    name: 'MOV (register) T2', pattern: '000 00 00000 Rm:3 Rd:3', inIT: 'never', text: asm('mov{s} {Rd}, {Rm}'), timing: 'alu',
    run: (o, f, site) => alu.writeLogical(o, f.Rd, o.reg(f.Rm), !site.inIT),
  },
  {
    name: 'SBFX T1', pattern: '11110 (0) 11 010 0 Rn:4 0 imm3:3 Rd:4 imm2:2 (0) widthm1:5',
    derive: (f) => ({ lsb: (f.imm3 << 2) | f.imm2, width: f.widthm1 + 1 }),
    unpredictable: (f) => bad(f.Rd) || bad(f.Rn) || f.lsb + f.width > 32, text: asm('sbfx {Rd}, {Rn}, #{lsb}, #{width}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.shrSigned(o.shl(o.reg(f.Rn), o.const(Math.max(32 - f.lsb - f.width, 0))), o.const(32 - f.width))),
  },
  {
    name: 'UBFX T1', pattern: '11110 (0) 11 110 0 Rn:4 0 imm3:3 Rd:4 imm2:2 (0) widthm1:5',
    derive: (f) => ({ lsb: (f.imm3 << 2) | f.imm2, width: f.widthm1 + 1 }),
    unpredictable: (f) => bad(f.Rd) || bad(f.Rn) || f.lsb + f.width > 32, text: asm('ubfx {Rd}, {Rn}, #{lsb}, #{width}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.and(o.shrUnsigned(o.reg(f.Rn), o.const(f.lsb)), o.const(fieldMask(f.width)))),
  },
  {
    name: 'BFI T1', pattern: '11110 (0) 11 011 0 Rn:4 0 imm3:3 Rd:4 imm2:2 (0) msb:5', when: (f) => f.Rn !== 15,
    derive: (f) => ({ lsb: (f.imm3 << 2) | f.imm2, width: f.msb - ((f.imm3 << 2) | f.imm2) + 1 }),
    unpredictable: (f) => bad(f.Rd) || f.Rn === 13 || f.width < 1, text: asm('bfi {Rd}, {Rn}, #{lsb}, #{width}'), timing: 'alu',
    run: (o, f) => {
      if (f.width < 1) return;
      const mask = fieldMask(f.width) << f.lsb;
      o.setReg(f.Rd, o.or(o.and(o.reg(f.Rd), o.const(~mask)), o.and(o.shl(o.reg(f.Rn), o.const(f.lsb)), o.const(mask))));
    },
  },
  {
    name: 'BFC T1', pattern: '11110 (0) 11 011 0 1111 0 imm3:3 Rd:4 imm2:2 (0) msb:5',
    derive: (f) => ({ lsb: (f.imm3 << 2) | f.imm2, width: f.msb - ((f.imm3 << 2) | f.imm2) + 1 }),
    unpredictable: (f) => bad(f.Rd) || f.width < 1, text: asm('bfc {Rd}, #{lsb}, #{width}'), timing: 'alu',
    run: (o, f) => {
      if (f.width >= 1) o.setReg(f.Rd, o.and(o.reg(f.Rd), o.const(~(fieldMask(f.width) << f.lsb))));
    },
  },
];

type Unary = <V>(o: Ops<V>, a: V) => V;

/** The bytes at 0x00FF00FF, of which each pair is one halfword's lower one. */
const LOWER_BYTES = 0x00ff00ff;

const sxtb: Unary = (o, a) => o.extend8(a);
const sxth: Unary = (o, a) => o.extend16(a);
const uxtb: Unary = (o, a) => o.and(a, o.const(0xff));
const uxth: Unary = (o, a) => o.and(a, o.const(0xffff));
const uxtb16: Unary = (o, a) => o.and(a, o.const(LOWER_BYTES));
const sxtb16: Unary = (o, a) => {
  const x = o.keep(a);
  return o.or(o.and(o.extend8(x), o.const(0xffff)), o.shl(o.extend8(o.shrUnsigned(x, o.const(16))), o.const(16)));
};

const swapInHalves: Unary = (o, a) => {
  const x = o.keep(a);
  const mask = o.const(LOWER_BYTES);
  return o.or(o.and(o.shrUnsigned(x, o.const(8)), mask), o.shl(o.and(x, mask), o.const(8)));
};
const rev: Unary = (o, a) => o.rotr(swapInHalves(o, a), o.const(16));
const revsh: Unary = (o, a) => o.extend16(swapInHalves(o, a));

/** Exchanges neighbouring groups of bits; the mask has the lower group of each pair. */
const exchange = <V>(o: Ops<V>, a: V, count: number, mask: number): V => {
  const x = o.keep(a);
  const lower = o.const(mask);
  return o.or(o.and(o.shrUnsigned(x, o.const(count)), lower), o.shl(o.and(x, lower), o.const(count)));
};
const rbit: Unary = (o, a) => rev(o, exchange(o, exchange(o, exchange(o, a, 1, 0x55555555), 2, 0x33333333), 4, 0x0f0f0f0f));

const lowUnary = ([['SXTH', '1011 0010 00', sxth], ['SXTB', '1011 0010 01', sxtb], ['UXTH', '1011 0010 10', uxth], ['UXTB', '1011 0010 11', uxtb],
  ['REV', '1011 1010 00', rev], ['REV16', '1011 1010 01', swapInHalves], ['REVSH', '1011 1010 11', revsh]] as const).map(([name, bits, run]): Row => ({
  name: `${name} T1`, pattern: `${bits} Rm:3 Rd:3`, text: asm(`${name.toLowerCase()} {Rd}, {Rm}`), timing: 'alu',
  run: (o, f) => o.setReg(f.Rd, run(o, o.reg(f.Rm))),
}));

const reversals = ([['REV', '01', '00', rev, 'T2', '.w'], ['REV16', '01', '01', swapInHalves, 'T2', '.w'], ['RBIT', '01', '10', rbit, 'T1', ''],
  ['REVSH', '01', '11', revsh, 'T2', '.w'], ['CLZ', '11', '00', (<V>(o: Ops<V>, a: V) => o.clz(a)) as Unary, 'T1', '']] as const).map(
  ([name, op1, op2, run, encoding, wide]): Row => ({
    name: `${name} ${encoding}`, pattern: `11111010 10 ${op1} Rn:4 1111 Rd:4 10 ${op2} Rm:4`,
    // Both fields have to name the operand.
    unpredictable: (f) => bad(f.Rd) || bad(f.Rm) || f.Rn !== f.Rm, text: asm(`${name.toLowerCase()}${wide} {Rd}, {Rm}`), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, run(o, o.reg(f.Rm))),
  }),
);

/** Adds halfword to halfword. */
const addHalves = <V>(o: Ops<V>, a: V, b: V): V => {
  const x = o.keep(a);
  const y = o.keep(b);
  const upper = o.const(-65536);
  return o.or(o.and(o.add(x, y), o.const(0xffff)), o.add(o.and(x, upper), o.and(y, upper)));
};

const extensions = ([['H', '000', sxth, uxth], ['B16', '001', sxtb16, uxtb16], ['B', '010', sxtb, uxtb]] as const).flatMap(([kind, op, sx, ux]) =>
  ([['S', '0', sx], ['U', '1', ux]] as const).flatMap(([sign, bit, extend]): Row[] => {
    const name = `${sign}XT${kind}`;
    const accumulate = `${sign}XTA${kind}`;
    const rotated = <V>(o: Ops<V>, m: number, rotate: number) => extend(o, rotate === 0 ? o.reg(m) : o.rotr(o.reg(m), o.const(rotate * 8)));
    return [{
      name: `${name} ${kind === 'B16' ? 'T1' : 'T2'}`, pattern: `11111010 ${op} ${bit} 1111 1111 Rd:4 1 (0) rotate:2 Rm:4`,
      unpredictable: badAny('Rd', 'Rm'), text: asm(`${name.toLowerCase()}${kind === 'B16' ? '' : '.w'} {Rd}, {Rm}{rotation}`), timing: 'alu',
      run: (o, f) => o.setReg(f.Rd, rotated(o, f.Rm, f.rotate)),
    }, {
      name: `${accumulate} T1`, pattern: `11111010 ${op} ${bit} Rn:4 1111 Rd:4 1 (0) rotate:2 Rm:4`, when: (f) => f.Rn !== 15,
      unpredictable: (f) => bad(f.Rd) || f.Rn === 13 || bad(f.Rm), text: asm(`${accumulate.toLowerCase()} {Rd}, {Rn}, {Rm}{rotation}`), timing: 'alu',
      run: (o, f) => {
        const extended = rotated(o, f.Rm, f.rotate);
        o.setReg(f.Rd, kind === 'B16' ? addHalves(o, o.reg(f.Rn), extended) : o.add(o.reg(f.Rn), extended));
      },
    }];
  }),
);

export const shifts: readonly Row[] = [...byRegister, ...byConstant, ...bitFields, ...lowUnary, ...reversals, ...extensions];
