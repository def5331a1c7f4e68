// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costsOf, describeCosts, InstructionCosts, loadCoreCosts, worstCostsOf } from './costs.js';
import { operatorNames } from './opcodes.js';

test('a core without a table of its own has another one\'s, and every engine says so', () => {
  const [m4, m7] = [loadCoreCosts('cortex-m4f'), loadCoreCosts('cortex-m7f')];
  assert.equal(m7.core, 'cortex-m7f');
  assert.deepEqual(Object.keys(m7.engines), Object.keys(m4.engines));
  for (const [name, costs] of Object.entries(m7.engines)) {
    assert.match(costs.source, /^the Cortex-M4's estimate, /);
    assert.deepEqual([costs.error.handlerPercent, costs.error.blockPercent], [null, null]);
    assert.match(describeCosts(costs), /; error: not measured$/);
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

test('comparisons of a type cost the same, whichever of them a compiler writes, and loads and stores of any width', () => {
  for (const table of [costsOf('cortex-m4f', 'aot'), worstCostsOf('cortex-m4f', 'aot'), costsOf('cortex-m4f', 'wasm3'), worstCostsOf('cortex-m4f', 'wasm3')]) {
    for (const type of ['i32', 'i64', 'f32', 'f64']) {
      const signs = type.startsWith('i') ? ['lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'] : ['lt', 'gt', 'le', 'ge'];
      const [first, ...others] = ['eq', 'ne', ...signs].map((sign) => table.instruction(`${type}.${sign}`));
      assert.ok(first > 0, type);
      for (const other of others) assert.equal(other, first, type);
      for (const name of type === 'i32' ? ['i32.load8_s', 'i32.load8_u', 'i32.load16_s', 'i32.load16_u'] : []) assert.equal(table.instruction(name), table.instruction('i32.load'));
    }
  }
  const twice = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1, 'i32.compare': 3, 'i32.compare/branch': 2 } });
  assert.deepEqual(['i32.lt_u', 'i32.eqz', 'f32.lt'].map((name) => twice.instruction(name)), [3, 1, 1]);
  assert.equal(twice.cycles([['i32.compare/branch', 2], ['i32.compare/value', 1]]), 7);
});
