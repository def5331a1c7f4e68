// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alignLines } from './align-lines.js';

const olds = (then: string[], now: string[]) => alignLines(then, now).map(({ old, same }) => (old === undefined ? '+' : `${same ? '' : '~'}${old}`)).join(' ');

test('lines that moved are the same; rewritten ones stand for those that they replace; added ones for none', () => {
  assert.equal(olds(['a', 'b', 'c'], ['x', 'a', 'b', 'c']), '+ 0 1 2');
  assert.equal(olds(['a', 'b', 'c'], ['a', 'B', 'c']), '0 ~1 2');
  assert.equal(olds(['a', 'b', 'c'], ['a', 'c']), '0 2');
  assert.equal(olds(['a', 'b', 'c', 'd'], ['a', 'B', 'B2', 'd']), '0 ~1 ~2 3');
  assert.equal(olds(['a', 'd'], ['a', 'b', 'c', 'd']), '0 + + 1');
  assert.equal(olds([], ['a']), '+');
  assert.equal(olds(['if (x) {', '  y();', '}'], ['y();']), '1');
});

test('whatever the texts: one entry a line, ascending, and the same text where it says so', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 12 });
  fc.assert(fc.property(text, text, (then, now) => {
    const aligned = alignLines(then, now);
    assert.equal(aligned.length, now.length);
    let last = -1;
    for (const [i, { old, same }] of aligned.entries()) {
      if (old === undefined) continue;
      assert.ok(old > last && old < then.length);
      last = old;
      assert.equal(then[old] === now[i], same);
    }
  }));
});
