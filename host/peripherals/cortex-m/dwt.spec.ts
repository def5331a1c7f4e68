// SPDX-License-Identifier: MIT
// DWT against ARM DDI 0403E, C1.8; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreBench } from '../../testing/core-bench.js';

test('DWT: CYCCNT counts core cycles once TRCENA and CYCCNTENA are set, and wraps at 2^32', () => {
  const { read, write, timeline } = coreBench();
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


test('DWT: CYCCNT holds its value while TRCENA or CYCCNTENA is clear, and goes on from it', () => {
  const { read, write, timeline } = coreBench();
  write(0xe000edfc, 1 << 24);
  write(0xe0001000, 1);
  timeline.advanceTo(100);
  write(0xe000edfc, 0);
  timeline.advanceTo(300);
  assert.equal(read(0xe0001004), 100, 'TRCENA clear');
  write(0xe000edfc, 1 << 24);
  timeline.advanceTo(350);
  assert.equal(read(0xe0001004), 150);
  write(0xe0001000, 0);
  timeline.advanceTo(400);
  assert.equal(read(0xe0001004), 150, 'CYCCNTENA clear');
  assert.equal(read(0xe0001000), 0x40000000, 'four comparators');
});
