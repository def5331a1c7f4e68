// SPDX-License-Identifier: MIT
// How often handlers run: what they pend in each other, what the board's data says, what the author says over that.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import binaryen from 'assemblyscript/binaryen';
import type { Firmware } from '../../build/compile.js';
import { parseModule } from '../../cpu/wasm/decode.js';
import { loadBoard } from '../../boards/index.js';
import type { Vector } from '../../vectors.js';
import { pendsOf } from './pends.js';
import { ratesOf } from './rates.js';

const PENDSV = -2;
const vector = (name: string, irq: number, period?: number): Vector =>
  ({ name, irq, priority: 1, exportName: name, functionName: name, file: 'made-up.ts', line: 1, period }) as Vector;

/** Handlers that call what is given. */
function moduleOf(bodies: Readonly<Record<string, string>>) {
  const text = Object.entries(bodies).map(([name, body]) => `(func (export "${name}") ${body})`).join('\n');
  const module = binaryen.parseText(`(module (import "env" "irqPend" (func $pend (param i32))) (global $g (mut i32) (i32.const 3))
    (func $deep (call $pend (i32.const ${PENDSV}))) ${text})`);
  const bytes = module.emitBinary();
  module.dispose();
  return parseModule(bytes);
}

test('a handler pends what the code in its reach names, and any when it computes the number', () => {
  const vectors = [vector('TIMER1', 9), vector('PendSV', PENDSV), vector('TIMER0', 200)];
  const found = pendsOf(moduleOf({ TIMER1: '(call $deep)', PendSV: '', TIMER0: '(call $pend (i32.const 200))' }), vectors, (name) => name === 'TIMER0');
  assert.deepEqual(found, [{ by: 'TIMER1', vector: 'PendSV', always: false }, { by: 'TIMER0', vector: 'TIMER0', always: true }]);
  const computed = pendsOf(moduleOf({ TIMER1: '(call $pend (global.get $g))', PendSV: '', TIMER0: '' }), vectors, () => false);
  assert.deepEqual(computed.map(({ vector: name }) => name), ['TIMER1', 'PendSV', 'TIMER0']);
});

/** On a board whose set-up is not run: 25 MHz, slowed down 16 times; TIMER1 stands for the MIDI line. */
const rates = (vectors: readonly Vector[], bodies: Readonly<Record<string, string>>, periods: Readonly<Record<string, number>> = {}, always = false) =>
  ratesOf({ board: loadBoard('mps2-an386'), firmware: { vectors } as Firmware, module: moduleOf(bodies), projectPeriods: new Map(Object.entries(periods)), alwaysPends: () => always }).sources;

test('a character takes 10 bits at 31,250 baud, and what its handler pends comes as often', () => {
  const sources = rates([vector('TIMER1', 9), vector('PendSV', PENDSV)], { TIMER1: '(call $deep)', PendSV: '' });
  assert.deepEqual(sources.get('TIMER1')!.map(({ periodCycles, from }) => [periodCycles, from]), [[128_000, 'board']]);
  assert.deepEqual(sources.get('PendSV')!.map(({ periodCycles, from }) => [periodCycles, from]), [[128_000, 'pended']]);
});

test('what pends a handler tells what for, and whether it does so each time', () => {
  const vectors = [vector('TIMER1', 9), vector('PendSV', PENDSV)];
  const of = (always: boolean) => rates(vectors, { TIMER1: '(call $deep)', PendSV: '' }, {}, always).get('PendSV')!.map(({ kind, peripheral, pendedBy, always: each }) => ({ kind, peripheral, pendedBy, each }));
  assert.deepEqual(of(true), [{ kind: 'line', peripheral: 'TIMER1', pendedBy: ['TIMER1'], each: true }]);
  assert.deepEqual(of(false).map(({ each }) => each), [false]);
});

test('the source overrules the board, the project\'s file the source, and both what pends', () => {
  const sources = rates([vector('TIMER1', 9, 5000), vector('PendSV', PENDSV, 700)], { TIMER1: '(call $deep)', PendSV: '' }, { PendSV: 900 });
  assert.deepEqual(sources.get('TIMER1')!.map(({ periodCycles, from }) => [periodCycles, from]), [[5000, 'source']]);
  assert.deepEqual(sources.get('PendSV')!.map(({ periodCycles, from }) => [periodCycles, from]), [[900, 'project']]);
});

test('a handler of which nothing says how often it runs has no source', () => {
  assert.deepEqual(rates([vector('DUALTIMER', 10)], { DUALTIMER: '' }).get('DUALTIMER'), []);
});
