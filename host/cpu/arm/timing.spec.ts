// SPDX-License-Identifier: MIT
// Cycles against ARM DDI 0439D: tables 3-1, 3-2 and 7-1 and the text of 3.3.2, restated row by row; memory without wait states. Where the manual leaves
// a range, the row holds what docs/timing.md says.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { armBench } from '../../testing/arm-bench.js';
import { without } from '../../testing/needs.js';

/** A row of a table: instructions, the cycles of all of them, and what the number is made of where it is not the table's alone. */
type Row = readonly [code: string, cycles: number, why?: string];

/** P where the target is known while decoding, comes from a register, comes from memory: "1 to 3". */
const P = 1, P_REGISTER = 2, P_LOADED = 3;

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  'table 3-1: move, add, subtract': [
    ['mov r0, r1', 1], ['movw r0, #1234', 1], ['movt r0, #1234', 1], ['adds r0, r1, #1', 1], ['adcs r0, r1', 1], ['adr r0, . + 4', 1], ['subs r0, r1, r2', 1],
    ['sbcs r0, r1', 1], ['rsbs r0, r1, #0', 1], ['adr r0, 1f + 1\n mov pc, r0\n .balign 4\n1:', 1 + 1 + P_REGISTER, '1 + P'],
  ],
  'table 3-1: multiply and divide': [
    ['muls r0, r1, r0', 1], ['mla r0, r1, r2, r3', 1], ['mls r0, r1, r2, r3', 1], ['smull r0, r5, r1, r2', 1], ['umull r0, r5, r1, r2', 1],
    ['smlal r0, r5, r1, r2', 1], ['umlal r0, r5, r1, r2', 1],
    ['udiv r0, r4, r1', 2, '4 / 0x20000100: least'], ['udiv r0, r6, r4', 12, '0xffffffff / 4, most'], ['sdiv r0, r7, r4', 2 + 2 + 2, '100 / 4: a quotient of five bits at most'],
  ],
  'table 3-1: saturate, compare, logical, shift, count': [
    ['ssat r0, #8, r1', 1], ['usat r0, #8, r1', 1], ['cmp r0, r1', 1], ['cmn r0, r1', 1], ['ands r0, r1', 1], ['orn r0, r1, r2', 1], ['bics r0, r1', 1],
    ['mvns r0, r1', 1], ['tst r0, r1', 1], ['teq r0, r1', 1], ['lsls r0, r1, #3', 1], ['lsls r0, r4', 1], ['rors r0, r4', 1], ['rrx r0, r1', 1], ['clz r0, r1', 1],
  ],
  'table 3-1: load': [
    ['ldr r0, [r1]', 2], ['ldrh r0, [r1, #2]', 2], ['ldrb r0, [r1, r4]', 2], ['ldrsh r0, [r1, r4]', 2], ['ldrsb r0, [r1, r4]', 2], ['ldrt r0, [r1]', 2],
    ['ldr r0, [r1], #4', 2], ['ldr r0, [r1, #4]!', 2], ['.balign 4\n ldr r0, 1f\n b 2f\n .balign 4\n1: .word 0\n2:', 2 + 1 + P, 'literal; the branch'],
    ['ldrd r0, r5, [r1]', 1 + 2], ['ldm r1, {r0, r4, r5}', 1 + 3], ['ldm r1, {r0}', 1 + 1], ['pop {r0, r5, r6, r7}', 1 + 4],
    ['ldr pc, [r8]\n .balign 4\nl1:', 2 + P_LOADED, 'at least five (3.3.2)'],
    ['ldr r0, [r9]\n push {r0}\n pop {pc}\n .balign 4\nl2:', 2 + (1 + 1) + (1 + 1 + P_LOADED), 'PUSH; POP: 1 + N + P'],
  ],
  'table 3-1 and 3.3.2: store': [
    ['str r0, [r1]', 1, 'STR Rx, [Ry, #imm] is always one cycle'], ['strh r0, [r1, #2]', 1], ['strb r0, [r1, #1]', 1], ['str r0, [r1], #4', 1],
    ['str r0, [r1, r4]', 2], ['strb r0, [r1, r4]', 2], ['strh.w r0, [r1, r4, lsl #1]', 2], ['strt r0, [r1]', 1],
    ['strd r0, r5, [r1]', 1 + 2], ['stm r1, {r0, r4, r5, r6, r7, r8, r9, r10}', 9, 'an eight element store takes nine'], ['push {r0, lr}', 1 + 2],
  ],
  'table 3-1: semaphores, branches': [
    ['ldrex r0, [r1]', 2], ['strex r0, r5, [r1]', 2], ['clrex', 1],
    ['cmp r1, r1\n beq 1f\n .balign 4\n1:', 1 + 1 + P], ['cmp r1, r1\n bne 1f\n1:', 1 + 1, 'not taken'], ['b 1f\n .balign 4\n1:', 1 + P], ['b.w 1f\n .balign 4\n1:', 1 + P],
    ['cbz r0, 1f\n nop\n .balign 4\n1:', 1 + P], ['cbnz r0, 1f\n nop\n1:', 1 + 1, 'not taken; NOP'],
    ['bl leaf', (1 + P) + (1 + P_REGISTER), 'and BX LR'], ['ldr r0, =leaf + 1\n blx r0', 2 + (1 + P_REGISTER) + (1 + P_REGISTER), 'and BX LR'],
    ['tbb [pc, r11]\n .byte 1, 1\n1:', 2 + 1 + P_LOADED, 'at least two for the load, one for the add, three for the reload (3.3.2)'],
  ],
  'table 3-1: state change, extend, bit field, reverse, hints, barriers': [
    ['cpsid i', 2, '1 or 2'], ['cpsie i', 2, '1 or 2'], ['mrs r0, primask', 2, '1 or 2'], ['msr basepri, r11', 2, '1 or 2'],
    ['sxth r0, r1', 1], ['uxtb r0, r1', 1], ['ubfx r0, r1, #3, #4', 1], ['bfc r0, #3, #4', 1], ['bfi r0, r1, #3, #4', 1], ['rev r0, r1', 1], ['rbit r0, r1', 1],
    ['sev', 1], ['nop', 1], ['dmb', 1], ['dsb', 1], ['isb', 1 + P_LOADED, '1 + B, B at least a refill'],
  ],
  'table 3-1, note d: IT': [
    ['movs.w r0, #1\n it ne\n movne r0, #2', 1 + 1 + 1], ['movs r0, #1\n it ne\n movne r0, #2', 1 + 0 + 1, 'folded onto a 16-bit instruction'],
    ['movs r0, #1\n ite ne\n movne r0, #2\n moveq r0, #3', 1 + 0 + 1 + 1, 'one is skipped'],
  ],
  'table 3-2': [
    ['smmla r0, r1, r2, r3', 1], ['smlabt r0, r1, r2, r3', 1], ['smlald r0, r5, r1, r2', 1], ['smuad r0, r1, r2', 1], ['umaal r0, r5, r1, r2', 1],
    ['ssat16 r0, #8, r1', 1], ['pkhbt r0, r1, r2', 1], ['uxtab16 r0, r1, r2', 1], ['sel r0, r1, r2', 1], ['usada8 r0, r1, r2, r3', 1], ['qadd16 r0, r1, r2', 1],
    ['uhsub8 r0, r1, r2', 1], ['qdsub r0, r1, r2', 1], ['sasx r0, r1, r2', 1],
  ],
  '3.3.2: pairs': [
    ['ldr r0, [r1]\n ldr r1, [r2]', 3], ['ldr r0, [r1, r4]\n str r0, [r3, #20]', 3], ['ldr r0, [r1, r4]\n str r1, [r3, r4]', 3],
    ['ldr r0, [r1, r4]\n ldr r1, [r2]\n ldr r2, [r3, #4]', 4],
    ['str r0, [r1]\n ldr r0, [r2]', 1 + 2, 'nothing is pipelined after the store'], ['str r0, [r1, r4]\n str r0, [r2, r4]', 2 + 2],
    ['str r1, [r2]\n ldr r0, [r2]\n ldr r0, [r0]', 1 + 2 + 2, 'the address is what was loaded'],
    ['ldrd r0, r5, [r1]\n ldr r0, [r1]', 3 + 2, 'LDRD is not pipelined'], ['ldr r0, [r1]\n ldrd r0, r5, [r1]', 2 + 3],
    ['ldm r1, {r0, r5}\n ldr r0, [r1]', 3 + 2, 'nor is LDM'], ['ldr r0, [r1]\n adds r5, #1\n ldr r0, [r2]', 2 + 1 + 2, 'neighbours only'],
    ['ldr r0, [r9]\n ldr r0, [r1]\n ldr pc, [r8, #4]\n .balign 4\nl3:', 2 + 1 + (2 + P_LOADED), 'LDR PC is blocking'],
  ],
  '3.3.2: addresses that depend on the instruction before': [
    ['adds r1, #4\n ldr r0, [r1]', 1 + 1 + 2], ['adds r1, #4\n ldr r0, [r2]', 1 + 2], ['adds r1, #4\n str r0, [r1]', 1 + 1 + 1],
    ['adds r0, #4\n str r0, [r1]', 1 + 1, 'data may'], ['mul r4, r11, r4\n ldr r0, [r1, r4]', 1 + 1 + 2], ['adds r1, #4\n ldm r1, {r0, r5}', 1 + 1 + 3],
    ['adds r1, #4\n nop\n ldr r0, [r1]', 1 + 1 + 2], ['adds r1, #4\n vldr s0, [r1]', 1 + 1 + 2],
  ],
  '3.3.2: unaligned data': [
    ['ldrh r0, [r1, #1]', 2 + 1], ['ldr r0, [r1, #2]', 2 + 1], ['ldr r0, [r1, #1]', 2 + 2],
  ],
  'table 7-1': [
    ['vabs.f32 s0, s1', 1], ['vadd.f32 s0, s1, s2', 1], ['vcmp.f32 s0, s1', 1], ['vcmpe.f32 s0, #0.0', 1], ['vcvt.f32.s32 s0, s1', 1], ['vcvtb.f16.f32 s0, s1', 1],
    ['vdiv.f32 s0, s1, s2', 14], ['vldm r1, {d0-d2}', 1 + 2 * 3], ['vldm r1, {s0-s2}', 1 + 3], ['vldr d0, [r1]', 3], ['vldr s0, [r1]', 2],
    ['.inst.w 0xee300b10', 1, 'vmov.32 r0, d0[1]'], ['vmov.f32 s0, #1.0', 1], ['vmov.f32 s0, s1', 1], ['vmov r0, r5, d0', 2], ['vmov s0, s1, r0, r5', 2], ['vmrs r0, fpscr', 1], ['vmrs apsr_nzcv, fpscr', 1],
    ['vmul.f32 s0, s1, s2', 1], ['vmla.f32 s0, s1, s2', 3], ['vnmls.f32 s0, s1, s2', 3], ['vfma.f32 s0, s1, s2', 3], ['vfnms.f32 s0, s1, s2', 3], ['vneg.f32 s0, s1', 1],
    ['vnmul.f32 s0, s1, s2', 1], ['vpush {d0-d1}\n vpop {d0-d1}', 2 * (1 + 2 * 2)], ['vpush {s0-s2}\n vpop {s0-s2}', 2 * (1 + 3)], ['vsqrt.f32 s0, s1', 14],
    ['vstm r1, {d0-d2}', 1 + 2 * 3], ['vstm r1, {s0-s2}', 1 + 3], ['vstr d0, [r1]', 3], ['vstr s0, [r1]', 2], ['vsub.f32 s0, s1, s2', 1],
  ],
  'table 7-1, notes: results consumed by the next instruction': [
    ['vadd.f32 s0, s1, s2\n vmul.f32 s3, s0, s1', 1 + 1 + 1], ['vadd.f32 s0, s1, s2\n vmul.f32 s3, s1, s2', 1 + 1], ['vmul.f32 s0, s1, s2\n vstr s0, [r1]', 1 + 1 + 2],
    ['vcvt.s32.f32 s0, s1\n vmov r0, s0', 1 + 1 + 1], ['vdiv.f32 s0, s1, s2\n vadd.f32 s0, s0, s1', 14 + 1 + 1],
    ['vmul.f32 s0, s1, s2\n vfma.f32 s0, s1, s2', 1 + 3, 'the addend is wanted a cycle later'], ['vfma.f32 s0, s1, s2\n vfma.f32 s0, s1, s2', 3 + 3],
    ['vmul.f32 s0, s1, s2\n vfma.f32 s3, s0, s2', 1 + 1 + 3], ['vfma.f32 s0, s0, s2\n vfma.f32 s0, s0, s2', 3 + 1 + 3, 'addend and factor'],
    ['vneg.f32 s0, s1\n vadd.f32 s0, s0, s2', 1 + 1, 'no arithmetic'], ['vldr s0, [r1]\n vadd.f32 s0, s0, s2', 2 + 1],
    ['vadd.f32 s0, s1, s2\n nop\n vadd.f32 s0, s0, s2', 1 + 1 + 1],
  ],
  'P and the target (3.3.1): 32 bits that do not begin at a word are fetched in two': [
    ['b 1f\n .balign 4\n nop\n1: nop.w', 1 + P + 1 + 1], ['b 1f\n .balign 4\n nop\n1: nop', 1 + P + 1], ['b 1f\n .balign 4\n1: nop.w', 1 + P + 1],
  ],
  // Counted by DWT on a Cortex-M4 (Cortex-M4 compendium: Branch timing; Counters in the FPU). Its 19 of the second one hold a cycle more, for three misplaced
  // 32-bit instructions in a row, which is not modelled.
  'measured loops': [
    ['mov r2, r0\n mov.w r0, #1\n1: add r0, r2\n sub.w r4, r4, #1\n cmp r4, #1\n bne 1b', 16, 'begins with 16 bits: 14 instructions, 2 branches back'],
    ['mov r2, r0\n mov.w r0, #1\n1: mul r0, r0, r2\n sub.w r4, r4, #1\n cmp r4, #1\n bne 1b', 19 - 1, 'begins with misplaced 32 bits'],
    ['movs r0, #10\n vmov s0, r0\n1: adds r2, #1\n vmov s1, r0\n vmov r0, s0\n subs r0, #1\n vmov s0, r0\n vmov r0, s1\n bne 1b', 81, '72 instructions, 9 branches back'],
    // Three cycles a turn: documentation of cortex-m's asm::delay and of TI's UtilsDelay.
    ['movs r5, #10\n .balign 4\n1: subs r5, #1\n bne 1b', 1 + 1 + 10 * 3 - P, 'a NOP for the place; the last branch is not taken'],
  ],
};

const rows = Object.entries(TABLES).flatMap(([table, list]) => list.map(([code, cycles, why]) => ({ table, code, cycles, why })));

/** All rows in one program, each from the same registers on and behind a DMB, which leaves nothing in the pipeline. */
const PROGRAM = `
reset:
  ldr r0, =0xe000ed88
  ldr r1, =0xf00000
  str r1, [r0]
  ldr r8, =targets
${rows.map(({ code }, i) => `  bl prepare\n  .balign 4\n  dmb\nfrom${i}: ${code}\nto${i}: nop\n b 9f\n .ltorg\n .balign 4\n9:`).join('\n')}
done: b done
leaf: bx lr
  .balign 4
prepare:
  ldr r1, =0x20000100
  mov r2, r1
  mov r3, r1
  movs r4, #4
  mov r6, #-1
  movs r7, #100
  mov r11, #0
  ldr r8, =targets
  add r9, r8, #8
  movs r0, #0
  vmov s0, r0
  vmov.f32 s1, #1.0
  vmov.f32 s2, #2.0
  bx lr
  .ltorg
  .balign 4
targets: .word l1 + 1, l3 + 1, l2 + 1
`;

describe('cycles by the tables of DDI 0439', { skip: without('arm-none-eabi-gcc') }, () => {
  const bench = without('arm-none-eabi-gcc') ? undefined : armBench(PROGRAM);
  for (const table of Object.keys(TABLES)) {
    test(table, () => {
      for (const [i, { code, cycles, why, table: its }] of rows.entries()) {
        if (its !== table) continue;
        bench!.runTo(`from${i}`);
        const from = bench!.cpu.now;
        bench!.runTo(`to${i}`);
        assert.equal(bench!.cpu.now - from, cycles, `${code.replaceAll('\n', ';')}${why ? ` (${why})` : ''}`);
      }
    });
  }
});
