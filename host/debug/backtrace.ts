// SPDX-License-Identifier: MIT
// Who called whom, from registers and memory: by the debug information where there is some, through exception frames (ARM DDI 0403E, B1.5.6 to 8),
// and where nothing is known, by what on the stack looks like a return address.

import type { CallFrames, WordAt } from './call-frames.js';
import type { Symbols } from './symbols.js';

export interface Frame {
  /** An instruction of the function: for a caller, of the call. */
  readonly pc: number;
  /** How it is known: it is what runs, debug information or an exception's frame say so, LR has it, or the stack holds what looks like it. */
  readonly by: 'pc' | 'unwound' | 'exception' | 'lr' | 'guess';
}

const SP = 13, LR = 14, PC = 15;
const MOST_FRAMES = 32;
/** Words of stack that are looked at for return addresses. */
const SCANNED = 256;
const MOST_GUESSES = 6;

/** EXC_RETURN's values (B1.5.8); LR after a reset, all ones, is none of them. */
const EXCEPTION_RETURNS: readonly number[] = [0xffffffe1, 0xffffffe9, 0xffffffed, 0xfffffff1, 0xfffffff9, 0xfffffffd];
const isExceptionReturn = (value: number): boolean => EXCEPTION_RETURNS.includes(value >>> 0);

export interface Machinery {
  readonly frames: CallFrames;
  readonly symbols: Symbols;
  readonly wordAt: WordAt;
  /** The process stack pointer, for frames of exceptions taken from there. */
  readonly psp: number;
  readonly msp: number;
}

/** @param registers R0 to R15 of what runs */
export function backtrace(registers: readonly number[], { frames, symbols, wordAt, psp, msp }: Machinery): Frame[] {
  const found: Frame[] = [{ pc: registers[PC], by: 'pc' }];
  let current = [...registers];
  let isFirst = true;
  while (found.length < MOST_FRAMES) {
    const callers = frames.caller(current, wordAt);
    let next = callers;
    let by: Frame['by'] = 'unwound';
    if (next === undefined && isFirst) {
      // Nothing is known of the function: if it is a leaf, LR has its caller. A jump to nowhere was a call too.
      next = [...current];
      next[PC] = current[LR];
      by = 'lr';
    }
    if (next === undefined) return [...found, ...guesses(current[SP], found, symbols, wordAt)];
    const target = next[PC];
    if (isExceptionReturn(target)) {
      const interrupted = exceptionFrame(next, target, wordAt, psp, msp);
      if (interrupted === undefined) return found;
      found.push({ pc: interrupted[PC], by: 'exception' });
      current = interrupted;
      isFirst = true;
      continue;
    }
    const call = callBefore(target, wordAt);
    if (call === undefined || !isCode(call, symbols)) return by === 'lr' ? [...found, ...guesses(current[SP], found, symbols, wordAt)] : found;
    if (next[SP] === current[SP] && call === current[PC]) return found;
    found.push({ pc: call, by });
    current = next;
    current[PC] = call;
    isFirst = false;
  }
  return found;
}

/** Registers of what an exception interrupted. */
function exceptionFrame(registers: readonly number[], excReturn: number, wordAt: WordAt, psp: number, msp: number): number[] | undefined {
  const onProcessStack = (excReturn & 4) !== 0;
  const sp = onProcessStack ? psp : registers[SP] || msp;
  const words = Array.from({ length: 8 }, (_, i) => wordAt(sp + 4 * i));
  if (words.some((w) => w === undefined)) return undefined;
  const [r0, r1, r2, r3, r12, lr, pc, xpsr] = words as number[];
  const interrupted = [...registers];
  [interrupted[0], interrupted[1], interrupted[2], interrupted[3], interrupted[12], interrupted[LR], interrupted[PC]] = [r0, r1, r2, r3, r12, lr, pc];
  // Bit 4 clear: room for S0 to S15, FPSCR and a word more; bit 9 of the stacked xPSR: a word that aligned the stack.
  interrupted[SP] = sp + 32 + (excReturn & 0x10 ? 0 : 72) + (xpsr & 0x200 ? 4 : 0);
  return interrupted;
}

const isCode = (address: number, symbols: Symbols): boolean => symbols.isEmpty || symbols.at(address).function !== undefined;

/** The call whose return address this is: BL, or BLX of a register. Undefined when no call stands before it. */
function callBefore(returnAddress: number, wordAt: WordAt): number | undefined {
  if ((returnAddress & 1) === 0) return undefined;
  const address = returnAddress - 1;
  const halfword = (at: number): number | undefined => {
    const word = wordAt(at & ~3);
    return word === undefined ? undefined : at & 2 ? word >>> 16 : word & 0xffff;
  };
  const [far, near] = [halfword(address - 4), halfword(address - 2)];
  if (near === undefined) return undefined;
  if (far !== undefined && (far & 0xf800) === 0xf000 && (near & 0xd000) === 0xd000) return address - 4;
  return (near & 0xff87) === 0x4780 ? address - 2 : undefined;
}

/** Words of the stack behind which a call stands. */
function guesses(sp: number, known: readonly Frame[], symbols: Symbols, wordAt: WordAt): Frame[] {
  const found: Frame[] = [];
  for (let i = 0; i < SCANNED && found.length < MOST_GUESSES; i++) {
    const word = wordAt((sp & ~3) + 4 * i);
    if (word === undefined) break;
    const call = callBefore(word, wordAt);
    if (call === undefined || !isCode(call, symbols) || known.some((f) => f.pc === call) || found.some((f) => f.pc === call)) continue;
    found.push({ pc: call, by: 'guess' });
  }
  return found;
}
