// SPDX-License-Identifier: MIT
// NVIC against ARM DDI 0403E (ARMv7-M ARM), B3.4; addresses and bits restated from there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreBench } from '../../testing/core-bench.js';

test('NVIC: set and clear enable, set and clear pending, priority bytes', () => {
  const { read, write, bus } = coreBench();
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
