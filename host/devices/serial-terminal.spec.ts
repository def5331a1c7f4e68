// SPDX-License-Identifier: MIT
// When the terminal types: at 9,600 baud and 9.6 MHz a bit is 1,000 cycles, a character with start and stop bit 10,000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction } from '../machine/fraction.js';
import { RealTime } from '../machine/real-time.js';
import { Wire } from '../machine/wire.js';
import type { Usart } from '../peripherals/stm32/usart.js';
import { ModelBench } from '../testing/model-bench.js';
import { SerialTerminal } from './serial-terminal.js';

function setUp() {
  const bench = new ModelBench(9_600_000);
  const wire = new Wire('PA3', bench.timeline);
  const usart = { receives: true, wireFormat: { unit: fraction(1000, 32), wordBits: 8, parity: 'none', stopUnits: 32 }, onReceiver: () => {} };
  const terminal = new SerialTerminal('USART2', usart as unknown as Usart, {
    timeline: bench.timeline, time: new RealTime(bench.timeline, bench.clocks), pads: { tx: [], rx: ['PA3'] }, pin: () => wire, padsOf: () => ['PA3'],
  });
  /** Cycles at which characters of 0xff begin: their only falling edges are start bits. */
  const starts: number[] = [];
  wire.onEdge((level, cycle) => level === 0 && starts.push(cycle));
  return { bench, terminal, starts };
}

test('characters follow one another directly', () => {
  const { bench, terminal, starts } = setUp();
  terminal.type([0xff, 0xff, 0xff]);
  bench.run(100_000);
  assert.deepEqual(starts.map((cycle) => cycle - starts[0]), [0, 10_000, 20_000]);
});

test('a pause is from the end of a character to the next', () => {
  const { bench, terminal, starts } = setUp();
  terminal.type([0xff, 0xff, 0xff], 0, 0.005);
  bench.run(300_000);
  assert.deepEqual(starts.map((cycle) => cycle - starts[0]), [0, 58_000, 116_000]);
});

test('what is typed later has a time of its own, and waits for what was there before it', () => {
  const { bench, terminal, starts } = setUp();
  terminal.type([0xff], 0.01);
  terminal.type([0xff], 0.02);
  terminal.type([0xff, 0xff], 0.02);
  bench.run(400_000);
  assert.deepEqual(starts, [96_000, 192_000, 202_000, 212_000]);
});
