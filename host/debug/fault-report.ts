// SPDX-License-Identifier: MIT
// A fault in the words of somebody who has to find it: what the chip says, what that means, where, and who called.

import type { FaultRecord } from '../cpu/arm/core/fault.js';
import { hex32 } from '../image/segment.js';
import type { Frame } from './backtrace.js';
import type { Symbols } from './symbols.js';

/** What each status bit of CFSR and HFSR means (ARM DDI 0403E, B3.2.15 and B3.2.16). */
const MEANING: Readonly<Record<string, string>> = {
  IACCVIOL: 'an instruction was fetched from where the MPU, or the memory map, allows none to be executed',
  DACCVIOL: 'data were accessed where the MPU does not allow it',
  MUNSTKERR: 'the MPU does not allow the stack that an exception returned to',
  MSTKERR: 'the MPU does not allow the stack that an exception was to be entered with: most likely it has overflowed',
  MLSPERR: 'the MPU does not allow the stack into which the floating-point registers were to be saved',
  IBUSERR: 'an instruction was fetched from where there is no memory',
  PRECISERR: 'data were accessed where nothing answers',
  IMPRECISERR: 'an earlier write went to where nothing answers; the instruction is one of those before',
  UNSTKERR: 'nothing answers where the stack was that an exception returned to',
  STKERR: 'nothing answers where the stack is that an exception was to be entered with: it has overflowed, or SP is wrong',
  LSPERR: 'nothing answers where the floating-point registers were to be saved',
  UNDEFINSTR: 'the instruction is undefined',
  INVSTATE: 'code was to be run in Arm state, which the core has not: a jump to an address whose bit 0 is clear',
  INVPC: 'an exception returned with an EXC_RETURN, or a stacked state, that does not fit',
  NOCP: 'a floating-point instruction (or one of another coprocessor) while the unit is off: set CPACR first',
  UNALIGNED: 'an unaligned access, where the instruction or CCR.UNALIGN_TRP allows none',
  DIVBYZERO: 'an integer was divided by zero, and CCR.DIV_0_TRP is set',
  VECTTBL: 'the vector table could not be read',
  FORCED: 'a fault whose own handler is off, or not urgent enough',
  DEBUGEVT: 'a BKPT instruction, with no debugger there (BKPT 0xAB is semihosting, which --semihosting serves)',
};

const STACKED_BY: Readonly<Record<Frame['by'], string>> = { pc: '', unwound: '', exception: '  interrupted by the exception', lr: '  by LR', guess: '  by the stack, a guess' };

/** The chain of calls, innermost first. */
export function chainLines(frames: readonly Frame[], symbols: Symbols): string[] {
  return frames.map(({ pc, by }, i) => `  ${i === 0 ? 'at  ' : 'from'}  ${hex32(pc)}  ${symbols.describe(pc)}${STACKED_BY[by]}`);
}

export interface FaultContext {
  readonly symbols: Symbols;
  readonly frames: readonly Frame[];
  /** The manual's name of an exception by its number. */
  readonly nameOf: (exception: number) => string;
  readonly seconds: number;
}

/** Several lines, without a line break at the end. */
export function faultReport(record: FaultRecord, { symbols, frames, nameOf, seconds }: FaultContext): string {
  const { kind, causes, address, detail, pc, lr, sp, xpsr, registers, active, cycle, cfsr, hfsr } = record;
  const place = symbols.at(frames[0]?.pc ?? pc);
  const where = place.source ? `${place.source.file}:${place.source.line}` : place.function === undefined ? hex32(pc) : '';
  const head = kind === 'lockup' ? 'The core has locked up: a fault while no fault can be handled' : `${kind}`;
  const names = causes.filter((c) => c !== 'FORCED');
  const lines = [
    `${head}${place.function ? ` in ${place.function}` : ''}${where ? `, ${where}` : ''}`,
    ...causes.map((cause) => `  ${cause}: ${MEANING[cause] ?? 'see the manual'}${cause !== 'FORCED' && cause === names[0] && address !== undefined ? ` (${hex32(address)})` : ''}`),
    ...(detail ? [`  ${detail}`] : []),
    ...chainLines(frames, symbols),
    `  pc ${hex32(pc)}  lr ${hex32(lr)}  sp ${hex32(sp)}  xpsr ${hex32(xpsr)}  CFSR ${hex32(cfsr)}  HFSR ${hex32(hfsr)}`,
  ];
  for (let r = 0; r < 13; r += 4) lines.push(`  ${registers.slice(r, Math.min(r + 4, 13)).map((value, i) => `${`r${r + i}`.padEnd(4)}${hex32(value)}`).join('  ')}`);
  lines.push(
    `  ${active.length === 0 ? 'in thread mode, no handler running' : `in the handler of ${active.map(nameOf).join(', which had pre-empted ')}`}`,
    `  cycle ${cycle}, ${seconds.toFixed(6)} s after reset`,
  );
  return lines.join('\n');
}
