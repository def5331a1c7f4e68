// SPDX-License-Identifier: MIT
// What is at address 0, and unprivileged accesses, against RM0090, 2.4, and ARM DDI 0403E, A7.7 and B3.1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { armBench } from '../../../testing/arm-bench.js';
import { without } from '../../../testing/needs.js';

const skip = without('arm-none-eabi-gcc');

test('address 0 shows flash, or another memory once remapped: data and code', { skip }, () => {
  const { cpu, runTo, word, r } = armBench('\nreset: nop\ndone: b .\n');
  assert.equal(word(0), 0x20010000);
  runTo('done');
  cpu.memory.storeAs(0x20000000, 4, 0x2105bf00, true);
  cpu.memory.storeAs(0x20000004, 4, 0xe7fe, true);
  cpu.memory.remap(0x20000000);
  cpu.special.jump(0);
  cpu.step();
  cpu.step();
  assert.equal(r(1), 5, 'NOP, MOVS R1, #5');
  assert.equal(r(15), 4);
  cpu.memory.storeAs(8, 4, 77, true);
  assert.equal(word(0x20000008), 77);
  cpu.memory.remap(0x08000000);
  assert.equal(word(0), 0x20010000);
});

test('LDRT has no privilege: the private peripheral bus is closed to it (A7.7.91, B3.1.1)', { skip }, () => {
  const { runTo, word, r } = armBench(`
reset:
  ldr r0, =0xe000ed00
  ldr r1, [r0]
  ldrt r2, [r0]
hardfault: b .
`);
  runTo('hardfault');
  assert.equal(r(1), 0x410fc241);
  assert.equal(word(0xe000ed28), 0x8200);
});

test('code that changes in RAM is decoded anew', { skip }, () => {
  const { runTo, r } = armBench(`
reset:
  ldr r0, =0x20000000
  ldr r1, =0x47702405
  str r1, [r0]
  adds r2, r0, #1
  blx r2
  mov r5, r4
  ldr r1, =0x47702406
  str r1, [r0]
  blx r2
done: b .
`);
  runTo('done');
  assert.deepEqual([r(5), r(4)], [5, 6]);
});

test('a store to flash goes to the flash interface', { skip }, () => {
  const stores: [number, number, number][] = [];
  const { runTo } = armBench(`
reset:
  ldr r0, =0x08004000
  movs r1, #0x5a
  strh r1, [r0]
  ldr r0, =0x00004002
  strb r1, [r0]
done: b .
`, { writeFlash: (address, size, value) => stores.push([address, size, value]) });
  runTo('done');
  assert.deepEqual(stores, [[0x08004000, 2, 0x5a], [0x08004002, 1, 0x5a]], 'by its own address, also when it is seen at 0');
});
