// SPDX-License-Identifier: MIT
// The core against ARM DDI 0403E, part B, and DDI 0439, 3.9: small programs, whose frames, return values and cycles are restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../testing/arm-bench.js';
import { without } from '../../testing/needs.js';

const skip = without('arm-none-eabi-gcc');

test('reset: SP and PC come from the vectors at address 0, thread mode, privileged, LR all ones (B1.5.5)', { skip }, () => {
  const { cpu, r, at } = armBench('reset: nop\n');
  assert.equal(r(13), 0x20010000);
  assert.equal(r(15), at('reset'));
  assert.equal(r(14), 0xffffffff);
  assert.equal(cpu.special.privileged, true);
  assert.equal(cpu.special.xpsr >>> 0, 0x01000000, 'T');
});

test('SVC: a frame of eight words, EXC_RETURN, IPSR, and the way back (B1.5.6, B1.5.8)', { skip }, () => {
  const { cpu, r, runTo, word, at } = armBench(`
reset:
  ldr r0, =0x11111111
  ldr r1, =0x22222222
  ldr r2, =0x33333333
  ldr r3, =0x44444444
  ldr r12, =0xcccccccc
  sub sp, #4
  cmp r0, r0
  svc #3
after: b after
svc:
  mov r4, lr
  mrs r5, ipsr
  mov r0, #0
  mov r3, #0
back: bx lr
`);
  runTo('svc');
  const frame = 0x20010000 - 4 - 4 - 0x20;
  assert.equal(r(13), frame, 'aligned to eight bytes');
  assert.deepEqual([0, 4, 8, 12, 16].map((o) => word(frame + o)), [0x11111111, 0x22222222, 0x33333333, 0x44444444, 0xcccccccc]);
  assert.equal(word(frame + 0x14), 0xffffffff);
  assert.equal(word(frame + 0x18), at('after'), 'the instruction after SVC');
  assert.equal(word(frame + 0x1c), 0x61000200, 'Z and C of CMP, T, and bit 9: SP was not aligned');
  runTo('back');
  assert.equal(r(4), 0xfffffff9, 'to thread mode, main stack, no floating-point state');
  assert.equal(r(5), 11);
  cpu.step();
  assert.equal(r(15), at('after'));
  assert.equal(r(13), 0x20010000 - 4);
  assert.deepEqual([r(0), r(3)], [0x11111111, 0x44444444]);
  assert.equal(cpu.special.handlerMode, false);
});
