// SPDX-License-Identifier: MIT
// RM0090 chapter 21. Table 106's extremes at 32 kHz: 0.125 ms to 512 ms with divider 4, 8 ms to 32768 ms with divider 256.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Iwdg } from './iwdg.js';

const KR = 0x00, PR = 0x04, RLR = 0x08, SR = 0x0c;
const MS = 16_000;

function setUp(lsi = true) {
  const bench = new ModelBench(16e6);
  if (lsi) bench.setClock('LSI', 32_000);
  let hardware = false;
  let held = 0;
  const iwdg = new Iwdg('IWDG', 0x40003000, bench, {
    holdLsi: () => {
      held++;
      bench.setClock('LSI', 32_000);
    },
    startsByItself: () => hardware,
  });
  return {
    bench, iwdg, read: (offset: number) => iwdg.read(offset, 4), write: (offset: number, value: number) => iwdg.write(offset, value, 4), held: () => held,
    setHardware: () => (hardware = true),
  };
}

/** Cycles from a reload to the reset with given registers. */
function timeOut(pr: number, rlr: number): number {
  const { bench, write } = setUp();
  write(KR, 0x5555);
  write(PR, pr);
  write(RLR, rlr);
  bench.run(MS);
  write(KR, 0xcccc);
  write(KR, 0xaaaa);
  const from = bench.timeline.now;
  while (bench.resets.length === 0) bench.timeline.advanceTo(bench.timeline.nextDue);
  assert.deepEqual(bench.resets, ['independent watchdog']);
  return bench.timeline.now - from;
}

test('reset values', () => {
  const { read } = setUp();
  assert.deepEqual([KR, PR, RLR, SR].map(read), [0, 0, 0xfff, 0]);
});

test('timeouts of the manual\'s table', () => {
  assert.equal(timeOut(0, 0), MS / 8);
  assert.equal(timeOut(0, 0xfff), 512 * MS);
  assert.equal(timeOut(3, 0xfff), 4096 * MS);
  assert.equal(timeOut(6, 0), 8 * MS);
  assert.equal(timeOut(6, 0xfff), 32768 * MS);
  assert.equal(timeOut(7, 0), 8 * MS);
});

test('PR and RLR want the key 0x5555, and any other key closes them', () => {
  const { bench, read, write } = setUp();
  write(PR, 3);
  assert.equal(read(PR), 0);
  assert.match(bench.diagnostics[0].message, /PR was written without the key/);
  write(KR, 0x5555);
  write(PR, 3);
  write(KR, 0xaaaa);
  write(RLR, 5);
  assert.deepEqual([read(PR), read(RLR)], [3, 0xfff]);
});

test('PVU and RVU show an update for five periods of LSI, and for ever without LSI', () => {
  const { bench, read, write } = setUp();
  write(KR, 0x5555);
  write(PR, 1);
  write(RLR, 100);
  assert.equal(read(SR), 3);
  write(PR, 2);
  assert.equal(read(PR), 1, 'a write during the update is lost');
  bench.run(5 * 500 - 1);
  assert.equal(read(SR), 3);
  bench.run(1);
  assert.equal(read(SR), 0);
  const stopped = setUp(false);
  stopped.write(KR, 0x5555);
  stopped.write(PR, 1);
  stopped.bench.run(16e6);
  assert.equal(stopped.read(SR), 1);
  stopped.write(KR, 0xcccc);
  assert.equal(stopped.held(), 1, 'starting it switches LSI on');
  stopped.bench.run(MS);
  assert.equal(stopped.read(SR), 0);
});

test('a reload in time holds the reset off; after the start the counter runs from 0xFFF', () => {
  const { bench, write } = setUp();
  write(KR, 0xcccc);
  bench.run(500 * MS);
  write(KR, 0xaaaa);
  bench.run(512 * MS - 1);
  assert.deepEqual(bench.resets, []);
  bench.run(1);
  assert.deepEqual(bench.resets, ['independent watchdog']);
});

test('a system reset stops it, unless the option bytes start it', () => {
  const { bench, iwdg, write, setHardware } = setUp();
  write(KR, 0xcccc);
  iwdg.reset();
  assert.equal(bench.timeline.nextDue, Infinity);
  setHardware();
  iwdg.reset();
  iwdg.released();
  bench.run(512 * MS);
  assert.deepEqual(bench.resets, ['independent watchdog']);
});
