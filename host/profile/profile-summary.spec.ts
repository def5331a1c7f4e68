// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleProfile } from '../testing/example-profile.js';
import { profileSummary } from './profile-summary.js';

/** The table of functions of a profile in which one has a name of 300 letters and a long path. */
function functionTable(columns?: number): string[] {
  const example = exampleProfile(1);
  const [first, ...rest] = example.functions;
  const functions = [{ ...first, name: 'n'.repeat(300), file: `${'deep/'.repeat(40)}end.ts` }, ...rest];
  const lines = profileSummary({ ...example, functions }, [], false, columns).split('\n');
  const from = lines.findIndex((line) => line.startsWith('Function'));
  return lines.slice(from, lines.indexOf('', from));
}

test('a function with a long name fits the terminal, with the end of its place; without a terminal it stands whole', () => {
  for (const columns of [80, 120]) {
    const table = functionTable(columns);
    assert.ok(table.length > 5);
    for (const line of table) assert.ok(line.length <= columns, `${line.length}: ${line}`);
    assert.match(table[1], /^n+… .*…[a-z/]+\/end\.ts:\d+$/);
  }
  assert.ok(functionTable(Infinity)[1].startsWith('n'.repeat(300)));
});

test('a voice has a price only where the number of voices explains what blocks cost', () => {
  const example = exampleProfile(1);
  const of = (explained: number): string => profileSummary({ ...example, voices: { ...example.voices!, explained } }, [], false, 80);
  assert.match(of(0.9), /^A voice +[\d,]+ cycles per frame/m);
  assert.doesNotMatch(of(0.001), /^A voice/m);
});

test('where the costs come from is broken into lines, none before a percent sign; queues are told from what waited in them', () => {
  const example = exampleProfile(1);
  const costs = `calibrated, ${'error: 2.7 % of a mean; '.repeat(12)}on firmware`;
  const queues = [{ name: 'queue 1', of: 'bytes', capacity: 256, highWater: 3, lost: null }];
  const lines = profileSummary({ ...example, queues, run: { ...example.run, costs } }, [], false, 80).split('\n');
  const from = lines.findIndex((line) => line.startsWith('Cycles: '));
  const part = lines.slice(from, from + 4);
  for (const line of part) assert.ok(line.length <= 80 && !line.startsWith('%'), line);
  assert.ok(lines.includes('Queues            queue 1: 3 of 256'));
});
