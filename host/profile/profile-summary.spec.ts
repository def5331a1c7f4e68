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
