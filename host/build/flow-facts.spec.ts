// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, type Formula } from './flow-facts.js';

test('a formula has the value that it has for the most that its names stand for, unless it falls as they rise', () => {
  const most = (...formula: Formula) => evaluate(formula, (name) => (name === 'n' ? 8 : undefined));
  assert.equal(most('n', '/', 2, '+', 2), 6);
  assert.equal(most('n', '-', 2), 6);
  assert.equal(most('(', 'n', '+', 1, ')', '*', 'n'), 72);
  assert.equal(most(32, '-', 'n'), undefined);
  assert.equal(most(64, '/', 'n'), undefined);
  assert.equal(most(64, '-', '(', 'n', '-', 2, ')', '+', 'n'), undefined);
  assert.equal(most('n', '+', 'm'), undefined);
  assert.equal(most(2, '-', 3), undefined, 'nothing runs less than never');
});
