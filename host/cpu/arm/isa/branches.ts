// SPDX-License-Identifier: MIT
// Branches (DDI 0403E, A5.2.3, A5.2.6, A5.3.4, A5.3.6, A7.7.12 and on).

import { bad, signed } from './fields.js';
import type { Ops, Site } from './ops.js';
import type { Fields, Row } from './row.js';
import { asm } from './text.js';

/** The 25-bit offset of B T4 and BL: J1 and J2 are stored as their equality with S. */
const longOffset = ({ S, J1, J2, imm10, imm11 }: Fields): Fields => {
  const i1 = J1 === S ? 1 : 0;
  const i2 = J2 === S ? 1 : 0;
  return { offset: signed((S << 24) | (i1 << 23) | (i2 << 22) | (imm10 << 12) | (imm11 << 1), 25) };
};

const target = (f: Fields, site: Site): number => site.pc + 4 + f.offset;
const goOn = <V>(o: Ops<V>, f: Fields, site: Site): void => o.branch(target(f, site));

/** The return address of a call: the instruction after it, in Thumb. */
const returnAddress = (site: Site): number => (site.pc + site.length) | 1;

const tableBranch = (name: string, bit: string, size: 1 | 2): Row => ({
  name: `${name} T1`, pattern: `11101000110 1 Rn:4 (11110000) 000 ${bit} Rm:4`, inIT: 'last', unpredictable: (f) => f.Rn === 13 || bad(f.Rm),
  text: asm(`${name.toLowerCase()} [{Rn}, {Rm}${size === 2 ? ', lsl #1' : ''}]`), timing: 'tableBranch',
  run: (o, f, site) => {
    const index = size === 2 ? o.shl(o.reg(f.Rm), o.const(1)) : o.reg(f.Rm);
    const halfwords = o.load(o.add(o.reg(f.Rn), index), size);
    o.branchTo(o.add(o.const(site.pc + 4), o.shl(halfwords, o.const(1))));
  },
});

export const branches: readonly Row[] = [
  {
    // Conditions 14 and 15 are UDF and SVC.
    name: 'B T1', pattern: '1101 cond:4 imm8:8', when: (f) => f.cond < 14, condition: (f) => f.cond, derive: (f) => ({ offset: signed(f.imm8, 8) * 2 }),
    inIT: 'never', text: asm('b{condition}.n {target}'), timing: 'branch', run: goOn,
  },
  {
    name: 'B T2', pattern: '11100 imm11:11', derive: (f) => ({ offset: signed(f.imm11, 11) * 2 }), inIT: 'last', text: asm('b.n {target}'), timing: 'branch',
    run: goOn,
  },
  {
    // Conditions 14 and 15 are MSR, MRS, hints and barriers.
    name: 'B T3', pattern: '11110 S:1 cond:4 imm6:6 10 J1:1 0 J2:1 imm11:11', when: (f) => f.cond < 14, condition: (f) => f.cond,
    derive: ({ S, J1, J2, imm6, imm11 }) => ({ offset: signed((S << 20) | (J2 << 19) | (J1 << 18) | (imm6 << 12) | (imm11 << 1), 21) }),
    inIT: 'never', text: asm('b{condition}.w {target}'), timing: 'branch', run: goOn,
  },
  {
    name: 'B T4', pattern: '11110 S:1 imm10:10 10 J1:1 1 J2:1 imm11:11', derive: longOffset, inIT: 'last', text: asm('b.w {target}'), timing: 'branch', run: goOn,
  },
  {
    name: 'BL T1', pattern: '11110 S:1 imm10:10 11 J1:1 1 J2:1 imm11:11', derive: longOffset, inIT: 'last', text: asm('bl {target}'), timing: 'branchLink',
    run: (o, f, site) => {
      o.setReg(14, o.const(returnAddress(site)));
      goOn(o, f, site);
    },
  },
  {
    name: 'BX T1', pattern: '010001 11 0 Rm:4 (000)', inIT: 'last', unpredictable: (f) => f.Rm === 15, text: asm('bx {Rm}'), timing: 'branchExchange',
    run: (o, f) => o.branchExchange(o.reg(f.Rm)),
  },
  {
    name: 'BLX (register) T1', pattern: '010001 11 1 Rm:4 (000)', inIT: 'last', unpredictable: (f) => f.Rm === 15, text: asm('blx {Rm}'),
    timing: 'branchExchange',
    run: (o, f, site) => {
      const address = o.keep(o.reg(f.Rm));
      o.setReg(14, o.const(returnAddress(site)));
      o.branchExchange(address, 'call');
    },
  },
  ...([['CBZ', '0'], ['CBNZ', '1']] as const).map(([name, op]): Row => ({
    name: `${name} T1`, pattern: `1011 ${op} 0 i:1 1 imm5:5 Rn:3`, derive: (f) => ({ offset: (f.i << 6) | (f.imm5 << 1) }), inIT: 'never',
    text: asm(`${name.toLowerCase()} {Rn}, {target}`), timing: 'compareBranch',
    run: (o, f, site) => {
      const zero = o.const(0);
      o.when(name === 'CBZ' ? o.eq(o.reg(f.Rn), zero) : o.ne(o.reg(f.Rn), zero), () => goOn(o, f, site));
    },
  })),
  tableBranch('TBB', '0', 1),
  tableBranch('TBH', '1', 2),
];
