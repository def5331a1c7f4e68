// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadBoard } from '../boards/index.js';
import { compileFirmware } from '../build/compile.js';
import { loadCoreCosts, atWorst } from '../cpu/wasm/costs.js';
import { featuresOf } from '../cpu/wasm/cost-features.js';
import { parseModule } from '../cpu/wasm/decode.js';
import { without } from '../testing/needs.js';
import { countFeatures } from './counting.js';
import { fitTypical, fitWorst, predict, type Observation } from './fitting.js';
import { floorOf } from './reserves.js';
import { countedHandlers, countingRun, handlerObservation } from './handlers.js';
import { leastSquares } from './least-squares.js';
import { countedParts, measuredParts } from './validation.js';

describe('least squares without negative unknowns', () => {
  const equation = (factors: number[], value: number, weight = 1) => ({ factors: factors.map((factor, i) => [i, factor] as const), value, weight });

  it('solves what has a solution', () => {
    const x = leastSquares([equation([1, 2], 8), equation([3, 1], 9), equation([1, 1], 5)], 2);
    assert.ok(Math.abs(x[0] - 2) < 1e-6 && Math.abs(x[1] - 3) < 1e-6, `${x}`);
  });

  it('leaves at zero what would be negative, and fits the rest as if it were not there', () => {
    // Without the bound: 3 and -1.
    const x = leastSquares([equation([1, 1], 2), equation([1, 2], 1)], 2);
    assert.equal(x[1], 0);
    assert.ok(Math.abs(x[0] - 1.5) < 1e-6, `${x}`);
  });
});

describe('fitting', () => {
  const observe = (a: number, b: number, cycles: number): Observation => ({ name: '', counts: new Map([['a', a], ['b', b]]), cycles, weight: 1 });
  const prior = new Map([['a', 1], ['b', 1], ['unseen', 7]]);
  const observations = [observe(10, 1, 35), observe(1, 10, 62), observe(5, 5, 46), observe(20, 3, 82)];

  it('finds costs near those that made the samples, and keeps what is believed of the unseen', () => {
    const costs = fitTypical(observations, prior);
    assert.ok(Math.abs(costs.get('a')! - 3) < 0.4 && Math.abs(costs.get('b')! - 6) < 0.4, `${[...costs]}`);
    assert.ok(Math.abs(costs.get('unseen')! - 7) < 1e-6);
  });

  it('has an envelope that nothing exceeds, and no cost of which is below the typical one', () => {
    const typical = fitTypical(observations, prior);
    const worst = fitWorst(observations, typical, { floorOf: () => 0, marginOf: () => 1 });
    for (const { counts, cycles } of observations) assert.ok(predict(worst, counts) >= cycles - 1e-9);
    for (const [name, cost] of typical) assert.ok(worst.get(name)! >= cost);
  });
});

describe('floors', () => {
  it('keep a worst cost up that least squares would leave at nothing, and what is fitted above them is an envelope all the same', () => {
    const observe = (a: number, b: number, cycles: number): Observation => ({ name: '', counts: new Map([['a', a], ['b', b]]), cycles, weight: 1 });
    // As a comparison and its branch: no piece has one without the other.
    const observations = [observe(10, 10, 40), observe(3, 3, 13)];
    const typical = new Map([['a', 0], ['b', 4]]);
    assert.ok(fitWorst(observations, typical, { floorOf: () => 0, marginOf: () => 1 }).get('a')! < 1);
    const worst = fitWorst(observations, typical, { floorOf: (feature) => (feature === 'a' ? 2 : 0), marginOf: () => 1 });
    assert.ok(worst.get('a')! >= 2);
    for (const { counts, cycles } of observations) assert.ok(predict(worst, counts) >= cycles);
  });

  it('are what the core takes at least, whatever the kind of the instruction', () => {
    assert.deepEqual(['i32.compare/branch', 'i32.load/static', 'i32.div_u', 'f32.div', 'if/compared', 'br_if/loop/compared', 'local.get/most', 'local.get'].map((feature) => floorOf('aot', feature)), [1, 2, 12, 14, 1, 2, 1, 0]);
    // No interpreter runs an operation in less than what it takes to find the next.
    for (const feature of ['i32.add', 'br_if/loop/compared', 'f32.compare/value']) assert.ok(floorOf('wasm3', feature) >= 5, feature);
    assert.equal(floorOf('wasm3', 'i32.const/operand'), 0);
  });
});

describe('the tables of boards/costs', () => {
  const { engines } = loadCoreCosts('cortex-m4f');

  it('are as the command writes them: measured, with their error, and an envelope above', () => {
    for (const [name, costs] of Object.entries(engines)) {
      assert.match(costs.source, /calibrated against the emulated Cortex-M4F with \d+ programs of \d+ runs \(.*gcc \d+/, name);
      assert.equal(costs.error.command, 'npm run calibrate');
      assert.ok(costs.error.validatedOn.length >= 3 && costs.error.handlerPercent! > 0 && costs.error.blockPercent! > 0, name);
      for (const [instruction, cycles] of Object.entries(costs.instructions)) assert.ok(cycles >= 0 && costs.worst.instructions[instruction] >= cycles, `${name}: ${instruction}`);
      for (const [imported, cycles] of Object.entries(costs.imports)) assert.ok(costs.worst.imports[imported] >= cycles, `${name}: ${imported}`);
    }
  });
});

describe('the worst costs of boards/costs', () => {
  const { engines } = loadCoreCosts('cortex-m4f');

  it('have no entry below its floor', () => {
    for (const engine of ['aot', 'wasm3'] as const) for (const [feature, cycles] of Object.entries(engines[engine].worst.instructions)) assert.ok(cycles >= floorOf(engine, feature) - 0.01, `${engine}: ${feature}`);
  });

  it('have one for each kind of loads, stores and comparisons, be there a piece with it or not', () => {
    for (const engine of ['aot', 'wasm3'] as const) {
      const { instructions } = engines[engine].worst;
      for (const type of ['i32', 'i64', 'f32', 'f64']) {
        for (const access of ['load', 'store']) for (const kind of ['first', 'again', 'known', 'static']) assert.ok(instructions[`${type}.${access}/${kind}`] > 0, `${engine}: ${type}.${access}/${kind}`);
        for (const kind of ['branch', 'value']) assert.ok(instructions[`${type}.compare/${kind}`] > 0, `${engine}: ${type}.compare/${kind}`);
      }
    }
  });
});

describe('features', () => {
  it('are counted as often as the code runs', async () => {
    const { wasm } = await compileFirmware('host/calibrate/counted.as.ts', loadBoard('stm32f4-discovery'));
    const module = parseModule(wasm);
    const [none, ten] = countFeatures(module);
    const of = (name: string): number => (ten.counts.get(name) ?? 0) - (none.counts.get(name) ?? 0);
    assert.equal(of('i32.store/static'), 10, 'the loop stores once a turn');
    assert.equal(of('import:load32/static'), 10, 'and reads one register');
    assert.equal(of('i32.rotl'), 10);
    assert.equal(ten.once.get('i32.rotl'), 1, 'which is there once');
    for (const body of module.functions) for (const list of featuresOf(module, body).values()) for (const [, times] of list) assert.ok(times > 0);
  });
});

describe('handlers as samples', () => {
  const board = loadBoard('stm32f4-discovery');
  const FIRMWARE = 'host/calibrate/firmwares/splitter.as.ts';

  it('have executed what the meter charges them for', async () => {
    const emulated = await countingRun(FIRMWARE, board);
    const counted = countedHandlers(emulated);
    assert.deepEqual([...counted.keys()].sort(), ['PendSV', 'TIM2', 'USART2']);
    for (const [vector, { counts, exceptionCycles }] of counted) {
      // Each feature is a cycle here. The core takes 12 to enter and 10 to return, 6 from one handler to the next (Cortex-M4 TRM, 3.9).
      const executed = [...counts.values()].reduce((sum, times) => sum + times, 0);
      assert.ok(Math.abs(executed + exceptionCycles - emulated.isr(vector).meanCycles) < 1e-6, `${vector}: ${executed} features`);
      assert.ok(exceptionCycles >= 6 && exceptionCycles <= 22 + 1e-6, `${vector}: ${exceptionCycles} cycles of the core`);
    }
  });

  it('count the dispatcher once, and not what the core takes to enter and return', () => {
    const { counts, cycles, longest } = handlerObservation('', { counts: new Map([['i32.add', 3]]), exceptionCycles: 22 }, 122, 222);
    assert.deepEqual([[...counts], cycles, longest], [[['i32.add', 3], ['dispatch', 1]], 100, 200]);
  });
});

describe('a firmware that the tables were not fitted to', { skip: without('arm-none-eabi-gcc') }, () => {
  const board = loadBoard('stm32f4-discovery');
  const FIRMWARE = 'assembly/firmware/monitor.ts';
  const { aot } = loadCoreCosts('cortex-m4f').engines;
  /** Beyond the mean error of all handlers, for a single one. */
  const ONE_HANDLER = 3;

  it('takes on the emulated core what CPU wasm counts, within what is stated, and never more than the worst', async () => {
    const measured = await measuredParts(FIRMWARE, board, 'aot', 0.6);
    const [typical, worst] = await countedParts(FIRMWARE, board, [{ engine: 'aot', costs: aot }, { engine: 'aot', costs: atWorst(aot) }], 0.6);
    assert.ok(measured.length >= 2);
    for (const { what, mean, max } of measured) {
      const part = typical.find((p) => p.what === what)!;
      const percent = Math.abs(part.mean / mean - 1) * 100;
      assert.ok(percent <= ONE_HANDLER * aot.error.handlerPercent!, `${what}: ${percent.toFixed(1)} % off`);
      assert.ok(worst.find((p) => p.what === what)!.max >= max, `${what}: ${max} cycles measured`);
    }
  });
});
