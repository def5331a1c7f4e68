// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InstructionCosts, loadCoreCosts } from './costs.js';

test('a core without a table of its own has another one\'s, and every engine says so', () => {
  const [m4, m7] = [loadCoreCosts('cortex-m4f'), loadCoreCosts('cortex-m7f')];
  assert.equal(m7.core, 'cortex-m7f');
  assert.deepEqual(Object.keys(m7.engines), Object.keys(m4.engines));
  for (const [name, costs] of Object.entries(m7.engines)) {
    assert.match(costs.source, /^the Cortex-M4's estimate, .*: estimated, not calibrated/);
    assert.deepEqual(costs.instructions, m4.engines[name].instructions);
    assert.equal(new InstructionCosts(costs).instruction('i32.add'), new InstructionCosts(m4.engines[name]).instruction('i32.add'));
  }
});
