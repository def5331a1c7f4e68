// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../../boards/index.js';
import { ModelBench } from '../../testing/model-bench.js';
import { Exti } from './exti.js';
import { PadRouter } from './pad-router.js';
import { Syscfg } from './syscfg.js';

const IMR = 0x00, EMR = 0x04, RTSR = 0x08, FTSR = 0x0c, SWIER = 0x10, PR = 0x14;

function setUp() {
  const bench = new ModelBench();
  const router = new PadRouter(bench.timeline, (finding) => bench.diagnose(finding));
  const syscfg = new Syscfg('SYSCFG', 0x40013800, bench, { ports: 'ABCDEFGHI' });
  const { lines } = loadBoard('stm32f4-discovery').peripherals.find((p) => p.name === 'EXTI')!.config as { lines: Record<number, string> };
  for (const port of 'ABCDEFGHI') for (let n = 0; n < 16; n++) router.pad(`P${port}${n}`).set(0);
  const exti = new Exti('EXTI', 0x40013c00, bench, { lines, router, syscfg });
  return { bench, router, syscfg, exti, read: (offset: number) => exti.read(offset, 4), write: (offset: number, value: number) => exti.write(offset, value, 4) };
}

test('all registers are 0 after reset', () => {
  const { read } = setUp();
  for (const offset of [IMR, EMR, RTSR, FTSR, SWIER, PR]) assert.equal(read(offset), 0);
});

test('a rising edge of PA0 makes line 0 pending and raises EXTI0; writing 1 to PR takes it back', () => {
  const { bench, router, read, write } = setUp();
  write(IMR, 1);
  write(RTSR, 1);
  router.pad('PA0').set(1);
  assert.equal(read(PR), 1);
  assert.deepEqual([...bench.interrupts], ['EXTI0']);
  router.pad('PA0').set(0);
  write(PR, 0);
  assert.equal(read(PR), 1);
  write(PR, 1);
  assert.equal(read(PR), 0);
  assert.equal(bench.interrupts.size, 0);
});

test('falling, rising or both edges, as RTSR and FTSR say', () => {
  for (const [rtsr, ftsr, expected] of [[1, 0, [1, 0]], [0, 1, [0, 1]], [1, 1, [1, 1]], [0, 0, [0, 0]]] as const) {
    const { router, read, write } = setUp();
    write(RTSR, rtsr << 3);
    write(FTSR, ftsr << 3);
    const seen = [1, 0].map((level) => {
      router.pad('PA3').set(level as 0 | 1);
      const pending = read(PR) >>> 3;
      write(PR, 0xffffffff);
      return pending;
    });
    assert.deepEqual(seen, expected);
  }
});

test('a masked line pends without an interrupt, and raises it once it is unmasked', () => {
  const { bench, router, write } = setUp();
  write(RTSR, 1 << 6);
  router.pad('PA6').set(1);
  assert.equal(bench.interrupts.size, 0);
  write(IMR, 1 << 6);
  assert.deepEqual([...bench.interrupts], ['EXTI9_5']);
});

test('SYSCFG_EXTICR gives a line to one port alone', () => {
  const { router, syscfg, read, write } = setUp();
  write(RTSR, 0xffff);
  syscfg.write(0x14, 3 << 4, 4); // EXTICR4: line 13 is PD13
  router.pad('PA13').set(1);
  assert.equal(read(PR), 0);
  router.pad('PD13').set(1);
  assert.equal(read(PR), 1 << 13);
});

test('lines 5 to 9 and 10 to 15 share a vector, which stays up until the last is clear', () => {
  const { bench, router, write } = setUp();
  write(IMR, 0xffff);
  write(RTSR, 0xffff);
  for (const pad of ['PA10', 'PA15']) router.pad(pad).set(1);
  assert.deepEqual([...bench.interrupts], ['EXTI15_10']);
  write(PR, 1 << 10);
  assert.deepEqual([...bench.interrupts], ['EXTI15_10']);
  write(PR, 1 << 15);
  assert.equal(bench.interrupts.size, 0);
});

test('SWIER pends an unmasked line once, and falls with PR', () => {
  const { bench, read, write } = setUp();
  write(SWIER, 1 << 4);
  assert.equal(read(PR), 0);
  write(PR, 1 << 4);
  write(IMR, 1 << 4);
  write(SWIER, 1 << 4);
  assert.equal(read(SWIER), 1 << 4);
  assert.deepEqual([...bench.interrupts], ['EXTI4']);
  write(PR, 1 << 4);
  assert.equal(read(SWIER), 0);
});

test('lines 16 to 22 come from inside: RTC_WKUP is line 22', () => {
  const { bench, exti, write } = setUp();
  write(IMR, 1 << 22);
  write(RTSR, 1 << 22);
  exti.input(22, 1);
  assert.deepEqual([...bench.interrupts], ['RTC_WKUP']);
});

test('bits above line 22 do not exist', () => {
  const { read, write } = setUp();
  write(IMR, 0xffffffff);
  assert.equal(read(IMR), 0x007fffff);
});

test('a byte write of PR clears that byte\'s lines alone', () => {
  const { router, exti, read, write } = setUp();
  write(RTSR, 0xffff);
  for (const pad of ['PA0', 'PA9']) router.pad(pad).set(1);
  exti.write(PR, 0xff, 1);
  assert.equal(read(PR), 1 << 9);
});

test('a line that EMR lets through pulses its trigger line and EVENT at the selected edge, without an interrupt', () => {
  const { bench, router, read, write } = setUp();
  const pulses: string[] = [];
  for (const name of ['EXTI11', 'EXTI9', 'EVENT']) bench.trigger(name).listen((level) => level === 1 && pulses.push(name));
  write(RTSR, (1 << 11) | (1 << 9));
  write(EMR, 1 << 11);
  assert.equal(read(EMR), 1 << 11);
  for (const pad of ['PA9', 'PA11']) router.pad(pad).set(1);
  router.pad('PA11').set(0);
  assert.deepEqual(pulses, ['EXTI11', 'EVENT']);
  assert.equal(bench.interrupts.size, 0);
  assert.equal(read(PR), 1 << 9, 'the pending bit of an event line is not set (12.2.4)');
  write(SWIER, 1 << 11);
  assert.equal(pulses.length, 4);
});
