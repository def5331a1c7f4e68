// SPDX-License-Identifier: MIT
// Data processing: arithmetic and logic with constants and shifted registers, moves, compares (DDI 0403E, A5.2.1 to A5.2.3, A5.3.1, A5.3.3, A5.3.11).
//
// "ADD (SP plus immediate)" and its kin have no rows where they are ADD with Rn = 13: the result is the same.

import * as alu from './alu.js';
import type { Alu } from './alu.js';
import { bad, badAny, badImmediate, expandedImmediate, plainImmediate, registerShift, SHIFT } from './fields.js';
import type { Ops } from './ops.js';
import type { Fields, Row } from './row.js';
import { asm } from './text.js';

const { NOWHERE } = alu;

/** The carry of an expanded constant, undefined when it has none. */
const constantCarry = <V>(o: Ops<V>, { immC }: Fields): V | undefined => (immC < 0 ? undefined : o.const(immC));

/** An operation as both its 32-bit encodings have it. */
interface Operation {
  readonly name: string;
  readonly op: string;
  readonly run: Alu;
  /** Encodings with a constant and with a shifted register. */
  readonly immediate: string;
  readonly register: string;
  /** How objdump writes it: some have a 16-bit form to tell from. */
  readonly wide: '.w' | '';
  /** Whether Rn may be SP. */
  readonly fromSp?: boolean;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'AND', op: '0000', run: alu.and, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'BIC', op: '0001', run: alu.bic, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'ORR', op: '0010', run: alu.orr, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'ORN', op: '0011', run: alu.orn, immediate: 'T1', register: 'T1', wide: '' },
  { name: 'EOR', op: '0100', run: alu.eor, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'ADD', op: '1000', run: alu.add, immediate: 'T3', register: 'T3', wide: '.w', fromSp: true },
  { name: 'ADC', op: '1010', run: alu.adc, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'SBC', op: '1011', run: alu.sbc, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'SUB', op: '1101', run: alu.sub, immediate: 'T3', register: 'T2', wide: '.w', fromSp: true },
  { name: 'RSB', op: '1110', run: alu.rsb, immediate: 'T2', register: 'T1', wide: '' },
];

/** With S set, Rd = 15 makes four operations a comparison; with Rn = 15, two others are moves. */
const COMPARES = ['0000', '0100', '1000', '1101'];
const MOVES = ['0010', '0011'];
const standsAlone = (op: string) => ({ S, Rd, Rn }: Fields): boolean =>
  !(COMPARES.includes(op) && S === 1 && Rd === 15) && !(MOVES.includes(op) && Rn === 15);

const badOperands = (fromSp: boolean, { S, Rd, Rn }: Fields): boolean =>
  Rn === 15 || (Rn === 13 && !fromSp) || (Rd === 15 && S === 0) || (bad(Rd) && !(fromSp && Rn === 13 && Rd === 13));

const withConstant = OPERATIONS.map(({ name, op, run, immediate, wide, fromSp = false }): Row => ({
  name: `${name} (immediate) ${immediate}`,
  pattern: `11110 i:1 0 ${op} S:1 Rn:4 0 imm3:3 Rd:4 imm8:8`,
  when: standsAlone(op),
  derive: expandedImmediate,
  unpredictable: (f) => badImmediate(f) || badOperands(fromSp, f),
  text: asm(`${name.toLowerCase()}{S}${wide} {Rd}, {Rn}, #{imm}`),
  timing: 'alu',
  run: (o, f) => run(o, f.Rd, o.reg(f.Rn), o.const(f.imm), f.S === 1, constantCarry(o, f)),
}));

const withRegister = OPERATIONS.map(({ name, op, run, register, wide, fromSp = false }): Row => ({
  name: `${name} (register) ${register}`,
  pattern: `1110101 ${op} S:1 Rn:4 (0) imm3:3 Rd:4 imm2:2 type:2 Rm:4`,
  when: standsAlone(op),
  derive: registerShift,
  unpredictable: (f) => bad(f.Rm) || badOperands(fromSp, f) || (f.Rd === 13 && (f.shift !== SHIFT.LSL || f.count > 3)),
  text: asm(`${name.toLowerCase()}{S}${wide} {Rd}, {Rn}, {Rm}{shift}`),
  timing: 'alu',
  run: (o, f) => {
    const s = f.S === 1;
    const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, s);
    run(o, f.Rd, o.reg(f.Rn), value, s, carry);
  },
}));

const COMPARISONS: readonly Operation[] = [
  { name: 'TST', op: '0000', run: alu.and, immediate: 'T1', register: 'T2', wide: '.w' },
  { name: 'TEQ', op: '0100', run: alu.eor, immediate: 'T1', register: 'T1', wide: '' },
  { name: 'CMN', op: '1000', run: alu.add, immediate: 'T1', register: 'T2', wide: '.w', fromSp: true },
  { name: 'CMP', op: '1101', run: alu.sub, immediate: 'T2', register: 'T3', wide: '.w', fromSp: true },
];

const comparisons = COMPARISONS.flatMap(({ name, op, run, immediate, register, wide, fromSp = false }): Row[] => {
  const badFirst = (n: number) => n === 15 || (n === 13 && !fromSp);
  return [{
    name: `${name} (immediate) ${immediate}`,
    pattern: `11110 i:1 0 ${op} 1 Rn:4 0 imm3:3 1111 imm8:8`,
    derive: expandedImmediate,
    unpredictable: (f) => badImmediate(f) || badFirst(f.Rn),
    text: asm(`${name.toLowerCase()}${name === 'TEQ' ? '' : '.w'} {Rn}, #{imm}`),
    timing: 'alu',
    run: (o, f) => run(o, NOWHERE, o.reg(f.Rn), o.const(f.imm), true, constantCarry(o, f)),
  }, {
    name: `${name} (register) ${register}`,
    pattern: `1110101 ${op} 1 Rn:4 (0) imm3:3 1111 imm2:2 type:2 Rm:4`,
    derive: registerShift,
    unpredictable: (f) => bad(f.Rm) || badFirst(f.Rn),
    text: asm(`${name.toLowerCase()}${wide} {Rn}, {Rm}{shift}`),
    timing: 'alu',
    run: (o, f) => {
      const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, true);
      run(o, NOWHERE, o.reg(f.Rn), value, true, carry);
    },
  }];
});

const moves: Row[] = [
  {
    name: 'MOV (immediate) T2', pattern: '11110 i:1 0 0010 S:1 1111 0 imm3:3 Rd:4 imm8:8', derive: expandedImmediate,
    unpredictable: (f) => badImmediate(f) || bad(f.Rd), text: asm('mov{S}.w {Rd}, #{imm}'), timing: 'alu',
    run: (o, f) => alu.writeLogical(o, f.Rd, o.const(f.imm), f.S === 1, constantCarry(o, f)),
  },
  {
    name: 'MVN (immediate) T1', pattern: '11110 i:1 0 0011 S:1 1111 0 imm3:3 Rd:4 imm8:8', derive: expandedImmediate,
    unpredictable: (f) => badImmediate(f) || bad(f.Rd), text: asm('mvn{S}.w {Rd}, #{imm}'), timing: 'alu',
    run: (o, f) => alu.writeLogical(o, f.Rd, o.const(~f.imm), f.S === 1, constantCarry(o, f)),
  },
  {
    name: 'MVN (register) T2', pattern: '1110101 0011 S:1 1111 (0) imm3:3 Rd:4 imm2:2 type:2 Rm:4', derive: registerShift,
    unpredictable: badAny('Rd', 'Rm'), text: asm('mvn{S}.w {Rd}, {Rm}{shift}'), timing: 'alu',
    run: (o, f) => {
      const s = f.S === 1;
      const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, s);
      alu.writeLogical(o, f.Rd, o.not(value), s, carry);
    },
  },
  {
    name: 'MOV (register) T3', pattern: '1110101 0010 S:1 1111 (0) 000 Rd:4 00 00 Rm:4',
    unpredictable: (f) => (f.S === 1 ? bad(f.Rd) || bad(f.Rm) : f.Rd === 15 || f.Rm === 15 || (f.Rd === 13 && f.Rm === 13)),
    text: asm('mov{S}.w {Rd}, {Rm}'), timing: 'alu',
    run: (o, f) => alu.writeLogical(o, f.Rd, o.reg(f.Rm), f.S === 1),
  },
  {
    name: 'RRX T1', pattern: '1110101 0010 S:1 1111 (0) 000 Rd:4 00 11 Rm:4',
    unpredictable: badAny('Rd', 'Rm'), text: asm('mov{S}.w {Rd}, {Rm}, rrx'), timing: 'alu',
    run: (o, f) => {
      const s = f.S === 1;
      const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), SHIFT.RRX, 1, s);
      alu.writeLogical(o, f.Rd, value, s, carry);
    },
  },
  ...(['LSL', 'LSR', 'ASR', 'ROR'] as const).map((name): Row => ({
    name: `${name} (immediate) ${name === 'ROR' ? 'T1' : 'T2'}`,
    pattern: `1110101 0010 S:1 1111 (0) imm3:3 Rd:4 imm2:2 ${SHIFT[name].toString(2).padStart(2, '0')} Rm:4`,
    // Without a count LSL is MOV and ROR is RRX.
    when: (f) => name === 'LSR' || name === 'ASR' || (f.imm3 | f.imm2) !== 0,
    derive: (f) => registerShift({ ...f, type: SHIFT[name] }),
    unpredictable: badAny('Rd', 'Rm'), text: asm('mov{S}.w {Rd}, {Rm}{shift}'), timing: 'alu',
    run: (o, f) => {
      const s = f.S === 1;
      const { value, carry } = alu.shiftBy(o, o.reg(f.Rm), f.shift, f.count, s);
      alu.writeLogical(o, f.Rd, value, s, carry);
    },
  })),
  {
    name: 'MOV (immediate) T3', pattern: '11110 i:1 10 0 1 0 0 imm4:4 0 imm3:3 Rd:4 imm8:8', derive: (f) => ({ imm: (f.imm4 << 12) | plainImmediate(f).imm }),
    unpredictable: badAny('Rd'), text: asm('movw {Rd}, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.const(f.imm)),
  },
  {
    name: 'MOVT T1', pattern: '11110 i:1 10 1 1 0 0 imm4:4 0 imm3:3 Rd:4 imm8:8', derive: (f) => ({ imm: (f.imm4 << 12) | plainImmediate(f).imm }),
    unpredictable: badAny('Rd'), text: asm('movt {Rd}, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.or(o.and(o.reg(f.Rd), o.const(0xffff)), o.const(f.imm << 16))),
  },
  {
    name: 'ADD (immediate) T4', pattern: '11110 i:1 10 0 0 0 0 Rn:4 0 imm3:3 Rd:4 imm8:8', when: (f) => f.Rn !== 15, derive: plainImmediate,
    unpredictable: (f) => f.Rd === 15 || (f.Rd === 13 && f.Rn !== 13), text: asm('addw {Rd}, {Rn}, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.add(o.reg(f.Rn), o.const(f.imm))),
  },
  {
    name: 'SUB (immediate) T4', pattern: '11110 i:1 10 1 0 1 0 Rn:4 0 imm3:3 Rd:4 imm8:8', when: (f) => f.Rn !== 15, derive: plainImmediate,
    unpredictable: (f) => f.Rd === 15 || (f.Rd === 13 && f.Rn !== 13), text: asm('subw {Rd}, {Rn}, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.sub(o.reg(f.Rn), o.const(f.imm))),
  },
  {
    name: 'ADR T3', pattern: '11110 i:1 10 0 0 0 0 1111 0 imm3:3 Rd:4 imm8:8', derive: plainImmediate,
    unpredictable: badAny('Rd'), text: asm('addw {Rd}, pc, #{imm}'), timing: 'alu',
    run: (o, f, site) => o.setReg(f.Rd, o.const(((site.pc + 4) & ~3) + f.imm)),
  },
  {
    name: 'ADR T2', pattern: '11110 i:1 10 1 0 1 0 1111 0 imm3:3 Rd:4 imm8:8', derive: plainImmediate,
    unpredictable: badAny('Rd'), text: asm('subw {Rd}, pc, #{imm}'), timing: 'alu',
    run: (o, f, site) => o.setReg(f.Rd, o.const(((site.pc + 4) & ~3) - f.imm)),
  },
];

/** 16-bit data processing on two low registers (A5.2.2), without shifts, compares and MUL. */
const lowPair = ([['AND', '0000', alu.and], ['EOR', '0001', alu.eor], ['ADC', '0101', alu.adc], ['SBC', '0110', alu.sbc],
  ['ORR', '1100', alu.orr], ['BIC', '1110', alu.bic]] as const).map(([name, op, run]): Row => ({
  name: `${name} (register) T1`, pattern: `010000 ${op} Rm:3 Rdn:3`, text: asm(`${name.toLowerCase()}{s} {Rdn}, {Rm}`), timing: 'alu',
  run: (o, f, site) => run(o, f.Rdn, o.reg(f.Rdn), o.reg(f.Rm), !site.inIT),
}));

const lowCompare = ([['TST', '1000', alu.and], ['CMP', '1010', alu.sub], ['CMN', '1011', alu.add]] as const).map(([name, op, run]): Row => ({
  name: `${name} (register) T1`, pattern: `010000 ${op} Rm:3 Rn:3`, text: asm(`${name.toLowerCase()} {Rn}, {Rm}`), timing: 'alu',
  run: (o, f) => run(o, NOWHERE, o.reg(f.Rn), o.reg(f.Rm), true),
}));

const low: Row[] = [
  ...lowPair,
  ...lowCompare,
  {
    name: 'RSB (immediate) T1', pattern: '010000 1001 Rn:3 Rd:3', text: asm('neg{s} {Rd}, {Rn}'), timing: 'alu',
    run: (o, f, site) => alu.rsb(o, f.Rd, o.reg(f.Rn), o.const(0), !site.inIT),
  },
  {
    name: 'MVN (register) T1', pattern: '010000 1111 Rm:3 Rd:3', text: asm('mvn{s} {Rd}, {Rm}'), timing: 'alu',
    run: (o, f, site) => alu.writeLogical(o, f.Rd, o.not(o.reg(f.Rm)), !site.inIT),
  },
  ...([['ADD', '0', alu.add], ['SUB', '1', alu.sub]] as const).flatMap(([name, op, run]): Row[] => {
    const mnemonic = `${name.toLowerCase()}{s}`;
    return [{
      name: `${name} (register) T1`, pattern: `000110 ${op} Rm:3 Rn:3 Rd:3`, text: asm(`${mnemonic} {Rd}, {Rn}, {Rm}`), timing: 'alu',
      run: (o, f, site) => run(o, f.Rd, o.reg(f.Rn), o.reg(f.Rm), !site.inIT),
    }, {
      name: `${name} (immediate) T1`, pattern: `000111 ${op} imm:3 Rn:3 Rd:3`, text: asm(`${mnemonic} {Rd}, {Rn}, #{imm}`), timing: 'alu',
      run: (o, f, site) => run(o, f.Rd, o.reg(f.Rn), o.const(f.imm), !site.inIT),
    }, {
      name: `${name} (immediate) T2`, pattern: `001 1${op} Rdn:3 imm:8`, text: asm(`${mnemonic} {Rdn}, #{imm}`), timing: 'alu',
      run: (o, f, site) => run(o, f.Rdn, o.reg(f.Rdn), o.const(f.imm), !site.inIT),
    }];
  }),
  {
    name: 'MOV (immediate) T1', pattern: '001 00 Rd:3 imm:8', text: asm('mov{s} {Rd}, #{imm}'), timing: 'alu',
    run: (o, f, site) => alu.writeLogical(o, f.Rd, o.const(f.imm), !site.inIT),
  },
  {
    name: 'CMP (immediate) T1', pattern: '001 01 Rn:3 imm:8', text: asm('cmp {Rn}, #{imm}'), timing: 'alu',
    run: (o, f) => alu.sub(o, NOWHERE, o.reg(f.Rn), o.const(f.imm), true),
  },
];

/** 16-bit with high registers (A5.2.3), and with SP or PC as the base. */
const high: Row[] = [
  {
    name: 'ADD (register) T2', pattern: '010001 00 DN:1 Rm:4 dn:3', derive: (f) => ({ Rdn: (f.DN << 3) | f.dn }),
    unpredictable: (f) => f.Rdn === 15 && f.Rm === 15, text: asm('add {Rdn}, {Rm}'), timing: 'alu',
    run: (o, f) => alu.add(o, f.Rdn, o.reg(f.Rdn), o.reg(f.Rm), false),
  },
  {
    name: 'CMP (register) T2', pattern: '010001 01 N:1 Rm:4 n:3', derive: (f) => ({ Rn: (f.N << 3) | f.n }),
    unpredictable: (f) => (f.Rn < 8 && f.Rm < 8) || f.Rn === 15 || f.Rm === 15, text: asm('cmp {Rn}, {Rm}'), timing: 'alu',
    run: (o, f) => alu.sub(o, NOWHERE, o.reg(f.Rn), o.reg(f.Rm), true),
  },
  {
    name: 'MOV (register) T1', pattern: '010001 10 D:1 Rm:4 d:3', derive: (f) => ({ Rd: (f.D << 3) | f.d }), text: asm('mov {Rd}, {Rm}'), timing: 'alu',
    run: (o, f) => alu.write(o, f.Rd, o.reg(f.Rm)),
  },
  {
    name: 'ADR T1', pattern: '10100 Rd:3 imm8:8', derive: (f) => ({ imm: f.imm8 << 2 }), text: asm('add {Rd}, pc, #{imm}'), timing: 'alu',
    run: (o, f, site) => o.setReg(f.Rd, o.const(((site.pc + 4) & ~3) + f.imm)),
  },
  {
    name: 'ADD (SP plus immediate) T1', pattern: '10101 Rd:3 imm8:8', derive: (f) => ({ imm: f.imm8 << 2 }), text: asm('add {Rd}, sp, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(f.Rd, o.add(o.reg(13), o.const(f.imm))),
  },
  {
    name: 'ADD (SP plus immediate) T2', pattern: '10110000 0 imm7:7', derive: (f) => ({ imm: f.imm7 << 2 }), text: asm('add sp, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(13, o.add(o.reg(13), o.const(f.imm))),
  },
  {
    name: 'SUB (SP minus immediate) T1', pattern: '10110000 1 imm7:7', derive: (f) => ({ imm: f.imm7 << 2 }), text: asm('sub sp, #{imm}'), timing: 'alu',
    run: (o, f) => o.setReg(13, o.sub(o.reg(13), o.const(f.imm))),
  },
];

export const dataProcessing: readonly Row[] = [...low, ...high, ...withConstant, ...withRegister, ...comparisons, ...moves];
