// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TriggerLine } from './trigger.js';

test('a pulse is a rising and a falling edge; a level is one edge; what does not change is none', () => {
  const line = new TriggerLine('TIM2_TRGO');
  const heard: number[] = [];
  line.listen((level) => heard.push(level));
  line.fire();
  line.set(1);
  line.set(1);
  assert.deepEqual([heard, line.level], [[1, 0, 1], 1]);
});

test('the source hears when the first listener comes and the last one goes', () => {
  const line = new TriggerLine('TIM2_TRGO');
  const demand: boolean[] = [];
  line.onDemand = () => demand.push(line.wanted);
  const [a, b] = [() => {}, () => {}];
  line.listen(a);
  line.listen(b);
  line.unlisten(a);
  line.unlisten(b);
  assert.deepEqual(demand, [true, false]);
});
