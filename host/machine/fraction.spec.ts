// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ceilDivide, divide, floorTimes, fraction, times, toNumber } from './fraction.js';

const clock = fc.record({ n: fc.integer({ min: 1, max: 1_000_000 }), d: fc.integer({ min: 1, max: 10_000 }) }).map(({ n, d }) => fraction(n, d));

test('fractions are in lowest terms, and products of a clock tree stay exact', () => {
  assert.deepEqual(fraction(168_000_000, 86_000_000), { n: 84, d: 43 });
  // One frame of 256 master clocks, of 7 ticks of the 86 MHz I2S clock each, in cycles of a 168 MHz core.
  assert.deepEqual(times(fraction(1792), divide(fraction(168_000_000), fraction(86_000_000))), { n: 150_528, d: 43 });
  assert.equal(toNumber(fraction(671_875, 14)).toFixed(2), '47991.07');
  assert.throws(() => fraction(1, 0), RangeError);
  assert.throws(() => fraction(0.5), RangeError);
});

test('floorTimes is the floor of the exact product, as big integers have it', () => {
  fc.assert(fc.property(fc.nat(1_000_000_000), clock, (count, f) => {
    assert.equal(floorTimes(count, f), Number((BigInt(count) * BigInt(f.n)) / BigInt(f.d)));
  }));
});

test('ceilDivide is the least count whose time has come', () => {
  fc.assert(fc.property(fc.nat(1_000_000_000), clock, (value, f) => {
    const count = ceilDivide(value, f);
    assert.ok(floorTimes(count, f) >= value);
    assert.ok(count === 0 || floorTimes(count - 1, f) < value);
  }));
});
