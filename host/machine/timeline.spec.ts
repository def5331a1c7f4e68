// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timeline } from './timeline.js';

test('appointments for one cycle run in the order in which they were made', () => {
  const timeline = new Timeline();
  const ran: string[] = [];
  for (const name of ['a', 'b', 'c']) timeline.at(100, () => ran.push(name));
  timeline.advanceTo(100);
  assert.deepEqual(ran, ['a', 'b', 'c']);
});

test('everything due is drained in one advance, each seeing its own cycle, then time is where it was asked to be', () => {
  const timeline = new Timeline();
  const seen: number[] = [];
  for (const cycle of [30, 10, 20]) timeline.at(cycle, () => seen.push(timeline.now));
  timeline.advanceTo(25);
  assert.deepEqual(seen, [10, 20]);
  assert.equal(timeline.now, 25);
  assert.equal(timeline.nextDue, 30);
});

test('an appointment made while draining runs in the same advance when it is due', () => {
  const timeline = new Timeline();
  const seen: number[] = [];
  timeline.at(10, () => timeline.after(5, () => seen.push(timeline.now)));
  timeline.advanceTo(20);
  assert.deepEqual(seen, [15]);
});

test('a cancelled appointment does not run; cancelling twice, or after it ran, is harmless', () => {
  const timeline = new Timeline();
  let runs = 0;
  const kept = timeline.at(10, () => runs++);
  const cancelled = timeline.at(10, () => runs++);
  timeline.cancel(cancelled);
  timeline.cancel(cancelled);
  timeline.cancel(undefined);
  timeline.advanceTo(10);
  timeline.cancel(kept);
  assert.equal(runs, 1);
  assert.equal(timeline.nextDue, Infinity);
});

test('the past and fractions of a cycle are refused', () => {
  const timeline = new Timeline();
  timeline.advanceTo(10);
  assert.throws(() => timeline.at(9, () => {}), RangeError);
  assert.throws(() => timeline.at(10.5, () => {}), RangeError);
});

test('any set of appointments runs sorted by (cycle, order of making)', () => {
  fc.assert(fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 10 }), (cycles, stops) => {
    const timeline = new Timeline();
    const ran: [number, number][] = [];
    cycles.forEach((cycle, i) => timeline.at(cycle, () => ran.push([cycle, i])));
    for (const stop of stops.sort((a, b) => a - b)) timeline.advanceTo(Math.max(stop, timeline.now));
    timeline.advanceTo(100);
    assert.deepEqual(ran, cycles.map((c, i): [number, number] => [c, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]));
  }));
});
