// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Flash, type FlashConfig } from './flash.js';

const ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0c, CR = 0x10, OPTCR = 0x14;
const waitStates = [30e6, 60e6, 90e6, 120e6, 150e6, 168e6];

function setUp(config: Partial<FlashConfig> = {}) {
  const bench = new ModelBench(16e6);
  const flash = new Flash('FLASH', 0x40023c00, bench, { waitStates, ...config });
  return { bench, flash, read: (offset: number) => flash.read(offset, 4), write: (offset: number, value: number) => flash.write(offset, value, 4) };
}
const erasing = () => {
  const erased: number[] = [];
  const sectors = [{ origin: 0x08000000, byteCount: 16384 }, { origin: 0x08004000, byteCount: 16384 }];
  const bench = setUp({ array: { sectors, erase: (n) => erased.push(n) }, eraseMilliseconds: { 16384: [400, 300, 250] } });
  bench.write(KEYR, 0x45670123);
  bench.write(KEYR, 0xcdef89ab);
  return { ...bench, erased };
};

test('reset values are those of RM0090 3.9', () => {
  const { read } = setUp();
  assert.deepEqual([ACR, KEYR, OPTKEYR, SR, CR, OPTCR].map(read), [0, 0, 0, 0, 0x80000000, 0x0fffaaed]);
});

test('wait states wanted at 2.7 to 3.6 V: one more for every 30 MHz', () => {
  for (const [hertz, wanted] of [[30e6, 0], [31e6, 1], [60e6, 1], [90e6, 2], [120e6, 3], [121e6, 4], [150e6, 4], [168e6, 5]]) {
    const right = setUp();
    right.write(ACR, wanted);
    right.bench.setClock('HCLK', hertz);
    assert.equal(right.bench.diagnostics.length, 0, `${hertz} Hz at ${wanted}`);
    if (wanted === 0) continue;
    const wrong = setUp();
    wrong.write(ACR, wanted - 1);
    wrong.bench.setClock('HCLK', hertz);
    assert.match(wrong.bench.diagnostics[0].message, new RegExp(`HCLK is ${hertz} Hz, which wants ${wanted} flash wait states; FLASH_ACR.LATENCY is ${wanted - 1}`));
  }
});

test('LATENCY lowered below what the clock wants is diagnosed', () => {
  const { bench, write } = setUp();
  write(ACR, 5);
  bench.setClock('HCLK', 168e6);
  write(ACR, 4);
  assert.equal(bench.diagnostics.length, 1);
});

test('ACR keeps LATENCY, prefetch and caches', () => {
  const { flash, read, write } = setUp();
  write(ACR, 0xffff_e705);
  assert.equal(read(ACR), 0x705);
  assert.deepEqual(flash.access, { waitStates: 5, prefetch: true, instructionCache: true, dataCache: true });
});

test('a cache reset while the cache is on is diagnosed', () => {
  const { bench, write } = setUp();
  write(ACR, (1 << 11) | (1 << 9));
  assert.match(bench.diagnostics[0].message, /a cache was reset while it is on/);
});

test('two keys unlock CR, and LOCK locks it again', () => {
  const { bench, read, write } = setUp();
  write(CR, 2);
  assert.equal(read(CR), 0x80000000);
  assert.match(bench.diagnostics[0].message, /locked/);
  write(KEYR, 0x45670123);
  assert.equal(read(CR), 0x80000000);
  write(KEYR, 0xcdef89ab);
  assert.equal(read(CR), 0);
  write(CR, 0x80000000);
  assert.equal(read(CR), 0x80000000);
});

test('a wrong key is a bus error and locks CR until reset', () => {
  const { flash, read, write } = setUp();
  assert.throws(() => write(KEYR, 0x12345678), /FLASH_KEYR.*locked until reset/);
  assert.throws(() => write(KEYR, 0x45670123), /locked until reset/);
  flash.reset();
  write(KEYR, 0x45670123);
  write(KEYR, 0xcdef89ab);
  assert.equal(read(CR), 0);
});

test('two other keys unlock OPTCR; changing option bytes is an error by name', () => {
  const { bench, read, write } = setUp();
  write(OPTCR, 0);
  assert.match(bench.diagnostics[0].message, /FLASH_OPTCR was written while it is locked/);
  write(OPTKEYR, 0x08192a3b);
  write(OPTKEYR, 0x4c5d6e7f);
  assert.equal(read(OPTCR), 0x0fffaaec);
  assert.throws(() => write(OPTCR, 0x0fffaae8), /FLASH_OPTCR \(option bytes\)/);
  write(OPTCR, 0x0fffaaed);
  assert.equal(read(OPTCR), 0x0fffaaed);
});

test('a sector erase takes 250 ms at x32, sets BSY meanwhile, and EOP and the interrupt after it', () => {
  const { bench, erased, read, write } = erasing();
  write(CR, (1 << 24) | (2 << 8) | (1 << 3) | 2);
  write(CR, (1 << 24) | (1 << 16) | (2 << 8) | (1 << 3) | 2);
  bench.run(16e6 / 4 - 1);
  assert.equal(read(SR), 1 << 16);
  assert.deepEqual(erased, []);
  bench.run(1);
  assert.equal(read(SR), 1);
  assert.deepEqual(erased, [1]);
  assert.ok(bench.interrupts.has('FLASH'));
  write(SR, 1);
  assert.equal(read(SR), 0);
  assert.equal(bench.interrupts.size, 0);
});

test('EOP does not rise without EOPIE, and x8 takes longer', () => {
  const { bench, erased, read, write } = erasing();
  write(CR, (1 << 16) | 2);
  bench.run(16e3 * 400);
  assert.equal(read(SR), 0);
  assert.deepEqual(erased, [0]);
});

test('a mass erase erases every sector', () => {
  const { bench, erased, write } = erasing();
  write(CR, (1 << 16) | (2 << 8) | 4);
  write(CR, 0);
  assert.match(bench.diagnostics[0].message, /in progress/);
  bench.run(16e3 * 500);
  assert.deepEqual(erased, [0, 1]);
});

test('a sector that is not there is diagnosed', () => {
  const { bench, erased, write } = erasing();
  write(CR, (1 << 16) | (5 << 3) | 2);
  bench.run(16e6);
  assert.match(bench.diagnostics[0].message, /no erase that the chip has/);
  assert.deepEqual(erased, []);
});

test('programming, and erasing without an array, are errors by name', () => {
  const { write } = setUp();
  write(KEYR, 0x45670123);
  write(KEYR, 0xcdef89ab);
  assert.throws(() => write(CR, 1), /FLASH_CR\.PG/);
  assert.throws(() => write(CR, 2 | (1 << 16)), /FLASH_CR\.STRT/);
});
