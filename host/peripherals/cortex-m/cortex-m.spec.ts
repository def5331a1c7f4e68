// SPDX-License-Identifier: MIT
// NVIC, SCB, SysTick and DWT against ARM DDI 0403E (ARMv7-M ARM), chapters B3 and C1; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../../machine/bus.js';
import { UnmodelledRegisterError } from '../../machine/errors.js';
import { ExceptionController } from '../../machine/exceptions.js';
import { Timeline } from '../../machine/timeline.js';
import { plugCore } from './core.js';

function core() {
  const timeline = new Timeline();
  const exceptions = new ExceptionController(timeline, 82, 4);
  const bus = new Bus();
  let resets = 0;
  plugCore({ timeline, exceptions, bus }, { cpuid: 0x410fc241, systickReferenceDivider: 8, onResetRequest: () => resets++ });
  const read = (address: number) => bus.read(address, 4);
  const write = (address: number, value: number) => bus.write(address, value, 4);
  return { timeline, exceptions, bus, read, write, resets: () => resets };
}

test('NVIC: set and clear enable, set and clear pending, priority bytes', () => {
  const { read, write, bus } = core();
  write(0xe000e104, 1 << 6); // ISER1: interrupt 38
  assert.equal(read(0xe000e104), 1 << 6);
  assert.equal(read(0xe000e184), 1 << 6, 'ICER reads the same');
  write(0xe000e204, 1 << 6); // ISPR1
  assert.equal(read(0xe000e284), 1 << 6);
  write(0xe000e284, 1 << 6); // ICPR1
  assert.equal(read(0xe000e204), 0);
  bus.write(0xe000e426, 0xff, 1); // IPR of interrupt 38: 0xE000E400 + 38
  assert.equal(bus.read(0xe000e426, 1), 0xf0);
  write(0xe000e184, 1 << 6);
  assert.equal(read(0xe000e104), 0);
});

test('SCB: ICSR pends PendSV and shows it; AIRCR wants its key; SHPR3 holds PendSV in bits 23:16', () => {
  const { read, write, exceptions, resets } = core();
  assert.equal(read(0xe000ed00), 0x410fc241);
  write(0xe000ed04, 1 << 28);
  assert.equal(read(0xe000ed04) & (1 << 28), 1 << 28);
  assert.equal((read(0xe000ed04) >>> 12) & 0x1ff, 14, 'VECTPENDING');
  write(0xe000ed04, 1 << 27);
  assert.equal(exceptions.isPending(14), false);
  write(0xe000ed0c, 0x12340500);
  assert.equal(exceptions.prigroup, 0);
  write(0xe000ed0c, 0x05fa0300);
  assert.equal(exceptions.prigroup, 3);
  assert.equal(read(0xe000ed0c), 0xfa050300);
  write(0xe000ed20, 0xe0f00000);
  assert.equal(exceptions.priorityOf(14), 0xf0);
  assert.equal(exceptions.priorityOf(15), 0xe0);
  write(0xe000ed0c, 0x05fa0004);
  assert.equal(resets(), 1);
});

test('SysTick: period is RELOAD + 1, COUNTFLAG clears on read, the exception falls on the cycle of the zero', () => {
  const { read, write, timeline, exceptions } = core();
  write(0xe000e014, 99);
  write(0xe000e018, 12345); // any write clears CVR
  write(0xe000e010, 7);
  timeline.advanceTo(1);
  assert.equal(read(0xe000e018), 99, 'first tick reloads');
  timeline.advanceTo(99);
  assert.equal(read(0xe000e018), 1);
  assert.equal(exceptions.isPending(15), false);
  timeline.advanceTo(100);
  assert.equal(read(0xe000e018), 0);
  assert.equal(exceptions.isPending(15), true);
  assert.equal(read(0xe000e010), 0x10007);
  assert.equal(read(0xe000e010), 7);
  timeline.advanceTo(1050);
  assert.equal(read(0xe000e018), 50);
});

test('SysTick: the external reference is HCLK/8 on STM32 (RM0090, 6.2), and a stopped counter stands still', () => {
  const { read, write, timeline } = core();
  write(0xe000e014, 999);
  write(0xe000e010, 1);
  timeline.advanceTo(80);
  assert.equal(read(0xe000e018), 990);
  write(0xe000e010, 0);
  timeline.advanceTo(800);
  assert.equal(read(0xe000e018), 990);
});

test('DWT: CYCCNT counts core cycles once TRCENA and CYCCNTENA are set, and wraps at 2^32', () => {
  const { read, write, timeline } = core();
  timeline.advanceTo(500);
  write(0xe0001000, 1);
  timeline.advanceTo(600);
  assert.equal(read(0xe0001004), 0, 'TRCENA is clear');
  write(0xe000edfc, 1 << 24);
  write(0xe0001004, 0);
  timeline.advanceTo(1600);
  assert.equal(read(0xe0001004), 1000);
  write(0xe0001004, 0xfffffff0);
  timeline.advanceTo(1632);
  assert.equal(read(0xe0001004), 0x10);
});

test('what the core has and the emulator has not is named', () => {
  const { read } = core();
  assert.throws(() => read(0xe0001014), (e: unknown) => e instanceof UnmodelledRegisterError && e.register === 'DWT_LSUCNT');
  assert.throws(() => read(0xe000ed94), (e: unknown) => e instanceof UnmodelledRegisterError && e.register === 'SCB_MPU_CTRL');
});
