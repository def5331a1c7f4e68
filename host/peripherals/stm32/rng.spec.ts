// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Rng } from './rng.js';

const CR = 0x00, SR = 0x04, DR = 0x08;

function setUp(seed = 0, clock: number | null = 48e6) {
  const bench = new ModelBench(168e6);
  if (clock !== null) bench.setClock('PLL48CLK', clock);
  const rng = new Rng('RNG', 0x50060800, bench, { vector: 'HASH_RNG', seed });
  return { bench, rng, read: (offset: number) => rng.read(offset, 4), write: (offset: number, value: number) => rng.write(offset, value, 4) };
}

test('a number is there 40 periods of RNG_CLK after RNGEN and after each read; until then DR reads 0', () => {
  const { bench, read, write } = setUp();
  assert.deepEqual([read(CR), read(SR), read(DR)], [0, 0, 0]);
  write(CR, 4);
  bench.run(139);
  assert.deepEqual([read(SR), read(DR)], [0, 0]);
  bench.run(1);
  assert.equal(read(SR), 1);
  const first = read(DR);
  assert.notEqual(first, 0);
  assert.equal(read(SR), 0);
  bench.run(140);
  assert.equal(read(SR), 1);
  assert.notEqual(read(DR), first);
});

test('the interrupt follows DRDY while IE is set', () => {
  const { bench, read, write } = setUp();
  write(CR, 0xc);
  bench.run(140);
  assert.deepEqual([...bench.interrupts], ['HASH_RNG']);
  read(DR);
  assert.equal(bench.interrupts.size, 0);
});

test('the same seed gives the same numbers, another one others, and their bits are even', () => {
  const numbers = (seed: number): number[] => {
    const { bench, read, write } = setUp(seed);
    write(CR, 4);
    return Array.from({ length: 1000 }, () => {
      bench.run(140);
      return read(DR);
    });
  };
  const first = numbers(1);
  assert.deepEqual(numbers(1), first);
  assert.notDeepEqual(numbers(2), first);
  assert.equal(new Set(first).size, 1000);
  for (let bit = 0; bit < 32; bit++) {
    const ones = first.filter((x) => (x >>> bit) & 1).length;
    assert.ok(ones > 430 && ones < 570, `bit ${bit}: ${ones}`);
  }
});

test('without a clock, or with one below HCLK / 16, CECS shows it, CEIS keeps it, and no number comes', () => {
  const { bench, read, write } = setUp(0, null);
  write(CR, 0xc);
  bench.run(10_000);
  assert.equal(read(SR), (1 << 1) | (1 << 5));
  assert.ok(bench.interrupts.has('HASH_RNG'));
  bench.setClock('PLL48CLK', 48e6);
  assert.equal(read(SR), 1 << 5);
  write(SR, 0);
  assert.equal(read(SR), 0);
  bench.run(140);
  assert.equal(read(SR), 1);
  bench.setClock('PLL48CLK', 10e6);
  assert.equal(read(SR), 1 | (1 << 1) | (1 << 5));
});

test('RNGEN clear and a reset stop it', () => {
  const { bench, rng, read, write } = setUp();
  write(CR, 4);
  write(CR, 0);
  bench.run(200);
  assert.equal(read(SR), 0);
  write(CR, 4);
  rng.reset();
  assert.equal(bench.timeline.nextDue, Infinity);
});
