// SPDX-License-Identifier: MIT
// A program that executes any encodings, one after the other, and keeps which of them are undefined: for QEMU and for our core alike.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleArm } from '../../../../host/testing/arm-program.js';
import { Qemu } from '../../../../host/testing/qemu.js';
import { LockstepCore } from './core.js';
import { MACHINE } from './scene.js';

/** Where the program keeps its numbers. */
export const TRIAL = {
  /** Two halfwords an encoding; a 16-bit one is followed by SVC. */
  encodings: 0x100000,
  /** One byte an encoding (OUTCOME). */
  outcomes: 0x200000,
  /** Not 0 when all have been tried. */
  done: 0x3ff000,
  limit: 0x40000,
} as const;

export const OUTCOME = { executed: 0, undefined: 1, noCoprocessor: 2 } as const;

const RAM = 0x20000000;
/** Where each encoding is executed: in the middle of RAM that is full of SVC, so that branches end soon. */
const SLOT = 0x20200000;
/** What registers hold: an address whose surroundings may be read and written. */
const OPERAND = 0x20300000;

const SVC_1 = 0xdf01;

/** Where the program and its vectors lie: at low addresses a small number that gets into SP would have a frame written over them. */
const ORIGIN = 0x280000;
const STACK_TOP = 0x3f0000;

/** Each encoding runs without privilege, so that it can change nothing of the core, on a process stack that is made anew. */
function text(count: number): string {
  return `
  .word ${STACK_TOP}, start + 1
  .rept 46
  .word handler + 1
  .endr
start:
  ldr r0, =0xe000ed08       @ VTOR
  ldr r1, =${ORIGIN}
  str r1, [r0]
  ldr r0, =0xe000ed88       @ CPACR: access to the floating-point unit
  ldr r1, =0xf00000
  str r1, [r0]
  ldr r0, =0xe000ef34       @ FPCCR: frames without floating-point state
  movs r1, #0
  str r1, [r0]
  ldr r0, =0xe000e010       @ SysTick ends what goes nowhere
  ldr r1, =2500
  str r1, [r0, #4]
  movs r1, #7
  str r1, [r0]
  movs r1, #1
  msr control, r1
  isb
  svc #0
handler:
  ldr r0, =0xe000e018       @ SYST_CVR
  str r0, [r0]
  ldr r4, =${TRIAL.done}
  ldr r5, [r4, #4]          @ encodings that have been tried, and one for the start
  ldr r0, =0xe000ed28       @ CFSR
  ldr r1, [r0]
  str r1, [r0]
  movs r2, #0
  tst r1, #0x10000          @ UNDEFINSTR
  it ne
  movne r2, #${OUTCOME.undefined}
  tst r1, #0x80000          @ NOCP
  it ne
  movne r2, #${OUTCOME.noCoprocessor}
  ldr r0, =${TRIAL.outcomes - 1}
  strb r2, [r0, r5]
  ldr r0, =0xe000ed24       @ SHCSR: an SVC whose entry failed is still pending
  ldr r1, [r0]
  bic r1, r1, #0x8000
  str r1, [r0]
  ldr r0, =${count}
  cmp r5, r0
  beq finished
  ldr r0, =${TRIAL.encodings}
  ldr r1, [r0, r5, lsl #2]
  adds r5, #1
  str r5, [r4, #4]
  ldr r0, =${SLOT}
  str r1, [r0]
  ldr r1, =${SVC_1 * 0x10001}
  sub r2, r0, #64           @ MOV SP, PC has the frame written over the code before
refill:
  ldr r3, [r2]
  cmp r3, r1
  it ne
  strne r1, [r2]
  adds r2, #4
  cmp r2, r0
  bne refill
  dsb
  isb
  ldr r1, =${OPERAND + 0x8000}
  msr psp, r1
  ldr r2, =${OPERAND}
  mov r3, r2
  mov r4, r2
  mov r5, r2
  stmia r1!, {r2-r5}
  stmia r1!, {r2-r3}
  ldr r3, =0x01000000
  str r0, [r1]
  str r3, [r1, #4]
  mov r6, r2
  mov r7, r2
  mov r8, r2
  mov r9, r2
  mov r10, r2
  mov r11, r2
  movs r0, #1
  msr control, r0
  mvn lr, #2
  bx lr
finished:
  movs r0, #1
  str r0, [r4]
  b .
  .ltorg
  `;
}

/** @param encodings first halfword in the high bits for 32-bit encodings; less than 0x10000 are 16-bit ones */
export function trialImage(encodings: readonly number[]): Uint8Array {
  if (encodings.length > TRIAL.limit) throw new RangeError(`${encodings.length} encodings; ${TRIAL.limit} at a time`);
  const image = new Uint8Array(0x400000);
  const { bytes, symbols } = assembleArm(text(encodings.length), ORIGIN);
  image.set(bytes, ORIGIN);
  const view = new DataView(image.buffer);
  view.setUint32(0, STACK_TOP, true);
  view.setUint32(4, symbols.get('start')! | 1, true);
  encodings.forEach((bits, i) => {
    const [first, second] = bits < 0x10000 ? [bits, SVC_1] : [bits >>> 16, bits & 0xffff];
    view.setUint16(TRIAL.encodings + 4 * i, first, true);
    view.setUint16(TRIAL.encodings + 4 * i + 2, second, true);
  });
  return image;
}

/** What RAM holds from 0x20000000 on before the start. */
export function trialRam(): Uint8Array {
  return new Uint8Array(new Uint16Array(0x400000 / 2).fill(SVC_1).buffer);
}

/** Whether a halfword is the first one of a 32-bit encoding. */
export const isWide = (halfword: number): boolean => halfword >>> 11 >= 0b11101;

/** Encodings on which QEMU 7.2 and the manual differ. */
export const UNDEFINED_IN_DISPUTE: readonly { readonly mask: number; readonly value: number; readonly reason: string }[] = [
  { mask: 0xfffffff7, value: 0xb650, reason: 'SETEND, which QEMU has and ARMv7-M lacks (A5.2.5)' },
  { mask: 0xffe000f0, value: 0xe8c00070, reason: 'LDREXD and STREXD, which QEMU has and ARMv7-M lacks (A5.3.6)' },
  { mask: 0xff3f0e00, value: 0xed0f0a00, reason: 'VSTR with the PC as its base: UNPREDICTABLE (A7.7.256)' },
  { mask: 0xefe00000, value: 0xec000000, reason: 'coprocessor space, op1 00000x: UNDEFINED (A5.3.18), to QEMU without coprocessor first' },
  { mask: 0xef000000, value: 0xef000000, reason: 'coprocessor space, op1 11xxxx: UNDEFINED (A5.3.18), to QEMU without coprocessor first' },
];

/** @returns an outcome for each encoding, as QEMU has it */
export async function tryOnQemu(encodings: readonly number[]): Promise<Uint8Array> {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-trial-'));
  const [image, ram] = ['image', 'ram'].map((name) => join(directory, name));
  writeFileSync(image, trialImage(encodings));
  writeFileSync(ram, trialRam());
  const qemu = await Qemu.start({ machine: MACHINE, elf: image, loads: [{ file: ram, address: RAM }] });
  try {
    await qemu.until(`${encodings.length} encodings`, async () => (await qemu.word(TRIAL.done)) !== 0);
    return await qemu.memory(TRIAL.outcomes, encodings.length);
  } finally {
    await qemu.stop();
    rmSync(directory, { recursive: true });
  }
}

/** The same on our core. */
export function tryOnCore(encodings: readonly number[]): Uint8Array {
  const core = new LockstepCore(trialImage(encodings));
  core.write(RAM, trialRam());
  while (core.read(TRIAL.done, 1)[0] === 0) core.cpu.slice();
  return core.read(TRIAL.outcomes, encodings.length);
}
