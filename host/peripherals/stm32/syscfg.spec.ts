// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Syscfg } from './syscfg.js';

function setUp(ports = 'ABCDEFGHI') {
  const bench = new ModelBench();
  const syscfg = new Syscfg('SYSCFG', 0x40013800, bench, { ports });
  return { bench, syscfg, read: (offset: number) => syscfg.read(offset, 4), write: (offset: number, value: number) => syscfg.write(offset, value, 4) };
}

test('all registers are 0 after reset, so that every line belongs to port A', () => {
  const { syscfg, read } = setUp();
  for (const offset of [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x20]) assert.equal(read(offset), 0);
  for (let line = 0; line < 16; line++) assert.equal(syscfg.extiPort(line), 'A');
});

test('EXTICR2 at 0x0C holds lines 4 to 7, four bits each', () => {
  const { syscfg, read, write } = setUp();
  let changes = 0;
  syscfg.onExtiChange(() => changes++);
  write(0x0c, 0xffff8210);
  assert.deepEqual([4, 5, 6, 7].map((line) => syscfg.extiPort(line)), ['A', 'B', 'C', 'I']);
  assert.equal(read(0x0c), 0x8210);
  assert.equal(changes, 1);
});

test('a port that does not exist is diagnosed, and the write lost', () => {
  const { bench, syscfg, write } = setUp();
  write(0x0c, 0x0900);
  assert.match(bench.diagnostics[0].message, /EXTICR2 gives EXTI line 6 to a port that does not exist/);
  assert.equal(syscfg.extiPort(6), 'A');
});

test('the compensation cell is ready once it is on', () => {
  const { read, write } = setUp();
  write(0x20, 1);
  assert.equal(read(0x20), 0x101);
});

test('MEM_MODE puts flash, system memory or SRAM at address 0 (9.2.1), and reset puts flash there', () => {
  const { syscfg, read, write } = setUp();
  const seen: string[] = [];
  syscfg.onRemap = (memory) => seen.push(memory);
  write(0x00, 3);
  assert.equal(read(0x00), 3);
  write(0x00, 1);
  assert.throws(() => write(0x00, 2), /MEM_MODE = 2/, 'the FSMC is not modelled');
  assert.equal(read(0x00), 1);
  syscfg.reset();
  assert.equal(read(0x00), 0);
  assert.deepEqual(seen, ['SRAM', 'system memory', 'flash']);
});

test('RMII, and remapping where no core fetches, are errors by name; writing their reset value is not', () => {
  const { write, read } = setUp();
  write(0x00, 0);
  write(0x04, 0);
  assert.throws(() => write(0x00, 3), /SYSCFG_MEMRMP/);
  assert.throws(() => write(0x04, 1 << 23), /SYSCFG_PMC/);
  assert.throws(() => read(0x18), /SYSCFG\+0x18 at 0x[0-9a-f]+: this chip.s manual has no register there/);
});

test('the STM32F411 has ports A to E and H: RM0383 7.2.3', () => {
  const { bench, syscfg, write } = setUp('ABCDEH');
  write(0x08, 0x0074);
  assert.deepEqual([0, 1].map((line) => syscfg.extiPort(line)), ['E', 'H']);
  write(0x08, 0x0005);
  assert.equal(syscfg.extiPort(0), 'E');
  assert.match(bench.diagnostics[0].message, /a port that does not exist/);
});
