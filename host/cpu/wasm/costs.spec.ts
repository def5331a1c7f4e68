// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costsOf, InstructionCosts, loadCoreCosts, worstCostsOf } from './costs.js';
import { operatorNames } from './opcodes.js';

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

test('the worst case of no instruction, import or dispatch is below the typical one', () => {
  for (const core of ['cortex-m4f', 'cortex-m7f']) {
    for (const [engine, costs] of Object.entries(loadCoreCosts(core).engines)) {
      const [typical, worst] = [costsOf(core, engine), worstCostsOf(core, engine)];
      for (const name of operatorNames) assert.ok(worst.instruction(name) >= typical.instruction(name), `${core} ${engine} ${name}`);
      for (const [name, cycles] of Object.entries(costs.imports)) assert.ok(costs.worst.imports[name] >= cycles, `${core} ${engine} ${name}`);
      assert.ok(worst.dispatch >= typical.dispatch && typical.dispatch > 0);
      assert.equal(Boolean(worst.native), engine === 'kernels');
    }
  }
  assert.throws(() => costsOf('cortex-m4f', 'jit'), /no costs for engine "jit" on cortex-m4f; there are aot, wasm3, kernels/);
});
