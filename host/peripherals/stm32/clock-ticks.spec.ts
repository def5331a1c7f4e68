// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction } from '../../machine/fraction.js';
import { ModelBench } from '../../testing/model-bench.js';
import { ClockTicks } from './clock-ticks.js';

function setUp(core: number, clock: number) {
  const bench = new ModelBench(core);
  bench.setClock('LSE', clock);
  return { bench, ticks: new ClockTicks(bench, 'LSE') };
}

test('whole ticks of an odd ratio are counted exactly, and an alarm comes at the first cycle of its tick', () => {
  const { bench, ticks } = setUp(168_000_000, 32_768);
  const seen: number[] = [];
  ticks.at(32_768 * 3600, () => seen.push(bench.timeline.now, ticks.count));
  bench.run(168_000_000 * 3600 - 1);
  assert.equal(ticks.count, 32_768 * 3600 - 1);
  bench.run(1);
  assert.deepEqual(seen, [168_000_000 * 3600, 32_768 * 3600]);
});

test('a change of the core clock amid a tick keeps what has passed of it', () => {
  const { bench, ticks } = setUp(16_000_000, 32_000);
  let at = 0;
  ticks.at(10, () => (at = bench.timeline.now));
  bench.run(500 * 4 + 250); // four and a half ticks
  bench.setClock('HCLK', 160_000_000);
  assert.equal(ticks.count, 4);
  bench.run(2_499);
  assert.equal(ticks.count, 4);
  bench.run(1);
  assert.equal(ticks.count, 5);
  bench.run(5_000 * 5);
  assert.equal(at, 2_250 + 2_500 + 25_000);
});

test('a clock that does not run counts nothing, and goes on when it runs', () => {
  const bench = new ModelBench(1_000_000);
  const ticks = new ClockTicks(bench, 'LSI');
  let ran = false;
  ticks.at(2, () => (ran = true));
  bench.run(1_000_000);
  assert.deepEqual([ticks.running, ticks.count, ran], [false, 0, false]);
  bench.setClock('LSI', fraction(1000));
  bench.run(1999);
  assert.equal(ran, false);
  bench.run(1);
  assert.equal(ran, true);
});

test('a cancelled alarm does not come, nor one from before a restart; microseconds are counted at any clock', () => {
  const { bench, ticks } = setUp(8_000_000, 1000);
  let runs = 0;
  ticks.cancel(ticks.at(1, () => runs++));
  ticks.at(1, () => runs++);
  ticks.restart();
  bench.run(80_000);
  assert.equal(runs, 0);
  const micros = new ClockTicks(bench, 1e6);
  bench.run(80);
  bench.setClock('HCLK', 80_000_000);
  bench.run(800);
  assert.equal(micros.count, 20);
});
