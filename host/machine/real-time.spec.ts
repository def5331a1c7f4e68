// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ModelBench } from '../testing/model-bench.js';
import { fraction } from './fraction.js';
import { RealTime } from './real-time.js';

function benchAt(coreHertz: number) {
  const bench = new ModelBench(coreHertz);
  return { bench, time: new RealTime(bench.timeline, bench.clocks) };
}

test('one clock: seconds are cycles over hertz, and back', () => {
  const { time } = benchAt(168_000_000);
  assert.equal(time.secondsAt(168_000_000), 1);
  assert.equal(time.cycleAt(2.5), 420_000_000);
  assert.equal(time.cyclesFor(320e-6), 53_760);
  assert.equal(time.cycleAt(10.4 / 168e6), 10);
  assert.equal(time.cycleAt(10.6 / 168e6), 11);
});

test('the chip boots at 16 MHz and goes to 168 MHz: both stretches keep their own scale', () => {
  const { bench, time } = benchAt(16_000_000);
  let changes = 0;
  time.onChange(() => changes++);
  bench.run(16_000);
  bench.setClock('HCLK', 168_000_000);
  assert.equal(changes, 1);
  assert.equal(time.secondsAt(8_000), 0.0005);
  assert.equal(time.cycleAt(0.0005), 8_000);
  assert.equal(time.secondsAt(16_000), 0.001);
  assert.equal(time.cycleAt(0.002), 16_000 + 168_000);
  assert.equal(time.cyclesFor(0.001), 168_000);
  bench.run(168_000);
  assert.equal(time.now, 0.002);
});

test('a change of another clock, or to the same frequency, is no change', () => {
  const { bench, time } = benchAt(16_000_000);
  time.onChange(() => assert.fail('called'));
  bench.run(1000);
  bench.setClock('PCLK1', 4_000_000);
  bench.setClock('HCLK', 16_000_000);
});

test('two changes at one cycle leave the last one', () => {
  const { bench, time } = benchAt(16_000_000);
  bench.run(16);
  bench.setClock('HCLK', 8_000_000);
  bench.setClock('HCLK', 100_000_000);
  assert.equal(time.cycleAt(2e-6), 16 + 100);
});

test('hundreds of changes among odd frequencies lose nothing: the sum is exact to the last bit of a double', () => {
  const { bench, time } = benchAt(16_000_000);
  let [n, d] = [0n, 1n];
  let hertz = fraction(16_000_000);
  for (let i = 0; i < 300; i++) {
    const cycles = 1000 + i * 7;
    bench.run(cycles);
    n = n * BigInt(hertz.n) + BigInt(cycles) * BigInt(hertz.d) * d;
    d *= BigInt(hertz.n);
    hertz = fraction(100_000_000 + (i % 5), 3);
    bench.setClock('HCLK', hertz);
  }
  const exact = Number((n << 80n) / d) / 2 ** 80;
  assert.ok(Math.abs(time.now - exact) <= exact * Number.EPSILON, `${time.now} is not ${exact}`);
});

test('every cycle comes back from its seconds, and order is kept, whatever the clocks were', () => {
  const step = fc.record({ cycles: fc.integer({ min: 1, max: 10_000_000 }), hertz: fc.integer({ min: 1_000_000, max: 600_000_000 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 8 }), fc.array(fc.nat(100_000_000), { minLength: 2, maxLength: 20 }), (steps, cycles) => {
    const { bench, time } = benchAt(16_000_000);
    for (const { cycles: stretch, hertz } of steps) {
      bench.run(stretch);
      bench.setClock('HCLK', hertz);
    }
    cycles.sort((a, b) => a - b);
    for (const cycle of cycles) assert.equal(time.cycleAt(time.secondsAt(cycle)), cycle);
    for (let i = 1; i < cycles.length; i++) {
      if (cycles[i] > cycles[i - 1]) assert.ok(time.secondsAt(cycles[i]) > time.secondsAt(cycles[i - 1]));
    }
  }));
});
