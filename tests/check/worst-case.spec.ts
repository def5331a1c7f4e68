// SPDX-License-Identifier: MIT
// The bound against the meter: whatever random code does with random arguments, it never takes longer than its bound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import binaryen from 'assemblyscript/binaryen';
import fc from 'fast-check';
import { Unbounded, worstCaseOf } from '../../host/check/worst-case/worst-case.js';
import { InstructionCosts, costsOf } from '../../host/cpu/wasm/costs.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { meter, METER } from '../../host/cpu/wasm/meter.js';
import { randomModule, randomNumbers } from './random-code.js';

type Exports = Record<string, any>;

const FAR = 2 ** 30;
/** Beyond this a run is given up: random loops may go round 2^32. */
const LONGEST = 3_000_000;
const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const nothingSaid = { sourceMap: '', natives: [], flowFacts: { loops: [], lines: [], parameters: {} } };

class TooLong extends Error {}

function assemble(text: string, optimise: boolean): Uint8Array {
  const module = binaryen.parseText(text);
  if (optimise) {
    binaryen.setOptimizeLevel(3);
    module.optimize();
  }
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

/** Runs an export, and says how many cycles it took by the meter; undefined when it was given up or trapped. */
function measure(exports: Exports, args: readonly number[]): number | undefined {
  exports[METER.setLeft](LONGEST);
  try {
    exports.f(...args);
  } catch (error) {
    if (error instanceof TooLong || error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
  return LONGEST - exports[METER.getLeft]();
}

function instantiate(wasm: Uint8Array, costs: InstructionCosts): Exports {
  const { bytes } = meter(parseModule(wasm), costs);
  return new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), { [METER.module]: { [METER.tick]: () => { throw new TooLong(); } } }).exports;
}

/** Bound of `f`, or undefined when there is none. */
function boundOf(wasm: Uint8Array, costs: InstructionCosts): number | undefined {
  try {
    return worstCaseOf({ ...nothingSaid, wasm }, 'f', costs).cycles;
  } catch (error) {
    if (error instanceof Unbounded) return undefined;
    if (error instanceof Error && /does not return/.test(error.message)) return 0;
    throw error;
  }
}

test('no run of a random function takes longer than its bound', () => {
  let [bounded, unbounded, runs, tight] = [0, 0, 0, 0];
  fc.assert(fc.property(fc.nat(), fc.boolean(), fc.boolean(), (seed, optimise, real) => {
    const wasm = assemble(randomModule(seed), optimise);
    const costs = real ? costsOf('cortex-m4f', 'aot') : unit;
    const bound = boundOf(wasm, costs);
    if (bound === undefined) { unbounded++; return; }
    bounded++;
    const below = randomNumbers(seed + 1);
    let worst = 0;
    for (let run = 0; run < 24; run++) {
      const exports = instantiate(wasm, costs);
      const memory = new Uint8Array(exports.memory.buffer, 0, 1024);
      for (let i = 0; i < memory.length; i++) memory[i] = run % 3 === 0 ? 255 : below(256);
      const wild = (): number => [below(2 ** 31 - 1), below(40), -1 - below(40), 0, -1, 2 ** 31 - 1][below(6)];
      const args = [wild(), wild()];
      const taken = measure(exports, args);
      if (taken === undefined) continue;
      runs++;
      worst = Math.max(worst, taken);
      assert.ok(taken <= bound, `seed ${seed}, ${args}: took ${taken}, bound ${bound}`);
    }
    if (worst * 2 > bound) tight++;
  }), { numRuns: 400 });
  // The property must not hold for want of bounds, or because they are out of reach.
  assert.ok(bounded > 1.5 * unbounded, `${bounded} bounded, ${unbounded} not`);
  assert.ok(runs > 10 * bounded, `${runs} runs of ${bounded}`);
  assert.ok(tight > bounded / 3, `within twice the longest run: ${tight} of ${bounded}`);
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
  ['nothing that moves', c(0), `(i32.lt_s ${I} ${c(5)})`, I],
];

for (const [what, start, condition, step] of never) {
  test(`a loop without a bound is refused: ${what}`, () => {
    const wasm = assemble(counted(start, condition, step), false);
    assert.throws(() => worstCaseOf({ ...nothingSaid, wasm }, 'f', unit), (error) => error instanceof Unbounded && error.kind === 'loop' && /@bound/.test(error.message));
  });
}
