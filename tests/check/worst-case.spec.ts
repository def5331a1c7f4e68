// SPDX-License-Identifier: MIT
// The bound against the meter: whatever random code does with random arguments, it never takes longer than its bound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unbounded, worstCaseOf } from '../../host/check/worst-case/worst-case.js';
import { InstructionCosts, costsOf, worstCostsOf } from '../../host/cpu/wasm/costs.js';
import { METER } from '../../host/cpu/wasm/meter.js';
import { assemble, boundAgainstRuns, boundOf, measure, metered, nothingSaid } from './bound-and-runs.js';

const FAR = 2 ** 30;
const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const instantiate = (wasm: Uint8Array, costs: InstructionCosts) => metered(wasm, costs)();

// The same seeds each time, so that a failure is there again; search.ts goes on with others.
test('no run of a random function takes longer than its bound', (t) => {
  const tables = [unit, costsOf('cortex-m4f', 'aot'), worstCostsOf('cortex-m4f', 'aot'), worstCostsOf('cortex-m4f', 'wasm3')];
  const FUNCTIONS = 300;
  let [bounded, runs] = [0, 0];
  const ratios: number[] = [];
  for (let seed = 1; seed <= FUNCTIONS; seed++) {
    const outcome = boundAgainstRuns(seed, seed % 2 === 1, tables[(seed >> 1) % tables.length], 24);
    assert.ok(!outcome.broken, `seed ${seed}, (${outcome.args.join(', ')}): took ${outcome.worst}, bound ${outcome.bound}`);
    if (outcome.bound !== undefined) bounded++;
    runs += outcome.runs;
    if (outcome.worst > 0) ratios.push(outcome.bound! / outcome.worst);
  }
  ratios.sort((a, b) => a - b);
  const nineOfTen = ratios[Math.floor(0.9 * ratios.length)];
  t.diagnostic(`${bounded} of ${FUNCTIONS} functions have a bound, ${runs} runs; nine of ten bounds are within ${nineOfTen.toFixed(2)} times of the longest run`);
  // The property must not hold for want of bounds, or because they are out of reach.
  assert.ok(bounded > 0.4 * FUNCTIONS, `${bounded} bounded`);
  assert.ok(runs > 15 * bounded, `${runs} runs of ${bounded}`);
  assert.ok(nineOfTen < 2, `nine of ten within ${nineOfTen}`);
});

test('no run of a random loop takes longer than its bound', (t) => {
  let [bounded, runs] = [0, 0];
  for (let seed = 2200; seed < 2500; seed++) {
    const outcome = boundAgainstRuns(seed, seed % 2 === 1, unit, 24, true);
    assert.ok(!outcome.broken, `seed ${seed}, (${outcome.args.join(', ')}): took ${outcome.worst}, bound ${outcome.bound}`);
    if (outcome.bound !== undefined) bounded++;
    runs += outcome.runs;
  }
  t.diagnostic(`${bounded} of 300 loops have a bound, ${runs} runs`);
  assert.ok(bounded > 130 && runs > 15 * bounded, `${bounded} bounded, ${runs} runs`);
});

const straight = `(module (memory (export "memory") 1 1) (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "f") (param i32 i32) (result i32) (block (i32.store (i32.const 8) (i32.add (local.get 0) (call $g (local.get 1))))) (i32.load (i32.const 8))))`;

test('the bound of code without branches is what the meter counts', () => {
  for (const costs of [unit, costsOf('cortex-m4f', 'aot'), costsOf('cortex-m4f', 'wasm3')]) {
    const wasm = assemble(straight, false);
    assert.equal(boundOf(wasm, costs), measure(instantiate(wasm, costs), [1, 2]));
  }
});

/** Counts of turns of a loop around a call, as text: start, condition, step. */
const counted = (start: string, condition: string, step: string): string => `(module (memory (export "memory") 1 1)
  (func (export "f") (param i32 i32) (result i32) (local i32 i32) (local.set 2 ${start})
    (block $out (loop $again (br_if $out (i32.eqz ${condition})) (local.set 3 (i32.add (local.get 3) (i32.const 1))) (local.set 2 ${step}) (br $again))) (local.get 3)))`;
const I = '(local.get 2)';
const c = (n: number): string => `(i32.const ${n})`;
const exact: readonly (readonly [what: string, turns: number, start: string, condition: string, step: string])[] = [
  ['up, signed', 10, c(-3), `(i32.lt_s ${I} ${c(7)})`, `(i32.add ${I} ${c(1)})`],
  ['up, unsigned, or equal', 11, c(0), `(i32.le_u ${I} ${c(10)})`, `(i32.add ${I} ${c(1)})`],
  ['up by steps that miss the limit', 4, c(0), `(i32.lt_u ${I} ${c(10)})`, `(i32.add ${I} ${c(3)})`],
  ['until equal', 6, c(4), `(i32.ne ${I} ${c(16)})`, `(i32.add ${I} ${c(2)})`],
  ['down to 0, which is counted', 9, c(8), `(i32.ge_s ${I} ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
  ['down while above 0, unsigned', 8, c(8), `(i32.gt_u ${I} ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
  ['shifted out', 8, c(255), I, `(i32.shr_u ${I} ${c(1)})`],
  ['a mask', 31, `(i32.and (local.get 0) ${c(31)})`, I, `(i32.sub ${I} ${c(1)})`],
  ['a byte of memory', 255, `(i32.load8_u ${c(0)})`, `(i32.gt_s ${I} ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
  ['both of two, the second one any number', 10, c(-3), `(select (local.get 0) ${c(0)} (i32.lt_s ${I} ${c(7)}))`, `(i32.add ${I} ${c(1)})`],
  ['both of two, the first one any number', 10, c(-3), `(if (result i32) (local.get 0) (then (i32.lt_s ${I} ${c(7)})) (else ${c(0)}))`, `(i32.add ${I} ${c(1)})`],
  ['both of two, as bits', 10, c(-3), `(i32.and (i32.lt_s ${I} ${c(7)}) (i32.ne (i32.load8_u ${c(0)}) ${c(3)}))`, `(i32.add ${I} ${c(1)})`],
  ['neither of two', 10, c(-3), `(i32.eqz (select ${c(5)} (i32.eq (i32.load8_u ${c(0)}) ${c(3)}) (i32.ge_s ${I} ${c(7)})))`, `(i32.add ${I} ${c(1)})`],
  ['neither of two, on two ways', 10, c(-3), `(i32.eqz (if (result i32) (i32.eq (i32.load8_u ${c(0)}) ${c(3)}) (then ${c(5)}) (else (i32.ge_s ${I} ${c(7)}))))`, `(i32.add ${I} ${c(1)})`],
  ['low bits, up', 7, c(-7), `(i32.and ${I} ${c(7)})`, `(i32.add ${I} ${c(1)})`],
  ['low bits, down', 15, '(i32.or (local.get 0) (i32.const 15))', `(i32.ne (i32.and ${I} ${c(15)}) ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
  ['the lesser of two', 12, `(select ${c(12)} (local.get 0) (i32.gt_s (local.get 0) ${c(12)}))`, `(i32.gt_s ${I} ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
];

for (const [what, turns, start, condition, step] of exact) {
  test(`a loop's turns are found: ${what}`, () => {
    const wasm = assemble(counted(start, condition, step), false);
    const exports = instantiate(wasm, unit);
    new Uint8Array(exports.memory.buffer)[0] = 255;
    const most = what === 'a mask' ? 31 : 100;
    exports[METER.setLeft](FAR);
    assert.equal(exports.f(most, 0), turns);
    assert.equal(boundOf(wasm, unit), measure(exports, [most, 0]));
  });
}

const never: readonly (readonly [what: string, start: string, condition: string, step: string])[] = [
  ['an argument', '(local.get 0)', I, `(i32.sub ${I} ${c(1)})`],
  ['steps that pass the limit by', c(1), `(i32.ne ${I} ${c(10)})`, `(i32.add ${I} ${c(2)})`],
  ['a limit that is the highest number', c(0), `(i32.le_u ${I} ${c(-1)})`, `(i32.add ${I} ${c(1)})`],
  ['down past 0, unsigned', c(5), `(i32.ge_u ${I} ${c(0)})`, `(i32.sub ${I} ${c(1)})`],
  ['either of two', c(0), `(select ${c(1)} (local.get 0) (i32.lt_s ${I} ${c(10)}))`, `(i32.add ${I} ${c(1)})`],
  ['either of two, as bits', c(0), `(i32.or (i32.lt_s ${I} ${c(10)}) (i32.ne (i32.load8_u ${c(0)}) ${c(3)}))`, `(i32.add ${I} ${c(1)})`],
  ['only where another one does not hold', c(20), `(select (local.get 0) ${c(0)} (i32.ge_s ${I} ${c(10)}))`, `(i32.add ${I} ${c(1)})`],
  ['only while a condition on one of two ways fails', c(20), `(i32.eqz (if (result i32) (i32.eq (i32.load8_u ${c(0)}) ${c(3)}) (then ${c(5)}) (else (i32.lt_s ${I} ${c(7)}))))`, `(i32.add ${I} ${c(1)})`],
  ['low bits that steps of two keep', c(1), `(i32.and ${I} ${c(7)})`, `(i32.add ${I} ${c(2)})`],
  ['low bits that need not be 0', '(local.get 0)', `(i32.ne (i32.and ${I} ${c(7)}) (i32.load8_u ${c(0)}))`, `(i32.add ${I} ${c(1)})`],
  ['nothing that moves', c(0), `(i32.lt_s ${I} ${c(5)})`, I],
];

for (const [what, start, condition, step] of never) {
  test(`a loop without a bound is refused: ${what}`, () => {
    const wasm = assemble(counted(start, condition, step), false);
    assert.throws(() => worstCaseOf({ ...nothingSaid, wasm }, 'f', unit), (error) => error instanceof Unbounded && error.kind === 'loop' && /@bound/.test(error.message));
  });
}
