// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../paths.js';
import { withSourceLines } from './source-lines.js';

test('a place in JavaScript becomes the one in TypeScript that it was made of', () => {
  const [, place] = new Error('thrown here').stack!.split('\n');
  assert.match(place, /\.js:\d+:\d+/);
  const [, file, line, column] = /(\/.*\.ts):(\d+):(\d+)/.exec(withSourceLines(place))!;
  assert.equal(file, join(packageRoot, 'host', 'cli', 'source-lines.spec.ts'));
  const source = readFileSync(file, 'utf8').split('\n')[Number(line) - 1];
  assert.match(source.slice(Number(column) - 1), /^new Error\('thrown here'\)/);
});

test('what no TypeScript belongs to stays', () => {
  for (const text of ['Error: there is no such file', '    at node:internal/modules/run_main:100:1', '    at file:///nowhere/some.js:3:1']) assert.equal(withSourceLines(text), text);
});
