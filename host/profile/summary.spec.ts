// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleRunResult } from '../testing/example-run.js';
import { summary } from './summary.js';

const files = [{ kind: 'audio', path: 'build/demo/synth.wav' }, { kind: 'report', path: 'build/demo/report.html' }];
const ESCAPES = /\x1b\[\d+m/g;

test('it says what was played, what it cost and what was written, within 80 columns', () => {
  const result = { ...exampleRunResult(), seconds: 93.7283, lateBlocks: 0 };
  const text = summary(result, files, false);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(text, /^Played +93\.7 s on stm32f4-discovery \(cpu wasm, metered\)$/m);
  assert.match(text, /^Late blocks +0$/m);
  assert.match(text, /^Cycles per sample +█+▒+·+ [\d,]+ of 3,501$/m);
  assert.match(text, /^report +build\/demo\/report\.html$/m);
  assert.ok(!ESCAPES.test(text));
});

test('colours change no character', () => {
  const plain = summary(exampleRunResult(), files, false);
  const coloured = summary(exampleRunResult(), files, true);
  assert.notEqual(coloured, plain);
  assert.equal(coloured.replace(ESCAPES, ''), plain);
});

test('handlers are in columns, the most time-consuming first, with cycles and microseconds; those that never ran are left out', () => {
  const base = exampleRunResult();
  const isr = {
    USART2: { ...base.isr.USART2, count: 1234567, maxCycles: 336, totalCycles: 10, overBudget: 0 },
    PendSV: { ...base.isr.PendSV, count: 9, maxCycles: 84_000, totalCycles: 1000, overBudget: 0 },
    TIM5: { ...base.isr.TIM5, count: 0 },
  };
  const lines = summary({ ...base, isr }, [], false).split('\n');
  const head = lines.findIndex((line) => line.startsWith('Handler'));
  assert.match(lines[head + 1], /^PendSV +9 .* 84,000 +500\.0 /);
  assert.match(lines[head + 2], /^USART2 +1,234,567 .* 336 +2\.00 /);
  assert.equal(lines[head + 3], '');
  assert.equal(lines[head].indexOf('runs') + 4, lines[head + 1].indexOf(' 9 ') + 2);
});

test('what went wrong is said, worst things in place of praise', () => {
  const base = exampleRunResult();
  const good = summary(base, [], false);
  assert.match(good, /^✓ Every block was ready in time\./m);
  const isr = { ...base.isr, USART2: { ...base.isr.USART2, budget: 200, maxCycles: 250, overBudget: 3 } };
  const bad = summary({
    ...base, isr, lateBlocks: 2, losses: { ...base.losses, lateBlocks: 2, uartOverrun: 5, stolenVoices: 0 },
    codecProblems: ['register 0x02 is 0x01, not 0x9E'],
  }, [], false);
  assert.doesNotMatch(bad, /✓/);
  assert.match(bad, /^✗ 2 blocks were not ready in time/m);
  assert.match(bad, /^✗ USART2 exceeded its budget of 200 cycles 3 times, by up to 50\.$/m);
  assert.match(bad, /^✗ The codec does not play: register 0x02 is 0x01, not 0x9E$/m);
  assert.match(bad, /^! uartOverrun: 5\. Characters lost/m);
  assert.doesNotMatch(bad, /lateBlocks/);
});

test('a run without sound or handlers can be summed up too', () => {
  const base = exampleRunResult();
  const silent = {
    ...base, frames: 0, peak: 0, isr: {}, cyclesPerFrame: { mean: 0, p99: 0, max: 0, budget: 0 },
    midiToAudio: { notes: 0, minMs: null, meanMs: null, maxMs: null },
  };
  const text = summary(silent, [], false);
  assert.match(text, /^! No frame left I2S/m);
  assert.doesNotMatch(text, /NaN|✓/);
  assert.match(text, /peak −∞ dBFS/);
  assert.match(text, /not measured: no note came in silence/);
});
