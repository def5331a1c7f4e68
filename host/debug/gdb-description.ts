// SPDX-License-Identifier: MIT
// What gdb is told of the target: registers (GDB manual, G.5.4: the features of an M-profile Arm) and memory (E.16).

import type { FlashSector } from '../boards/index.js';

export interface GdbRegister {
  readonly name: string;
  readonly bits: 32 | 64;
}

const word = (name: string): GdbRegister => ({ name, bits: 32 });

const FEATURES: readonly (readonly [name: string, registers: readonly (GdbRegister & { readonly type?: string })[]])[] = [
  ['org.gnu.gdb.arm.m-profile', [
    ...Array.from({ length: 13 }, (_, i) => word(`r${i}`)), { ...word('sp'), type: 'data_ptr' }, word('lr'), { ...word('pc'), type: 'code_ptr' }, word('xpsr'),
  ]],
  ['org.gnu.gdb.arm.m-system', [
    { ...word('msp'), type: 'data_ptr' }, { ...word('psp'), type: 'data_ptr' }, ...['primask', 'basepri', 'faultmask', 'control'].map(word),
  ]],
  ['org.gnu.gdb.arm.vfp', [
    ...Array.from({ length: 16 }, (_, i) => ({ name: `d${i}`, bits: 64 as const, type: 'ieee_double' })), word('fpscr'),
  ]],
];

/** In the order of their numbers, which is that of gdb's "g" packet. gdb makes s0 to s31 of d0 to d15 by itself. */
export const gdbRegisters: readonly GdbRegister[] = FEATURES.flatMap(([, registers]) => registers);

export const targetXml = `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
  <architecture>arm</architecture>
${FEATURES.map(([name, registers]) => `  <feature name="${name}">
${registers.map((r) => `    <reg name="${r.name}" bitsize="${r.bits}"${r.type ? ` type="${r.type}"` : ''}/>`).join('\n')}
  </feature>`).join('\n')}
</target>
`;

const hex = (n: number): string => `0x${n.toString(16)}`;

/** Flash by runs of equal sectors; all the rest of the address space is as RAM, for gdb asks for nothing that is in no region. */
export function memoryMapXml(sectors: readonly FlashSector[]): string {
  const regions: string[] = [];
  const ram = (from: number, to: number): void => {
    if (to > from) regions.push(`  <memory type="ram" start="${hex(from)}" length="${hex(to - from)}"/>`);
  };
  let at = 0;
  for (let i = 0; i < sectors.length;) {
    const { origin, byteCount } = sectors[i];
    let end = origin;
    for (; i < sectors.length && sectors[i].byteCount === byteCount && sectors[i].origin === end; i++) end += byteCount;
    ram(at, origin);
    regions.push(`  <memory type="flash" start="${hex(origin)}" length="${hex(end - origin)}"><property name="blocksize">${hex(byteCount)}</property></memory>`);
    at = end;
  }
  ram(at, 2 ** 32);
  return `<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map>
${regions.join('\n')}
</memory-map>
`;
}
