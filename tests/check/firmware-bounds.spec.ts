// SPDX-License-Identifier: MIT
// The examples under whatever comes over the wire: no handler takes longer than its bound, and what the sources say of their loops holds, checked in
// the very code that runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard, ms, play } from '../../host/index.js';
import { runAsPectSpec } from '../../host/as-pect/spec.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { costsOf } from '../../host/cpu/wasm/costs.js';
import { FirmwareTrap } from '../../host/cpu/wasm/trap.js';
import { started, strap, SYNTH } from '../scenarios/rig.js';
import { traffic } from './traffic.js';

const BOARD = 'stm32f4-discovery';
/** Cycles of exception entry and exit (ARM DDI 0439D, 3.9.1), which the recorder counts to the handler. */
const ENTRY_AND_EXIT = 12 + 10;

/** Runs an example under traffic, and compares what its handlers took with their bounds. */
async function compare(file: string, engine: string, seeds: readonly number[], fill = 1): Promise<Map<string, number>> {
  const firmware = await firmwareFor(file, BOARD);
  const costs = costsOf('cortex-m4f', engine);
  const analysis = new WorstCaseAnalysis(firmware);
  const bounds = new Map(firmware.vectors.map(({ name, exportName }) => [name, analysis.of(exportName, costs).cycles]));
  const longest = new Map<string, number>();
  for (const seed of seeds) {
    const board = await play(file, function* (b) {
      if (file === SYNTH) yield* started(b);
      else yield ms(5);
      for (const pause of traffic(b.midi, { seed, milliseconds: 150, fill })) yield ms(pause);
    }, { engine });
    for (const [name, { maxCycles }] of Object.entries(board.recorder.isr())) {
      const taken = maxCycles - ENTRY_AND_EXIT - costs.dispatch;
      assert.ok(taken <= bounds.get(name)!, `${name} took ${taken}, bound ${bounds.get(name)}, seed ${seed}`);
      longest.set(name, Math.max(longest.get(name) ?? 0, taken / bounds.get(name)!));
    }
  }
  return longest;
}

for (const name of ['tone', 'monitor', 'arpeggiator']) {
  for (const engine of ['aot', 'kernels']) {
    test(`${name}: no handler exceeds its bound, by ${engine}'s costs`, async () => {
      await compare(`assembly/firmware/${name}.ts`, engine, [1]);
    });
  }
}

test('the synth: no handler exceeds its bound', async (t) => {
  // A full cable of controllers and notes makes blocks late, and the bound is one of a block that is in time.
  const longest = await compare(SYNTH, 'aot', [1, 2, 3], 0.08);
  for (const [vector, part] of longest) t.diagnostic(`${vector}: the longest run took ${(100 * part).toFixed(0)} % of the bound`);
  assert.ok(longest.get('USART2')! > 0.5, 'the UART\'s bound is within twice of what was measured');
});

test('a bound from too few turns is exceeded: the comparison can fail', async () => {
  const firmware = await firmwareFor('assembly/firmware/tone.ts', BOARD);
  const costs = costsOf('cortex-m4f', 'aot');
  const bound = new WorstCaseAnalysis(firmware).of('PendSV_IRQHandler', costs).cycles;
  const board = await play('assembly/firmware/tone.ts', function* () { yield ms(20); }, { engine: 'aot' });
  const taken = board.isr('PendSV').maxCycles - ENTRY_AND_EXIT - costs.dispatch;
  assert.ok(taken <= bound && bound < 1.3 * taken, `took ${taken}, bound ${bound}`);
  const mutated = new WorstCaseAnalysis(firmware);
  for (const { turns } of mutated.contextsOf(['PendSV_IRQHandler'])) for (const [at, n] of turns) turns.set(at, Math.floor(0.9 * n));
  assert.ok(taken > mutated.of('PendSV_IRQHandler', costs).cycles, 'loops that turn less often than they do');
});

const wrong = 'tests/check/bad-bound.as.ts';
const expected: readonly (readonly [choice: number, text: string, line: number])[] = [[1, '@bound(4)', 32], [2, '@bound(5, 14 in all)', 36], [3, '@max(4)', 42]];

for (const [choice, text, line] of expected) {
  test(`what is not so is found when it runs: ${text}`, async () => {
    const run = play(wrong, function* (board) {
      strap(board, choice);
      yield ms(10);
    });
    await assert.rejects(run, (error) => error instanceof FirmwareTrap && error.message.includes(text) && error.message.includes(`bad-bound.as.ts:${line}`));
  });
}

test('what is not so is found when an as-pect spec calls it', async () => {
  const { passed, failures } = await runAsPectSpec('tests/check/bad-calls.as.ts', loadBoard(BOARD));
  assert.equal(passed, 1);
  assert.deepEqual(failures.map(({ name }) => /of four/.test(name)), [true]);
  assert.match(failures[0].message, /@bound\(3\) does not hold/);
  assert.match(failures[0].message, /bad-calls\.as\.ts:7/);
});

test('what is so passes the same checks', async () => {
  const board = await play(wrong, function* (b) {
    strap(b, 0);
    yield ms(10);
  });
  assert.ok(Object.values(board.recorder.isr())[0].count > 5);
});

test('a scenario may leave the checks out', async () => {
  const board = await play(wrong, function* (b) {
    strap(b, 1);
    yield ms(10);
  }, { watch: false });
  assert.ok(Object.values(board.recorder.isr())[0].count > 5);
});
