// SPDX-License-Identifier: MIT
// Holds the tuned wasm3 to its price. When a ceiling breaks, either the change is worth it and the number here moves, or it is not.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { missingForQemu } from './programs.js';
import { measureWasm3 } from './measure.js';

const missing = await missingForQemu();

it('costs at most 9 times native C on a Cortex-M4 when tuned, a fifth of what it costs as it comes, and gives the same samples', async (t) => {
  if (missing) return t.skip(missing);
  const tuned = await measureWasm3('tuned');
  const reference = await measureWasm3('reference');
  assert.notEqual(tuned.nativeSum, 0);
  for (const { interpretedSum, nativeSum } of [tuned, reference]) assert.equal(interpretedSum, nativeSum);
  assert.ok(tuned.interpreted <= 9 * tuned.native, `${tuned.interpreted} instructions a sample, ${tuned.native} native`);
  assert.ok(5 * tuned.interpreted <= reference.interpreted, `${tuned.interpreted} and ${reference.interpreted} instructions a sample`);
  assert.ok(tuned.textBytes <= 73_000 && reference.textBytes <= 68_000, `${tuned.textBytes} and ${reference.textBytes} bytes`);
});
