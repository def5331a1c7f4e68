// SPDX-License-Identifier: MIT
// ITM, FPB, DWT comparators, CoreDebug, TPIU and ROM table against ARM DDI 0403E, part C and B4; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnmodelledRegisterError } from '../../machine/errors.js';
import { armBench } from '../../testing/arm-bench.js';
import { coreBench } from '../../testing/core-bench.js';
import { without } from '../../testing/needs.js';

const skip = without('arm-none-eabi-gcc');
const TRCENA = 1 << 24;

test('ITM: locked until the key, ready when enabled, and each access sends as many bytes as it is wide (C1.7)', () => {
  const sent: [number, readonly number[]][] = [];
  const { read, write, bus } = coreBench({ onStimulus: (port, bytes) => sent.push([port, bytes]) });
  write(0xe000edfc, TRCENA);
  write(0xe0000e00, 1);
  assert.equal(read(0xe0000e00), 0, 'locked');
  assert.equal(read(0xe0000fb4), 3);
  write(0xe0000fb0, 0xc5acce55);
  assert.equal(read(0xe0000fb4), 1);
  write(0xe0000e00, 1);
  assert.equal(read(0xe0000000), 0, 'ITMENA is clear');
  write(0xe0000e80, 0x10001);
  assert.equal(read(0xe0000000), 1);
  assert.equal(read(0xe0000004), 0, 'port 1 is off');
  bus.write(0xe0000000, 0x41, 1);
  bus.write(0xe0000000, 0x4342, 2);
  write(0xe0000000, 0x47464544);
  write(0xe0000004, 7);
  assert.deepEqual(sent, [[0, [0x41]], [0, [0x42, 0x43]], [0, [0x44, 0x45, 0x46, 0x47]]]);
  write(0xe000edfc, 0);
  assert.equal(read(0xe0000000), 0, 'TRCENA is clear');
});

test('FPB: six code and two literal comparators; CTRL changes with its key alone; remapping is refused by name (C1.11)', () => {
  const { read, write } = coreBench();
  assert.equal(read(0xe0002000), 0x260);
  write(0xe0002000, 1);
  assert.equal(read(0xe0002000), 0x260, 'no key');
  write(0xe0002000, 3);
  assert.equal(read(0xe0002000), 0x261);
  write(0xe0002008, 0x48000101);
  assert.equal(read(0xe0002008), 0x48000101);
  assert.equal(read(0xe0002004), 0x20000000);
  write(0xe0002004, 0x20001000);
  assert.equal(read(0xe0002004), 0x20001000);
  assert.throws(() => write(0xe0002008, 0x08000101), UnmodelledRegisterError);
});

test('identification: the ROM table leads to the components, each with its class and part (B4.2, B4.3)', () => {
  const { read } = coreBench();
  const table = 0xe00ff000;
  const found: Record<string, number> = {};
  for (let at = table; read(at) !== 0; at += 4) {
    const base = (table + (read(at) & ~0xfff)) >>> 0;
    found[base.toString(16)] = read(base + 0xfe0) | ((read(base + 0xfe4) & 0xf) << 8);
    assert.deepEqual([read(base + 0xff0), read(base + 0xff8), read(base + 0xffc)], [0x0d, 0x05, 0xb1]);
  }
  assert.deepEqual(found, { e000e000: 0x00c, e0001000: 0x002, e0002000: 0x003, e0000000: 0x001, e0040000: 0x9a1, e0041000: 0x925 });
  assert.equal(read(table + 0xfe0) | ((read(table + 0xfe4) & 0xf) << 8), 0x413);
});

test('TPIU holds what is written; its sizes are fixed', () => {
  const { read, write } = coreBench();
  write(0xe0040010, 83);
  write(0xe00400f0, 2);
  write(0xe0040000, 0xf);
  assert.deepEqual([read(0xe0040010), read(0xe00400f0), read(0xe0040000)], [83, 2, 0xb]);
});

test('DHCSR: no debugger, and software cannot attach one; S_RESET_ST is there once (C1.6.2)', () => {
  const { read, write } = coreBench();
  assert.equal(read(0xe000edf0) & (1 << 25), 1 << 25);
  assert.equal(read(0xe000edf0) & (1 << 25), 0);
  write(0xe000edf0, 0xa05f0003);
  assert.equal(read(0xe000edf0) & 3, 0);
});

test('DEMCR enables and pends the debug monitor; ICTR counts the lines; reserved bytes of SHPR stay 0', () => {
  const { read, write, exceptions } = coreBench();
  write(0xe000edfc, 1 << 16);
  assert.equal(exceptions.isEnabled(12), true);
  write(0xe000edfc, 3 << 16);
  assert.equal(exceptions.isPending(12), true);
  assert.equal(read(0xe000edfc), 3 << 16);
  assert.equal(read(0xe000e004), 2, '82 lines: three words');
  write(0xe000ed1c, 0xffffffff);
  assert.equal(read(0xe000ed1c), 0xf0000000, 'SVCall alone');
});

const MONITOR_ON = 'ldr r0, =0xe000edfc\n ldr r1, =0x01010000\n str r1, [r0]\n';

test('BKPT: the debug monitor when it is enabled, else a HardFault with DEBUGEVT; DFSR says BKPT (C1.4)', { skip }, () => {
  const monitored = armBench(`\nreset: ${MONITOR_ON}\nbad: bkpt #1\ndebugmon: b .\n`);
  monitored.runTo('debugmon');
  assert.equal(monitored.word(0xe000ed30), 2);
  assert.equal(monitored.word(monitored.r(13) + 0x18), monitored.at('bad'));
  const plain = armBench('\nreset: bkpt #1\nhardfault: b .\n');
  plain.runTo('hardfault');
  assert.equal(plain.word(0xe000ed2c), 0x80000000);
});

test('DWT: a data watchpoint enters the debug monitor behind the access, and FUNCTION.MATCHED says which (C1.8)', { skip }, () => {
  const { runTo, word, r, at } = armBench(`
reset: ${MONITOR_ON}
  ldr r0, =0xe0001020
  ldr r1, =0x20000010
  str r1, [r0]
  movs r1, #2
  str r1, [r0, #4]
  movs r1, #6
  str r1, [r0, #8]
  ldr r2, =0x20000000
  str r1, [r2, #8]
  ldr r1, [r2, #16]
  strb r1, [r2, #19]
after: b .
debugmon: b .
`);
  runTo('debugmon');
  assert.equal(word(r(13) + 0x18), at('after'));
  assert.equal(word(0xe000ed30), 4, 'DWTTRAP');
  assert.equal(word(0xe0001028), 0x01000006);
  assert.equal(word(0xe0001028), 6, 'read, and so cleared');
});

test('FPB: a breakpoint enters the debug monitor before the instruction (C1.11)', { skip }, () => {
  const { runTo, word, r, at } = armBench(`
reset: ${MONITOR_ON}
  ldr r0, =0xe0002000
  movs r1, #3
  str r1, [r0]
  ldr r1, =place
  bic r2, r1, #3
  lsrs r1, r1, #2
  ite cs
  ldrcs r3, =0x80000001
  ldrcc r3, =0x40000001
  orr r2, r3
  str r2, [r0, #8]
  movs r4, #0
  nop
place: movs r4, #1
  b .
debugmon: b .
`);
  runTo('debugmon');
  assert.equal(r(4), 0);
  assert.equal(word(r(13) + 0x18), at('place'));
});

test('DEMCR.MON_STEP: the monitor runs behind every instruction of lower priority (C1.5.3)', { skip }, () => {
  const { runTo, r } = armBench(`
reset:
  ldr r0, =0xe000edfc
  ldr r1, =0x01070000
  str r1, [r0]
  movs r4, #0
  adds r4, #1
  adds r4, #1
  adds r4, #1
  b .
debugmon:
  adds r5, #1
  ldr r6, [sp, #0x18]
  cmp r4, #3
  beq done
  bx lr
done: b .
`);
  runTo('done');
  assert.equal(r(5), 1 + 4, 'pended once by MON_PEND, then by each of four instructions');
});

test('DWT: EXCCNT counts entry and return, SLEEPCNT the cycles of WFI, modulo 256 (C1.8.4)', { skip }, () => {
  const { runTo, word, cpu } = armBench(`
reset:
  ldr r0, =0xe000edfc
  ldr r1, =0x01000000
  str r1, [r0]
  ldr r0, =0xe0001000
  ldr r1, =0x000c0001
  str r1, [r0]
  svc #0
  ldr r0, =0xe000e010
  movs r1, #199
  str r1, [r0, #4]
  str r1, [r0, #8]
  movs r1, #7
  cpsid i
  str r1, [r0]
  wfi
woken: nop
done: b .
svc: bx lr
`);
  runTo('woken');
  while (cpu.asleep) cpu.step();
  assert.equal(word(0xe000100c), 22);
  assert.ok(word(0xe0001010) > 190 && word(0xe0001010) < 200);
});
