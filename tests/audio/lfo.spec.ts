// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { instantiateUnits, type Units } from './units.js';

let units: Units;
before(async () => {
  units = await instantiateUnits();
});
beforeEach(() => units.forgetAll());

const [SINE, TRIANGLE, RISING, FALLING, SQUARE, RANDOM, DRIFT] = [0, 1, 2, 3, 4, 5, 6];
const PERIOD = 1024;

/** One value a frame. */
function values(shape: number, count: number, seed = 1): number[] {
  const lfo = units.newLfo(seed, shape, 2 ** 32 / PERIOD);
  return Array.from({ length: count }, () => {
    const value = units.lfoValue(lfo);
    units.advanceLfo(lfo, 1);
    return value;
  });
}

test('each shape is what its name says', () => {
  const shapes: [number, (turn: number) => number][] = [
    [SINE, (t) => Math.sin(2 * Math.PI * t)],
    [TRIANGLE, (t) => (t < 0.25 ? 4 * t : t < 0.75 ? 2 - 4 * t : 4 * t - 4)],
    [RISING, (t) => 2 * t - 1],
    [FALLING, (t) => 1 - 2 * t],
    [SQUARE, (t) => (t < 0.5 ? 1 : -1)],
  ];
  for (const [shape, ideal] of shapes) {
    values(shape, 2 * PERIOD).forEach((x, i) => assert.ok(Math.abs(x - ideal((i % PERIOD) / PERIOD)) < 2e-6, `shape ${shape} frame ${i}: ${x}`));
  }
});

test('random holds one value a cycle, spread over -1..1; drift goes from each to the next in a line', () => {
  const held = values(RANDOM, 200 * PERIOD);
  const drifting = values(DRIFT, 200 * PERIOD);
  const each: number[] = [];
  for (let cycle = 0; cycle < 200; cycle++) {
    assert.ok(held.slice(cycle * PERIOD, (cycle + 1) * PERIOD).every((x) => x === held[cycle * PERIOD]));
    each.push(held[cycle * PERIOD]);
  }
  for (let cycle = 0; cycle < 199; cycle++) {
    for (const part of [0, 0.25, 0.5]) {
      assert.ok(Math.abs(drifting[(cycle + part) * PERIOD] - (each[cycle] + part * (each[cycle + 1] - each[cycle]))) < 1e-6);
    }
  }
  assert.equal(new Set(each).size, 200);
  const mean = each.reduce((sum, x) => sum + x, 0) / 200;
  const power = each.reduce((sum, x) => sum + x * x, 0) / 200;
  const neighbours = each.slice(1).reduce((sum, x, i) => sum + x * each[i], 0) / 199;
  assert.ok(Math.abs(mean) < 0.15 && Math.abs(power - 1 / 3) < 0.07 && Math.abs(neighbours) < 0.09, `${mean} ${power} ${neighbours}`);
  assert.notDeepEqual(each.slice(0, 5), values(RANDOM, 5 * PERIOD, 2).filter((_, i) => i % PERIOD === 0));
});

test('many frames at once arrive where single frames do, over any number of cycles', () => {
  for (const shape of [SINE, RANDOM, DRIFT]) {
    const jumping = units.newLfo(3, shape, 0x23456789);
    const walking = units.newLfo(3, shape, 0x23456789);
    for (const frames of [1, 32, 256, 7]) {
      units.advanceLfo(jumping, frames);
      for (let i = 0; i < frames; i++) units.advanceLfo(walking, 1);
      assert.equal(units.lfoValue(jumping), units.lfoValue(walking));
    }
  }
});
