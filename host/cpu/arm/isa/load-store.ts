// SPDX-License-Identifier: MIT
// Loads and stores, single, dual and multiple (DDI 0403E, A5.2.4, A5.2.5, A5.3.5 to A5.3.10). The exclusives are in system.ts.

import { bad, bitCount, listed } from './fields.js';
import type { AccessKind, Ops, Size } from './ops.js';
import type { Fields, Row } from './row.js';
import { asm, registerList, registerName } from './text.js';

/** What is loaded or stored, as its mnemonic says. */
interface Transfer {
  readonly name: string;
  readonly load: boolean;
  readonly size: Size;
  readonly signed: boolean;
}

const transfer = (name: string): Transfer => ({
  name, load: name.startsWith('LDR'), size: name.endsWith('B') ? 1 : name.endsWith('H') ? 2 : 4, signed: name.startsWith('LDRS'),
});

const STORES = ['STRB', 'STRH', 'STR'].map(transfer);
const LOADS = ['LDRB', 'LDRH', 'LDR', 'LDRSB', 'LDRSH'].map(transfer);
const TRANSFERS = [...STORES, ...LOADS];

const sizeBits = (size: Size): string => ({ 1: '00', 2: '01', 4: '10' })[size];
const timingOf = ({ load }: Transfer): 'load' | 'store' => (load ? 'load' : 'store');

/** Moves between Rt and memory; then, all being read, writes the base back if there is a new one. A loaded PC comes last. */
function move<V>(o: Ops<V>, { load, size, signed }: Transfer, t: number, address: V, writeBack?: { n: number; value: V }, kind?: AccessKind): void {
  if (!load) {
    o.store(address, size, o.reg(t), kind);
    if (writeBack) o.setReg(writeBack.n, writeBack.value);
    return;
  }
  // The PC is a word-aligned load (DDI 0403E, A7.7.43); a branch to an address that depends on memory waits until the base is written.
  const raw = o.load(address, size, kind);
  const value = !signed ? raw : size === 1 ? o.extend8(raw) : o.extend16(raw);
  if (!writeBack) return t === 15 ? o.branchExchange(value) : o.setReg(t, value);
  const loaded = o.keep(value);
  o.setReg(writeBack.n, writeBack.value);
  if (t === 15) o.branchExchange(loaded);
  else o.setReg(t, loaded);
}

/** Rt may not be SP or PC, except that words may go to and from SP, and be loaded to the PC. */
const badTarget = ({ load, size }: Transfer, t: number): boolean => (size === 4 ? !load && t === 15 : bad(t));

/** 16-bit encodings with a constant offset in units of the size. */
const lowImmediate = ([['STR', '01100', 'T1'], ['LDR', '01101', 'T1'], ['STRB', '01110', 'T1'], ['LDRB', '01111', 'T1'],
  ['STRH', '10000', 'T1'], ['LDRH', '10001', 'T1']] as const).map(([name, op, encoding]): Row => {
  const what = transfer(name);
  return {
    name: `${name} (immediate) ${encoding}`, pattern: `${op} imm5:5 Rn:3 Rt:3`, derive: (f) => ({ imm: f.imm5 * what.size }),
    text: asm(`${name.toLowerCase()} {Rt}, [{Rn}, #{imm}]`), timing: timingOf(what),
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(f.Rn), o.const(f.imm))),
  };
});

const lowRegister = (['STR', 'STRH', 'STRB', 'LDRSB', 'LDR', 'LDRH', 'LDRB', 'LDRSH'] as const).map((name, op): Row => {
  const what = transfer(name);
  return {
    name: `${name} (register) T1`, pattern: `0101 ${op.toString(2).padStart(3, '0')} Rm:3 Rn:3 Rt:3`,
    text: asm(`${name.toLowerCase()} {Rt}, [{Rn}, {Rm}]`), timing: timingOf(what),
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(f.Rn), o.reg(f.Rm))),
  };
});

const fromSp = ([['STR', '10010'], ['LDR', '10011']] as const).map(([name, op]): Row => {
  const what = transfer(name);
  return {
    name: `${name} (immediate) T2`, pattern: `${op} Rt:3 imm8:8`, derive: (f) => ({ imm: f.imm8 * 4 }),
    text: asm(`${name.toLowerCase()} {Rt}, [sp, #{imm}]`), timing: timingOf(what),
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(13), o.const(f.imm))),
  };
});

const lowLiteral: Row = {
  name: 'LDR (literal) T1', pattern: '01001 Rt:3 imm8:8', derive: (f) => ({ imm: f.imm8 * 4 }), text: asm('ldr {Rt}, [pc, #{imm}]'), timing: 'load',
  run: (o, f, site) => o.setReg(f.Rt, o.load(o.const(((site.pc + 4) & ~3) + f.imm), 4)),
};

/** What follows the base in an address: nothing for 0, else a signed constant. */
const offsetText = (imm: number): string => (imm === 0 ? '' : `, #${imm}`);

/** Where a T3 or T4 encoding with an 8-bit offset computes its address and what becomes of the base. */
const indexed = (f: Fields): Fields => ({ offset: f.U ? f.imm8 : -f.imm8 });
const indexedText = (f: Fields): string => {
  const n = registerName(f.Rn);
  const sign = f.U ? '' : '-';
  if (!f.P) return `[${n}], #${sign}${f.imm8}`;
  return f.W ? `[${n}, #${sign}${f.imm8}]!` : `[${n}${f.imm8 === 0 && f.U ? '' : `, #${sign}${f.imm8}`}]`;
};

/** Runs `use` with the address of an indexed access and the new base, if there is one. */
function atIndexed<V>(o: Ops<V>, f: Fields, use: (address: V, writeBack?: { n: number; value: V }) => void): void {
  const base = o.reg(f.Rn);
  if (!f.W) return use(o.add(base, o.const(f.offset)));
  const old = o.keep(base);
  const changed = o.keep(o.add(old, o.const(f.offset)));
  use(f.P ? changed : old, { n: f.Rn, value: changed });
}

/** The names of the encodings: STR and LDR have one more 16-bit form. */
const wideNames = ({ size, signed }: Transfer) => {
  if (signed) return { imm12: 'T1', imm8: 'T2', register: 'T2' };
  return size === 4 ? { imm12: 'T3', imm8: 'T4', register: 'T2' } : { imm12: 'T2', imm8: 'T3', register: 'T2' };
};

const wide = TRANSFERS.flatMap((what): Row[] => {
  const { name, load, size, signed } = what;
  const mnemonic = name.toLowerCase();
  const names = wideNames(what);
  const op = (u: string) => `1111100 ${signed ? '1' : '0'} ${u} ${sizeBits(size)} ${load ? '1' : '0'}`;
  // With PC as the base loads are literal, stores are UNDEFINED; bytes and halfwords "loaded" to the PC are hints.
  const plain = (f: Fields) => f.Rn !== 15 && !(load && size !== 4 && f.Rt === 15);
  const timing = timingOf(what);
  const rows: Row[] = [{
    name: `${name} (immediate) ${names.imm12}`, pattern: `${op('1')} Rn:4 Rt:4 imm:12`, when: plain, unpredictable: (f) => badTarget(what, f.Rt),
    text: (f) => `${mnemonic}.w ${registerName(f.Rt)}, [${registerName(f.Rn)}${offsetText(f.imm)}]`, timing,
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(f.Rn), o.const(f.imm))),
  }, {
    name: `${name} (immediate) ${names.imm8}`, pattern: `${op('0')} Rn:4 Rt:4 1 P:1 U:1 W:1 imm8:8`,
    // P, U, W of 110 is the unprivileged access; without P and W the encoding is UNDEFINED; bytes and halfwords to the PC are hints with 100.
    when: (f) => f.Rn !== 15 && !(f.P && f.U && !f.W) && (f.P | f.W) === 1 && !(load && size !== 4 && f.Rt === 15 && f.P && !f.U && !f.W),
    derive: indexed, unpredictable: (f) => badTarget(what, f.Rt) || (f.W === 1 && f.Rn === f.Rt),
    text: (f) => `${mnemonic}.w ${registerName(f.Rt)}, ${indexedText(f)}`, timing,
    run: (o, f) => atIndexed(o, f, (address, writeBack) => move(o, what, f.Rt, address, writeBack)),
  }, {
    name: `${name}T T1`, pattern: `${op('0')} Rn:4 Rt:4 1110 imm:8`, when: (f) => f.Rn !== 15, unpredictable: (f) => bad(f.Rt),
    text: (f) => `${mnemonic}t ${registerName(f.Rt)}, [${registerName(f.Rn)}${offsetText(f.imm)}]`, timing,
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(f.Rn), o.const(f.imm)), undefined, 'unprivileged'),
  }, {
    name: `${name} (register) ${names.register}`, pattern: `${op('0')} Rn:4 Rt:4 000000 imm2:2 Rm:4`, when: plain,
    unpredictable: (f) => badTarget(what, f.Rt) || bad(f.Rm),
    text: (f) => `${mnemonic}.w ${registerName(f.Rt)}, [${registerName(f.Rn)}, ${registerName(f.Rm)}${f.imm2 === 0 ? '' : `, lsl #${f.imm2}`}]`, timing,
    run: (o, f) => move(o, what, f.Rt, o.add(o.reg(f.Rn), f.imm2 === 0 ? o.reg(f.Rm) : o.shl(o.reg(f.Rm), o.const(f.imm2)))),
  }];
  if (load) {
    rows.push({
      name: `${name} (literal) ${size === 4 ? 'T2' : 'T1'}`, pattern: `${op('U:1')} 1111 Rt:4 imm:12`, when: (f) => size === 4 || f.Rt !== 15,
      unpredictable: (f) => badTarget(what, f.Rt), text: (f) => `${mnemonic}.w ${registerName(f.Rt)}, [pc, #${f.U ? '' : '-'}${f.imm}]`, timing,
      run: (o, f, site) => move(o, what, f.Rt, o.const(((site.pc + 4) & ~3) + (f.U ? f.imm : -f.imm))),
    });
  }
  return rows;
});

/** PLD, PLI and the hints whose meaning is not given: loads of bytes and halfwords to the PC. They do nothing. */
const hints = LOADS.filter(({ size }) => size !== 4).flatMap(({ name, size, signed }): Row[] => {
  const preload = name === 'LDRB' ? 'PLD' : name === 'LDRSB' ? 'PLI' : undefined;
  const title = preload ?? `Memory hint (${name})`;
  const op = (u: string) => `1111100 ${signed ? '1' : '0'} ${u} ${sizeBits(size)} 1`;
  const mnemonic = preload?.toLowerCase() ?? (name === 'LDRH' ? 'pldw' : 'nop.w');
  const base = { timing: 'alu', run: () => {} } as const;
  const unpredictable = preload === undefined ? () => true : undefined;
  return [
    { ...base, name: `${title} (immediate) T1`, pattern: `${op('1')} Rn:4 1111 imm:12`, when: (f) => f.Rn !== 15, unpredictable,
      text: (f) => `${mnemonic} [${registerName(f.Rn)}${offsetText(f.imm)}]` },
    { ...base, name: `${title} (immediate) T2`, pattern: `${op('0')} Rn:4 1111 1100 imm:8`, when: (f) => f.Rn !== 15, unpredictable,
      text: (f) => `${mnemonic} [${registerName(f.Rn)}, #-${f.imm}]` },
    { ...base, name: `${title} (literal)`, pattern: `${op('U:1')} 1111 1111 imm:12`, unpredictable,
      text: (f) => `${mnemonic} [pc, #${f.U ? '' : '-'}${f.imm}]` },
    { ...base, name: `${title} (register)`, pattern: `${op('0')} Rn:4 1111 000000 imm2:2 Rm:4`, when: (f) => f.Rn !== 15,
      unpredictable: unpredictable ?? ((f) => bad(f.Rm)),
      text: (f) => `${mnemonic} [${registerName(f.Rn)}, ${registerName(f.Rm)}${f.imm2 === 0 ? '' : `, lsl #${f.imm2}`}]` },
  ];
});

const WORDS_OF_PAIR = () => 2;

/** LDRD and STRD: two words, aligned. Without P and W the space has the exclusives. */
const dual: Row[] = [
  {
    name: 'STRD (immediate) T1', pattern: '1110100 P:1 U:1 1 W:1 0 Rn:4 Rt:4 Rt2:4 imm8:8', when: (f) => (f.P | f.W) === 1,
    derive: (f) => ({ offset: (f.U ? 4 : -4) * f.imm8 }),
    unpredictable: (f) => (f.W === 1 && (f.Rn === f.Rt || f.Rn === f.Rt2)) || f.Rn === 15 || bad(f.Rt) || bad(f.Rt2),
    text: (f) => `strd ${registerName(f.Rt)}, ${registerName(f.Rt2)}, ${indexedText({ ...f, imm8: f.imm8 * 4 })}`, timing: 'storeMultiple', words: WORDS_OF_PAIR,
    run: (o, f) => atIndexed(o, f, (address, writeBack) => {
      o.storeWords(address, [o.reg(f.Rt), o.reg(f.Rt2)]);
      if (writeBack) o.setReg(writeBack.n, writeBack.value);
    }),
  },
  {
    name: 'LDRD (immediate) T1', pattern: '1110100 P:1 U:1 1 W:1 1 Rn:4 Rt:4 Rt2:4 imm8:8', when: (f) => (f.P | f.W) === 1 && f.Rn !== 15,
    derive: (f) => ({ offset: (f.U ? 4 : -4) * f.imm8 }),
    unpredictable: (f) => (f.W === 1 && (f.Rn === f.Rt || f.Rn === f.Rt2)) || bad(f.Rt) || bad(f.Rt2) || f.Rt === f.Rt2,
    text: (f) => `ldrd ${registerName(f.Rt)}, ${registerName(f.Rt2)}, ${indexedText({ ...f, imm8: f.imm8 * 4 })}`, timing: 'loadMultiple', words: WORDS_OF_PAIR,
    run: (o, f) => atIndexed(o, f, (address, writeBack) => {
      const [first, second] = o.loadWords(address, 2);
      if (writeBack) o.setReg(writeBack.n, writeBack.value);
      setLoaded(o, f.Rt, first);
      setLoaded(o, f.Rt2, second);
    }),
  },
  {
    name: 'LDRD (literal) T1', pattern: '1110100 P:1 U:1 1 W:1 1 1111 Rt:4 Rt2:4 imm8:8', when: (f) => (f.P | f.W) === 1,
    unpredictable: (f) => f.W === 1 || bad(f.Rt) || bad(f.Rt2) || f.Rt === f.Rt2,
    text: (f) => `ldrd ${registerName(f.Rt)}, ${registerName(f.Rt2)}, [pc, #${f.U ? '' : '-'}${f.imm8 * 4}]`, timing: 'loadMultiple', words: WORDS_OF_PAIR,
    run: (o, f, site) => {
      const [first, second] = o.loadWords(o.const(((site.pc + 4) & ~3) + (f.U ? 4 : -4) * f.imm8), 2);
      setLoaded(o, f.Rt, first);
      setLoaded(o, f.Rt2, second);
    },
  },
];

/** A loaded word to its register; the PC, which is UNPREDICTABLE in LDRD, is a branch as in LDM. */
function setLoaded<V>(o: Ops<V>, t: number, value: V): void {
  if (t === 15) o.branchExchange(value);
  else o.setReg(t, value);
}

const wordsListed = (f: Fields): number => bitCount(f.list);

/** LDM: the base is written unless it is loaded; the PC, the highest register, comes last. */
function loadMultiple<V>(o: Ops<V>, n: number, list: number, down: boolean, writeBack: boolean): void {
  const registers = listed(list);
  const byteCount = registers.length * 4;
  const base = o.keep(o.reg(n));
  const start = down ? o.sub(base, o.const(byteCount)) : base;
  const values = o.loadWords(start, registers.length);
  if (writeBack && !registers.includes(n)) o.setReg(n, down ? o.sub(base, o.const(byteCount)) : o.add(base, o.const(byteCount)));
  registers.forEach((register, i) => setLoaded(o, register, values[i]));
}

function storeMultiple<V>(o: Ops<V>, n: number, list: number, down: boolean, writeBack: boolean): void {
  const registers = listed(list);
  const byteCount = o.const(registers.length * 4);
  const base = o.keep(o.reg(n));
  const start = down ? o.keep(o.sub(base, byteCount)) : base;
  o.storeWords(start, registers.map((register) => o.reg(register)));
  if (writeBack) o.setReg(n, down ? start : o.add(base, byteCount));
}

const has = (list: number, register: number): boolean => ((list >> register) & 1) === 1;
/** P and M are PC and LR; bit 13 of the list is SP, which should not be there. */
const wideList = (f: Fields): Fields => ({ list: ((f.P ?? 0) << 15) | (f.M << 14) | f.rest });
const badLoadList = (f: Fields): boolean =>
  f.Rn === 15 || bitCount(f.list) < 2 || (f.P === 1 && f.M === 1) || has(f.list, 13) || (f.W === 1 && has(f.list, f.Rn));
const badStoreList = (f: Fields): boolean => f.Rn === 15 || bitCount(f.list) < 2 || has(f.list, 13) || (f.W === 1 && has(f.list, f.Rn));

const multiple: Row[] = [
  {
    name: 'STM T1', pattern: '11000 Rn:3 list:8', unpredictable: (f) => f.list === 0 || (has(f.list, f.Rn) && (f.list & ((1 << f.Rn) - 1)) !== 0),
    text: asm('stmia {Rn}!, {list}'), timing: 'storeMultiple', words: wordsListed,
    run: (o, f) => storeMultiple(o, f.Rn, f.list, false, true),
  },
  {
    name: 'LDM T1', pattern: '11001 Rn:3 list:8', unpredictable: (f) => f.list === 0,
    text: (f) => `ldmia ${registerName(f.Rn)}${has(f.list, f.Rn) ? '' : '!'}, ${registerList(f.list)}`, timing: 'loadMultiple', words: wordsListed,
    run: (o, f) => loadMultiple(o, f.Rn, f.list, false, true),
  },
  {
    name: 'PUSH T1', pattern: '1011 0 10 M:1 list8:8', derive: (f) => ({ list: (f.M << 14) | f.list8 }), unpredictable: (f) => f.list === 0,
    text: asm('push {list}'), timing: 'storeMultiple', words: wordsListed,
    run: (o, f) => storeMultiple(o, 13, f.list, true, true),
  },
  {
    name: 'POP T1', pattern: '1011 1 10 P:1 list8:8', derive: (f) => ({ list: (f.P << 15) | f.list8 }), unpredictable: (f) => f.list === 0,
    text: asm('pop {list}'), timing: 'loadMultiple', words: wordsListed,
    run: (o, f) => loadMultiple(o, 13, f.list, false, true),
  },
  {
    name: 'STM T2', pattern: '1110100 010 W:1 0 Rn:4 (0) M:1 rest:14', derive: wideList, unpredictable: badStoreList,
    text: (f) => `stmia.w ${registerName(f.Rn)}${f.W ? '!' : ''}, ${registerList(f.list)}`, timing: 'storeMultiple', words: wordsListed,
    run: (o, f) => storeMultiple(o, f.Rn, f.list, false, f.W === 1),
  },
  {
    name: 'LDM T2, POP T2', pattern: '1110100 010 W:1 1 Rn:4 P:1 M:1 rest:14', derive: wideList, unpredictable: badLoadList,
    text: (f) => `ldmia.w ${registerName(f.Rn)}${f.W ? '!' : ''}, ${registerList(f.list)}`, timing: 'loadMultiple', words: wordsListed,
    run: (o, f) => loadMultiple(o, f.Rn, f.list, false, f.W === 1),
  },
  {
    name: 'STMDB T1, PUSH T2', pattern: '1110100 100 W:1 0 Rn:4 (0) M:1 rest:14', derive: wideList, unpredictable: badStoreList,
    text: (f) => `stmdb ${registerName(f.Rn)}${f.W ? '!' : ''}, ${registerList(f.list)}`, timing: 'storeMultiple', words: wordsListed,
    run: (o, f) => storeMultiple(o, f.Rn, f.list, true, f.W === 1),
  },
  {
    name: 'LDMDB T1', pattern: '1110100 100 W:1 1 Rn:4 P:1 M:1 rest:14', derive: wideList, unpredictable: badLoadList,
    text: (f) => `ldmdb ${registerName(f.Rn)}${f.W ? '!' : ''}, ${registerList(f.list)}`, timing: 'loadMultiple', words: wordsListed,
    run: (o, f) => loadMultiple(o, f.Rn, f.list, true, f.W === 1),
  },
];

export const loadStore: readonly Row[] = [...lowImmediate, ...lowRegister, ...fromSp, lowLiteral, ...wide, ...hints, ...dual, ...multiple];
