// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timeline } from './timeline.js';
import { Wire } from './wire.js';

test('listeners hear edges with their cycle, and nothing when the level stays', () => {
  const timeline = new Timeline();
  const wire = new Wire('RX', timeline);
  const heard: [number, number][] = [];
  wire.onEdge((level, cycle) => heard.push([level, cycle]));
  wire.set(1);
  timeline.advanceTo(10);
  wire.set(0);
  timeline.advanceTo(20);
  wire.set(0);
  wire.set(1);
  assert.deepEqual(heard, [[0, 10], [1, 20]]);
  assert.equal(wire.level, 1);
});

test('the past is remembered: the level at a cycle, from the edge at that very cycle on', () => {
  const timeline = new Timeline();
  const wire = new Wire('RX', timeline, 1);
  for (let i = 0; i < 40; i++) {
    timeline.advanceTo(100 * (i + 1));
    wire.set((i & 1) as 0 | 1);
  }
  assert.equal(wire.levelAt(99), 1);
  for (let i = 0; i < 40; i++) {
    assert.equal(wire.levelAt(100 * (i + 1)), i & 1);
    assert.equal(wire.levelAt(100 * (i + 1) + 99), i & 1);
  }
});
