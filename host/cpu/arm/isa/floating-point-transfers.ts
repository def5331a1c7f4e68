// SPDX-License-Identifier: MIT
// FPv4-SP transfers (ARM DDI 0403E, A6.5 to A6.7): between floating-point and core registers, FPSCR, loads and stores. A double register is two
// single ones, the low word first.

import { bad } from './fields.js';
import { doubleText, listText, single, singleText } from './floating-point-registers.js';
import type { Ops, Site } from './ops.js';
import type { Fields, Row } from './row.js';
import { registerName } from './text.js';

/** R13 and R15 are UNPREDICTABLE in transfers. */
const ordinary = (r: number): boolean => !bad(r);

/** An encoding for single registers (`1010`) or double ones (`1011`). */
interface Width {
  readonly double: boolean;
  /** Bits 11 to 8. */
  readonly coprocessor: string;
  readonly encoding: 'T1' | 'T2';
  /** The register's number from its two fields. A Cortex-M4 has D0 to D15, so the high bit must be 0. */
  readonly register: (v: number, bit: number) => number;
  readonly words: 1 | 2;
  readonly text: (register: number) => string;
}
const DOUBLE: Width = { double: true, coprocessor: '1011', encoding: 'T1', register: (v, bit) => (bit << 4) | v, words: 2, text: doubleText };
const SINGLE: Width = { double: false, coprocessor: '1010', encoding: 'T2', register: single, words: 1, text: singleText };

const toCore: readonly Row[] = [
  {
    name: 'VMOV (between ARM core register and single-precision register) T1 to core',
    pattern: '11101110 0001 Vn:4 Rt:4 1010 N:1 (0)(0) 1 (0)(0)(0)(0)',
    when: (f) => ordinary(f.Rt),
    text: (f) => `vmov ${registerName(f.Rt)}, ${singleText(single(f.Vn, f.N))}`,
    timing: 'fpuTransfer',
    fpu: true,
    run: (o, f) => o.setReg(f.Rt, o.s(single(f.Vn, f.N))),
  },
  {
    name: 'VMOV (between ARM core register and single-precision register) T1 from core',
    pattern: '11101110 0000 Vn:4 Rt:4 1010 N:1 (0)(0) 1 (0)(0)(0)(0)',
    when: (f) => ordinary(f.Rt),
    text: (f) => `vmov ${singleText(single(f.Vn, f.N))}, ${registerName(f.Rt)}`,
    timing: 'fpuTransfer',
    fpu: true,
    run: (o, f) => o.setS(single(f.Vn, f.N), o.reg(f.Rt)),
  },
  {
    name: 'VMOV (scalar to ARM core register) T1',
    pattern: '11101110 00 H:1 1 Vn:4 Rt:4 1011 N:1 00 1 (0)(0)(0)(0)',
    when: (f) => f.N === 0 && ordinary(f.Rt),
    text: (f) => `vmov.32 ${registerName(f.Rt)}, d${f.Vn}[${f.H}]`,
    timing: 'fpuTransfer',
    fpu: true,
    run: (o, f) => o.setReg(f.Rt, o.s(2 * f.Vn + f.H)),
  },
  {
    name: 'VMOV (ARM core register to scalar) T1',
    pattern: '11101110 00 H:1 0 Vd:4 Rt:4 1011 D:1 00 1 (0)(0)(0)(0)',
    when: (f) => f.D === 0 && ordinary(f.Rt),
    text: (f) => `vmov.32 d${f.Vd}[${f.H}], ${registerName(f.Rt)}`,
    timing: 'fpuTransfer',
    fpu: true,
    run: (o, f) => o.setS(2 * f.Vd + f.H, o.reg(f.Rt)),
  },
];

/** VMOV between two core registers and two consecutive single ones or a double one. */
function pair(width: Width): Row[] {
  const register = (f: Fields): number => width.register(f.Vm, f.M);
  /** The first of the two single registers. */
  const first = (f: Fields): number => (width.double ? 2 : 1) * register(f);
  const exists = (f: Fields): boolean => first(f) + 1 < 32 && ordinary(f.Rt) && ordinary(f.Rt2);
  const text = (f: Fields): string => (width.double ? doubleText(register(f)) : `${singleText(first(f))}, ${singleText(first(f) + 1)}`);
  const core = (f: Fields): string => `${registerName(f.Rt)}, ${registerName(f.Rt2)}`;
  const name = width.double
    ? 'VMOV (between two ARM core registers and a doubleword extension register) T1'
    : 'VMOV (between two ARM core registers and two single-precision registers) T1';
  const common = { timing: 'fpuTransfer', words: () => 2, fpu: true } as const;
  return [{
    ...common,
    name: `${name} to core`,
    pattern: `11101100 0101 Rt2:4 Rt:4 ${width.coprocessor} 00 M:1 1 Vm:4`,
    when: (f) => exists(f) && f.Rt !== f.Rt2,
    text: (f) => `vmov ${core(f)}, ${text(f)}`,
    run: (o, f) => {
      o.setReg(f.Rt, o.s(first(f)));
      o.setReg(f.Rt2, o.s(first(f) + 1));
    },
  }, {
    ...common,
    name: `${name} from core`,
    pattern: `11101100 0100 Rt2:4 Rt:4 ${width.coprocessor} 00 M:1 1 Vm:4`,
    when: exists,
    text: (f) => `vmov ${text(f)}, ${core(f)}`,
    run: (o, f) => {
      o.setS(first(f), o.reg(f.Rt));
      o.setS(first(f) + 1, o.reg(f.Rt2));
    },
  }];
}

const status: readonly Row[] = [
  {
    name: 'VMRS T1 APSR_nzcv',
    pattern: '11101110 1111 0001 1111 1010 (0)(0)(0) 1 (0)(0)(0)(0)',
    text: () => 'vmrs APSR_nzcv, fpscr',
    timing: 'fpuTransfer',
    fpu: true,
    run: (o) => o.flagsFromFpscr(),
  },
  {
    name: 'VMRS T1',
    pattern: '11101110 1111 0001 Rt:4 1010 (0)(0)(0) 1 (0)(0)(0)(0)',
    when: (f) => ordinary(f.Rt),
    text: (f) => `vmrs ${registerName(f.Rt)}, fpscr`,
    timing: 'fpuTransfer',
    fpu: true,
    system: (core, f) => core.ops.setReg(f.Rt, core.readFpscr()),
  },
  {
    name: 'VMSR T1',
    pattern: '11101110 1110 0001 Rt:4 1010 (0)(0)(0) 1 (0)(0)(0)(0)',
    when: (f) => ordinary(f.Rt),
    text: (f) => `vmsr fpscr, ${registerName(f.Rt)}`,
    timing: 'fpuTransfer',
    fpu: true,
    system: (core, f) => core.writeFpscr(core.ops.reg(f.Rt)),
  },
];

/** VLDR and VSTR. */
function singleTransfer(load: boolean, width: Width): Row {
  const register = (f: Fields): number => width.register(f.Vd, f.D);
  const offset = (f: Fields): number => (f.U === 1 ? 4 : -4) * f.imm8;
  const address = <V>(o: Ops<V>, f: Fields, site: Site): V =>
    f.Rn === 15 ? o.const((((site.pc + 4) & ~3) + offset(f)) | 0) : o.add(o.reg(f.Rn), o.const(offset(f)));
  const name = load ? 'VLDR' : 'VSTR';
  return {
    name: `${name} ${width.encoding}`,
    pattern: `11101101 U:1 D:1 0${Number(load)} Rn:4 Vd:4 ${width.coprocessor} imm8:8`,
    // VSTR with the PC is UNPREDICTABLE.
    when: (f) => !(width.double && f.D === 1) && (load || f.Rn !== 15),
    text: (f) => {
      const place = f.imm8 === 0 && f.U === 1 ? '' : `, #${f.U === 1 ? '' : '-'}${4 * f.imm8}`;
      return `${name.toLowerCase()} ${width.text(register(f))}, [${registerName(f.Rn)}${place}]`;
    },
    // A double register takes a cycle more than a single one, as two words do in a multiple transfer (DDI 0439, table 7-1).
    timing: width.double ? (load ? 'fpuLoadMultiple' : 'fpuStoreMultiple') : load ? 'fpuLoad' : 'fpuStore',
    ...(width.double && { words: () => 2 }),
    fpu: true,
    run: (o, f, site) => {
      const first = width.words * register(f);
      if (!load) {
        if (width.double) o.storeWords(address(o, f, site), [o.s(first), o.s(first + 1)]);
        else o.store(address(o, f, site), 4, o.s(first), 'aligned');
      } else if (width.double) o.loadWords(address(o, f, site), 2).forEach((word, i) => o.setS(first + i, word));
      else o.setS(first, o.load(address(o, f, site), 4, 'aligned'));
    },
  };
}

/** VLDM, VSTM, VPOP and VPUSH, and FLDMX and FSTMX, whose odd count of words moves the address by one word more than it transfers. */
function multiple(load: boolean, before: boolean, stack: boolean, width: Width): Row {
  const register = (f: Fields): number => width.register(f.Vd, f.D);
  const registers = (f: Fields): number => Math.floor(f.imm8 / width.words);
  const words = (f: Fields): number => registers(f) * width.words;
  const first = (f: Fields): number => width.words * register(f);
  const name = stack ? (load ? 'VPOP' : 'VPUSH') : `${load ? 'VLDM' : 'VSTM'}${before ? 'DB' : 'IA'}`;
  const mnemonic = (f: Fields): string =>
    (width.double && f.imm8 % 2 === 1 ? `${load ? 'fldm' : 'fstm'}${before ? 'db' : 'ia'}x` : name.toLowerCase());
  const writesBack = before || stack ? '1' : 'W:1';
  return {
    name: `${name} ${width.encoding}`,
    pattern: `1110110 ${Number(before)} ${Number(!before)} D:1 ${writesBack} ${Number(load)} ${stack ? '1101' : 'Rn:4'} Vd:4 ${width.coprocessor} imm8:8`,
    // No register, more than 16 double ones, or past the last one: UNPREDICTABLE, as is the PC as a base except to load without writing back.
    when: (f) => {
      if (words(f) === 0 || words(f) > 32 || first(f) + words(f) > 32) return false;
      if (stack) return !(width.double && f.imm8 % 2 === 1);
      return f.Rn !== 15 || (load && !before && f.W === 0);
    },
    text: (f) => {
      const list = listText(width.double ? 'd' : 's', register(f), registers(f));
      return stack ? `${mnemonic(f)} ${list}` : `${mnemonic(f)} ${registerName(f.Rn)}${before || f.W === 1 ? '!' : ''}, ${list}`;
    },
    timing: load ? 'fpuLoadMultiple' : 'fpuStoreMultiple',
    words,
    fpu: true,
    run: (o, f, site) => {
      const base = stack ? 13 : f.Rn;
      const start = base === 15 ? o.const((site.pc + 4) & ~3) : o.reg(base);
      const address = o.keep(before ? o.sub(start, o.const(4 * f.imm8)) : start);
      if (load) o.loadWords(address, words(f)).forEach((word, i) => o.setS(first(f) + i, word));
      else o.storeWords(address, Array.from({ length: words(f) }, (_, i) => o.s(first(f) + i)));
      if (before) o.setReg(base, address);
      else if (stack || f.W === 1) o.setReg(base, o.add(address, o.const(4 * f.imm8)));
    },
  };
}

export const fpTransferRows: readonly Row[] = [
  ...toCore, ...pair(SINGLE), ...pair(DOUBLE), ...status,
  ...[SINGLE, DOUBLE].flatMap((width) => [
    singleTransfer(true, width), singleTransfer(false, width),
    multiple(true, false, true, width), multiple(false, true, true, width),
    multiple(true, false, false, width), multiple(true, true, false, width),
    multiple(false, false, false, width), multiple(false, true, false, width),
  ]),
];
