// SPDX-License-Identifier: MIT
// Runs a program on QEMU and on our core, instruction by instruction, and compares all that QEMU shows.

import { TRACED, TRACED_WORDS, traceQemu } from '../../../../host/testing/qemu-trace.js';
import { decode } from '../../../../host/cpu/arm/isa/decode.js';
import type { Decoded } from '../../../../host/cpu/arm/isa/row.js';
import { LockstepCore } from './core.js';
import { MACHINE } from './scene.js';

/** A difference after an instruction. */
export interface Difference {
  readonly instruction: Decoded;
  /** What differs, as `name: ours/QEMU's`. */
  readonly parts: readonly string[];
  /** All words before the instruction, which were alike. */
  readonly before: Uint32Array;
}

export interface LockstepResult {
  readonly instructions: number;
  readonly differences: readonly Difference[];
  /** Whether the program came to its end. */
  readonly ended: boolean;
  readonly told: string;
}

/** Told of each instruction that was executed. @param passed whether its condition held */
export type OnInstruction = (instruction: Decoded, before: Uint32Array, after: Uint32Array, passed: boolean) => void;

const NAMES = Array.from({ length: TRACED_WORDS }, (_, i) => {
  if (i === TRACED.XPSR) return 'xPSR';
  if (i === TRACED.FPSCR) return 'FPSCR';
  if (i === TRACED.PRIVILEGED) return 'privileged';
  return i < TRACED.XPSR ? `R${i}` : `S${i - TRACED.S}`;
});

const hex = (value: number): string => value.toString(16).padStart(8, '0');

export function describe({ instruction, parts, before }: Difference): string {
  const { row, fields, pc, bits, length } = instruction;
  const text = row.text?.(fields, instruction) ?? row.name;
  const state = Array.from(before, (word, i) => (word === 0 ? '' : ` ${NAMES[i]}=${hex(word)}`)).join('');
  return `${row.name}: ${bits.toString(16).padStart(2 * length, '0')} "${text}" at ${hex(pc)}: ${parts.join(', ')} (ours/QEMU); before:${state}`;
}

/** Condition codes over xPSR (DDI 0403E, A7.3). */
export function holds(condition: number, xpsr: number): boolean {
  const [n, z, c, v] = [31, 30, 29, 28].map((bit) => (xpsr >>> bit) & 1);
  const result = [z === 1, c === 1, n === 1, v === 1, c === 1 && z === 0, n === v, n === v && z === 0, true][condition >> 1];
  return condition & 1 && condition !== 15 ? !result : result;
}

const itState = (xpsr: number): number => ((xpsr >>> 25) & 3) | ((xpsr >>> 8) & 0xfc);

/**
 * An instruction that begins a floating-point context loads FPSCR[26:22] from FPDSCR and leaves the rest (A2.5.3, ExecuteFPCheck); QEMU 7.2 loads all of
 * FPSCR. The rest is then taken from QEMU.
 */
const FPSCR_BESIDES_MODES = 0xf000009f;

const alike = (a: Uint32Array, b: Uint32Array): boolean => a.every((word, i) => word === b[i]);

/**
 * Whether S0 to S15 and FPSCR differ because an exception has stacked them at once (FPCCR.LSPEN is 0): they are UNKNOWN then (B1.5.7), in QEMU zeros and
 * here what they were.
 */
function pushedFloats(core: LockstepCore, ours: Uint32Array, theirs: Uint32Array): boolean {
  if (core.lazyStacking || theirs[TRACED.FPSCR] !== 0) return false;
  return ours.every((word, i) => word === theirs[i] || i === TRACED.FPSCR || (i >= TRACED.S && i < TRACED.S + 16 && theirs[i] === 0));
}

const MOST_DIFFERENCES = 200;

/** @param end address of the instruction at which both stop */
export async function lockstep(image: Uint8Array, end: number, most: number, onInstruction?: OnInstruction): Promise<LockstepResult> {
  const core = new LockstepCore(image);
  const ours = new Uint32Array(TRACED_WORDS);
  const before = new Uint32Array(TRACED_WORDS);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const differences: Difference[] = [];
  let instructions = 0;
  let ended = false;
  let last: Decoded | undefined;
  let shownTwice = false;
  const at = (pc: number, inIT: boolean): Decoded =>
    (pc + 4 <= image.length ? decode(view.getUint16(pc, true), view.getUint16(pc + 2, true), pc, inIT) : decode(0xde00, 0, pc, inIT));
  const told = await traceQemu({
    machine: MACHINE, image,
    onState: (theirs) => {
      if (last !== undefined) {
        const contextBefore = core.cpu.special.fpca;
        if (!shownTwice) {
          core.cpu.step();
          core.readState(ours);
          if (core.settle()) {
            // QEMU may show the state before an exception, too, as if the next instruction were executed first.
            shownTwice = alike(ours, theirs);
            if (shownTwice) return true;
            core.readState(ours);
          }
        } else core.readState(ours);
        shownTwice = false;
        // QEMU shows no state before a fetch that faults.
        if (ours[TRACED.R + 15] !== theirs[TRACED.R + 15] && !core.isCode(ours[TRACED.R + 15])) {
          core.cpu.step();
          core.settle();
        }
        core.readState(ours);
        if (pushedFloats(core, ours, theirs)) {
          core.adopt(theirs);
          core.readState(ours);
        }
        if (last.row.fpu && !contextBefore && ((ours[TRACED.FPSCR] ^ theirs[TRACED.FPSCR]) & ~FPSCR_BESIDES_MODES) === 0) {
          ours[TRACED.FPSCR] = theirs[TRACED.FPSCR];
          core.cpu.special.fpscr = theirs[TRACED.FPSCR];
        }
        const parts: string[] = [];
        for (let i = 0; i < TRACED_WORDS; i++) if (ours[i] !== theirs[i]) parts.push(`${NAMES[i]} ${hex(ours[i])}/${hex(theirs[i])}`);
        if (parts.length > 0) {
          differences.push({ instruction: last, parts, before: before.slice() });
          // Once they have parted ways there is nothing more to compare.
          if (ours[TRACED.R + 15] !== theirs[TRACED.R + 15] || ((ours[TRACED.XPSR] ^ theirs[TRACED.XPSR]) & 0x1ff) !== 0) return false;
          core.adopt(theirs);
        }
        if (onInstruction) {
          const it = itState(before[TRACED.XPSR]);
          const condition = it !== 0 ? it >> 4 : last.row.condition?.(last.fields) ?? 14;
          onInstruction(last, before, theirs, holds(condition, before[TRACED.XPSR]));
        }
      } else {
        // What a reset leaves open is taken from QEMU.
        core.adopt(theirs);
      }
      const pc = theirs[TRACED.R + 15];
      ended = pc === end;
      before.set(theirs);
      last = at(pc, itState(theirs[TRACED.XPSR]) !== 0);
      return !ended && ++instructions < most && differences.length < MOST_DIFFERENCES;
    },
  });
  return { instructions, differences, ended, told };
}
