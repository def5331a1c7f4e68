// SPDX-License-Identifier: MIT
// Potentiometer and switch.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealTime } from '../machine/real-time.js';
import { PadRouter } from '../peripherals/stm32/pad-router.js';
import { ModelBench } from '../testing/model-bench.js';
import { Potentiometer } from './potentiometer.js';
import { Switch, type SwitchConfig } from './switch.js';

function setUp(config: SwitchConfig) {
  const bench = new ModelBench(1_000_000);
  const pad = new PadRouter(bench.timeline, () => {}, 3).pad('PA0');
  const edges: [number, number][] = [];
  const control = new Switch(bench.timeline, new RealTime(bench.timeline, bench.clocks), pad, config);
  pad.onEdge((level, cycle) => edges.push([level, cycle]));
  return { bench, pad, control, edges };
}

test('a potentiometer puts its share of the supply on its pad', () => {
  const bench = new ModelBench();
  const pad = new PadRouter(bench.timeline, () => {}, 3).pad('PA0');
  const pot = new Potentiometer(pad.analog, 3, 0.25);
  assert.equal(pad.volts, 0.75);
  pot.position = 1;
  assert.equal(pad.volts, 3);
  assert.throws(() => (pot.position = 1.1), RangeError);
});

test('a switch closes its pad to a level, and lets it go to the pull or to a resistor', () => {
  const { pad, control } = setUp({ closedLevel: 0 });
  pad.configure({ mode: 'input', openDrain: false, pull: 'up', output: 0, signals: [] });
  control.closed = true;
  assert.equal(pad.level, 0);
  control.closed = false;
  assert.equal(pad.level, 1);
  const resistor = setUp({ closedLevel: 1, openLevel: 0 });
  assert.equal(resistor.pad.level, 0);
  resistor.control.closed = true;
  assert.equal(resistor.pad.level, 1);
});

test('contacts bounce at the times that they are told, and rest where the switch is', () => {
  const { bench, control, edges } = setUp({ closedLevel: 1, openLevel: 0, bounceSeconds: [0.0002, 0.0005, 0.0006, 0.001] });
  bench.run(100);
  control.closed = true;
  bench.run(5000);
  assert.deepEqual(edges, [[1, 100], [0, 300], [1, 600], [0, 700], [1, 1100]]);
  control.closed = false;
  bench.run(300);
  control.closed = true;
  bench.run(5000);
  assert.deepEqual(edges.slice(5), [[0, 5100], [1, 5300], [0, 5600], [1, 5900], [0, 6000], [1, 6400]]);
});
