// SPDX-License-Identifier: MIT
// Times and rates as authors write them, on a core of 168 MHz: 1 us is 168 cycles.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodCycles, timeCycles } from './limits.js';

const HERTZ = 168e6;

test('a time is cycles, or has a unit from nanoseconds to seconds', () => {
  const times: readonly (readonly [given: number | string, cycles: number])[] = [
    [400, 400], ['400 cycles', 400], ['400cycles', 400], ['100ns', 16], ['250ns', 42], ['10us', 1680], ['10 us', 1680], [' 10us ', 1680], ['10\u00b5s', 1680], ['10\u03bcs', 1680],
    ['0.5ms', 84_000], ['1.5 us', 252], ['1s', 168_000_000],
  ];
  for (const [given, cycles] of times) assert.equal(timeCycles(given, HERTZ), cycles, String(given));
});

test('what is no time, or none of a whole cycle, is refused', () => {
  for (const given of [0, -1, 1.5, NaN, Infinity, '', '10', 'us', '10 parsecs', '-1us', '0us', '0cycles', '1.5cycles', '1ns', '1e-3ms', '10US', '.5us', '1,5us', '10us 3us', '10us\n3us']) {
    assert.equal(timeCycles(given, HERTZ), undefined, String(given));
  }
});

test('a rate is hertz, or has a unit; it is above 0', () => {
  for (const [given, cycles] of [[100, 1_680_000], ['100Hz', 1_680_000], ['1.5kHz', 112_000], ['1 MHz', 168]] as const) assert.equal(periodCycles(given, HERTZ), cycles, String(given));
  for (const given of [0, -1, Infinity, '', '10', '0Hz', '-1Hz', '1e3Hz', '10hz', '10us']) assert.equal(periodCycles(given, HERTZ), undefined, String(given));
});
