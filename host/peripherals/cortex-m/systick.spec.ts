// SPDX-License-Identifier: MIT
// SysTick against ARM DDI 0403E, B3.3; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreBench } from '../../testing/core-bench.js';

test('SysTick: period is RELOAD + 1, COUNTFLAG clears on read, the exception falls on the cycle of the zero', () => {
  const { read, write, timeline, exceptions } = coreBench();
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
  const { read, write, timeline } = coreBench();
  write(0xe000e014, 999);
  write(0xe000e010, 1);
  timeline.advanceTo(80);
  assert.equal(read(0xe000e018), 990);
  write(0xe000e010, 0);
  timeline.advanceTo(800);
  assert.equal(read(0xe000e018), 990);
});

test('SysTick: it stands still while the chip stops the core\'s clock, and goes on from there', () => {
  const { read, write, timeline, exceptions, blocks } = coreBench();
  write(0xe000e014, 99);
  write(0xe000e010, 7);
  timeline.advanceTo(41);
  blocks.systick.hold(true);
  timeline.advanceTo(5000);
  assert.equal(read(0xe000e018), 59);
  assert.equal(exceptions.isPending(15), false);
  blocks.systick.hold(false);
  timeline.advanceTo(5058);
  assert.equal(exceptions.isPending(15), false);
  timeline.advanceTo(5059);
  assert.equal(exceptions.isPending(15), true);
});
