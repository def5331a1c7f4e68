// SPDX-License-Identifier: MIT
// System instructions: IT, hints, barriers, exceptions on purpose, special registers, exclusive accesses (DDI 0403E, A5.2.5, A5.3.4, A5.3.6, B5.2).

import { bad } from './fields.js';
import type { Fields, Row } from './row.js';
import { asm, CONDITIONS, registerName } from './text.js';

/** `then` and `else` of IT as its mnemonic spells them: a mask bit equal to the condition's lowest is a `t`. */
function itText({ firstcond, mask }: Fields): string {
  const length = 4 - Math.log2(mask & -mask);
  let letters = '';
  for (let i = 1; i < length; i++) letters += ((mask >> (4 - i)) & 1) === (firstcond & 1) ? 't' : 'e';
  return `it${letters} ${CONDITIONS[firstcond] || 'al'}`;
}

const nothing = (): void => {};

/** Hints by their number; those not named here do nothing (A7.7, NOP-compatible hints). */
const HINTS = ['NOP', 'YIELD', 'WFE', 'WFI', 'SEV'] as const;

function hintRows(encoding: 'T1' | 'T2', fixed: string, bits: number): Row[] {
  const wide = encoding === 'T2' ? '.w' : '';
  const rows = HINTS.map((name, number): Row => {
    const base = {
      name: `${name} ${encoding}`, pattern: `${fixed} ${number.toString(2).padStart(bits, '0')}${encoding === 'T1' ? ' 0000' : ''}`,
      text: asm(`${name.toLowerCase()}${wide}`),
    };
    switch (name) {
      case 'WFE': return { ...base, timing: 'system', system: (core) => core.waitForEvent() };
      case 'WFI': return { ...base, timing: 'system', system: (core) => core.waitForInterrupt() };
      case 'SEV': return { ...base, timing: 'system', system: (core) => core.sendEvent() };
      default: return { ...base, timing: 'alu', run: nothing };
    }
  });
  rows.push({
    name: `Hint ${encoding}`, pattern: `${fixed} op:${bits}${encoding === 'T1' ? ' 0000' : ''}`, when: (f) => f.op >= HINTS.length,
    text: asm(`nop${wide} {{op}}`), timing: 'alu', run: nothing,
  });
  return rows;
}

const MISC = '11110 0 1110 11 (1111) 10 (0) 0 (1111)';
const barriers = ([['DSB', '0100'], ['DMB', '0101'], ['ISB', '0110']] as const).map(([name, op]): Row => ({
  name: `${name} T1`, pattern: `${MISC} ${op} option:4`, text: (f) => `${name.toLowerCase()} ${f.option === 15 ? 'sy' : `#${f.option}`}`, timing: 'barrier', run: nothing,
}));

const SPECIAL: Readonly<Record<number, string>> = {
  0: 'APSR', 1: 'IAPSR', 2: 'EAPSR', 3: 'PSR', 5: 'IPSR', 6: 'EPSR', 7: 'IEPSR', 8: 'MSP', 9: 'PSP', 16: 'PRIMASK', 17: 'BASEPRI', 18: 'BASEPRI_MAX',
  19: 'FAULTMASK', 20: 'CONTROL',
};
const specialName = (sysm: number): string => SPECIAL[sysm] ?? `${sysm}`;
const APSR_PARTS = ['', '_g', '_nzcvq', '_nzcvqg'] as const;

const exclusives: Row[] = [
  {
    name: 'STREX T1', pattern: '1110100 0010 0 Rn:4 Rt:4 Rd:4 imm8:8', derive: (f) => ({ imm: f.imm8 * 4 }),
    unpredictable: (f) => bad(f.Rd) || bad(f.Rt) || f.Rn === 15 || f.Rd === f.Rn || f.Rd === f.Rt,
    text: (f) => `strex ${registerName(f.Rd)}, ${registerName(f.Rt)}, [${registerName(f.Rn)}${f.imm ? `, #${f.imm}` : ''}]`, timing: 'exclusive',
    system: (core, f) => core.ops.setReg(f.Rd, core.storeExclusive(core.ops.add(core.ops.reg(f.Rn), f.imm), 4, core.ops.reg(f.Rt))),
  },
  {
    name: 'LDREX T1', pattern: '1110100 0010 1 Rn:4 Rt:4 (1111) imm8:8', derive: (f) => ({ imm: f.imm8 * 4 }),
    unpredictable: (f) => bad(f.Rt) || f.Rn === 15,
    text: (f) => `ldrex ${registerName(f.Rt)}, [${registerName(f.Rn)}${f.imm ? `, #${f.imm}` : ''}]`, timing: 'exclusive',
    system: (core, f) => core.ops.setReg(f.Rt, core.loadExclusive(core.ops.add(core.ops.reg(f.Rn), f.imm), 4)),
  },
  ...([['B', '0100', 1], ['H', '0101', 2]] as const).flatMap(([letter, op, size]): Row[] => [{
    name: `STREX${letter} T1`, pattern: `1110100 0110 0 Rn:4 Rt:4 (1111) ${op} Rd:4`,
    unpredictable: (f) => bad(f.Rd) || bad(f.Rt) || f.Rn === 15 || f.Rd === f.Rn || f.Rd === f.Rt,
    text: asm(`strex${letter.toLowerCase()} {Rd}, {Rt}, [{Rn}]`), timing: 'exclusive',
    system: (core, f) => core.ops.setReg(f.Rd, core.storeExclusive(core.ops.reg(f.Rn), size, core.ops.reg(f.Rt))),
  }, {
    name: `LDREX${letter} T1`, pattern: `1110100 0110 1 Rn:4 Rt:4 (1111) ${op} (1111)`, unpredictable: (f) => bad(f.Rt) || f.Rn === 15,
    text: asm(`ldrex${letter.toLowerCase()} {Rt}, [{Rn}]`), timing: 'exclusive',
    system: (core, f) => core.ops.setReg(f.Rt, core.loadExclusive(core.ops.reg(f.Rn), size)),
  }]),
  { name: 'CLREX T1', pattern: `${MISC} 0010 (1111)`, text: asm('clrex'), timing: 'system', system: (core) => core.clearExclusive() },
];

export const system: readonly Row[] = [
  {
    name: 'IT T1', pattern: '1011 1111 firstcond:4 mask:4', when: (f) => f.mask !== 0, inIT: 'never',
    // Without a condition there is no other one; 15 is none (A7.7.38).
    unpredictable: (f) => f.firstcond === 15 || (f.firstcond === 14 && (f.mask & (f.mask - 1)) !== 0),
    text: itText, timing: 'alu', system: (core, f) => core.setIT((f.firstcond << 4) | f.mask),
  },
  ...hintRows('T1', '1011 1111', 4),
  ...hintRows('T2', '11110 0 1110 10 (1111) 10 (0) 0 (0) 000', 8),
  ...barriers,
  {
    name: 'CPS T1', pattern: '1011 0110 011 im:1 (00) I:1 F:1', inIT: 'never', unpredictable: (f) => (f.I | f.F) === 0,
    text: (f) => `cps${f.im ? 'id' : 'ie'} ${f.I ? 'i' : ''}${f.F ? 'f' : ''}`, timing: 'system',
    system: (core, f) => core.changeInterrupts(f.im === 1, f.I === 1, f.F === 1),
  },
  {
    name: 'MRS T1', pattern: '11110 0 1111 1 (0) (1111) 10 (0) 0 Rd:4 SYSm:8', unpredictable: (f) => bad(f.Rd) || !(f.SYSm in SPECIAL),
    text: (f) => `mrs ${registerName(f.Rd)}, ${f.SYSm === 0 ? 'CPSR' : specialName(f.SYSm)}`, timing: 'system',
    system: (core, f) => core.ops.setReg(f.Rd, core.readSpecial(f.SYSm)),
  },
  {
    name: 'MSR T1', pattern: '11110 0 1110 0 (0) Rn:4 10 (0) 0 mask:2 (00) SYSm:8',
    unpredictable: (f) => bad(f.Rn) || !(f.SYSm in SPECIAL) || f.mask === 0 || (f.mask !== 2 && f.SYSm > 3),
    text: (f) => `msr ${specialName(f.SYSm)}${f.SYSm === 0 ? APSR_PARTS[f.mask] : ''}, ${registerName(f.Rn)}`, timing: 'system',
    system: (core, f) => core.writeSpecial(f.SYSm, f.mask, core.ops.reg(f.Rn)),
  },
  { name: 'SVC T1', pattern: '1101 1111 imm8:8', text: asm('svc {imm8}'), timing: 'system', system: (core, f) => core.supervisorCall(f.imm8) },
  { name: 'BKPT T1', pattern: '1011 1110 imm8:8', text: (f) => `bkpt 0x${f.imm8.toString(16).padStart(4, '0')}`, timing: 'system', system: (core, f) => core.breakpoint(f.imm8) },
  { name: 'UDF T1', pattern: '1101 1110 imm8:8', text: asm('udf #{imm8}'), timing: 'system', system: (core) => core.undefined() },
  {
    name: 'UDF T2', pattern: '11110 1111111 imm4:4 1010 imm12:12', derive: (f) => ({ imm: (f.imm4 << 12) | f.imm12 }), text: asm('udf.w #{imm}'),
    timing: 'system', system: (core) => core.undefined(),
  },
  ...exclusives,
];
