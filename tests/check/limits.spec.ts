// SPDX-License-Identifier: MIT
// Limits on random code: no run that keeps to them takes longer than the bound, nor does any single way through the code that keeps to them, found
// without prices; and the worst path accounts for all of the bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallNode } from '../../host/check/worst-case/result.js';
import { Unbounded, WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { Charges } from '../../host/check/worst-case/longest-path.js';
import { costsOf, InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { METER } from '../../host/cpu/wasm/meter.js';
import { assemble, TooLong } from './bound-and-runs.js';
import { dearestWay, TooMany } from './exact-ways.js';
import { randomModule, randomNumbers } from './random-code.js';
import { commented, isBroken, randomWays, watched, type Commented } from './random-limits.js';

const LONGEST = 1_000_000;
const tables = [new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } }), costsOf('cortex-m4f', 'aot')];

const sumOf = (node: CallNode): number => node.lines.reduce((sum, { cycles }) => sum + cycles, 0) + node.children.reduce((sum, child) => sum + sumOf(child), 0);

/** Runs that keep to the comments: how many, and the longest. */
function runsOf(firmware: Commented, costs: InstructionCosts, seed: number): { kept: number; broke: number; longest: number } {
  const below = randomNumbers(seed);
  const fresh = watched(firmware, costs, () => { throw new TooLong(); });
  let [kept, broke, longest] = [0, 0, 0];
  for (let run = 0; run < 16; run++) {
    const exports = fresh();
    new Uint8Array(exports.memory.buffer).set(Uint8Array.from({ length: 1024 }, () => (run % 3 ? below(run % 3 === 1 ? 4 : 256) : 0)));
    exports[METER.setLeft](LONGEST);
    try {
      exports.f(below(2) ? below(40) : below(2 ** 31 - 1), below(40));
    } catch (error) {
      if (isBroken(error)) broke++;
      else if (!(error instanceof TooLong || error instanceof WebAssembly.RuntimeError)) throw error;
      continue;
    }
    kept++;
    longest = Math.max(longest, LONGEST - exports[METER.getLeft]());
  }
  return { kept, broke, longest };
}

test('limits on random code', (t) => {
  const FUNCTIONS = 160;
  let [limited, kept, broke, fromMix] = [0, 0, 0, 0];
  const gaps: number[] = [];
  for (let seed = 1; seed <= FUNCTIONS; seed++) {
    const costs = tables[seed % 2];
    const firmware = commented(assemble(seed & 4 ? randomWays(seed) : randomModule(seed), (seed & 2) === 2, true), seed);
    const analysis = new WorstCaseAnalysis(firmware);
    let worst;
    try {
      worst = analysis.of('f', costs);
    } catch (error) {
      if (error instanceof Unbounded || /does not return/.test(String(error))) continue;
      throw error;
    }
    limited++;
    const runs = runsOf(firmware, costs, seed);
    assert.ok(runs.longest <= worst.cycles, `seed ${seed}: a run took ${runs.longest}, bound ${worst.cycles}`);
    kept += runs.kept;
    broke += runs.broke;

    const { tree } = worst;
    assert.ok(Math.abs(sumOf(tree) - worst.cycles) <= 1 + 1e-8 * worst.cycles, `seed ${seed}: the path has ${sumOf(tree)}, bound ${worst.cycles}`);
    if (tree.lines.some(({ times }) => times % 1 !== 0)) fromMix++;
    try {
      const exact = dearestWay(analysis.places, new Charges(analysis.module, costs, new Set(), analysis.places), analysis.contextsOf(['f'])[0]);
      if (exact === undefined) continue;
      assert.ok(exact <= worst.cycles, `seed ${seed}: a way takes ${exact}, bound ${worst.cycles}`);
      gaps.push(worst.cycles / exact);
    } catch (error) {
      if (!(error instanceof TooMany)) throw error;
    }
  }
  gaps.sort((a, b) => a - b);
  const at = (part: number): string => gaps[Math.floor(part * (gaps.length - 1))].toFixed(3);
  t.diagnostic(`${limited} functions, ${kept} runs kept to their limits, ${broke} did not; ${fromMix} paths are mixes`);
  t.diagnostic(`bound / dearest single way of ${gaps.length}: ${at(0.5)}, three quarters within ${at(0.75)}, nine of ten within ${at(0.9)}, all within ${at(1)}`);
  assert.ok(gaps[Math.floor(0.9 * gaps.length)] < 1.01, 'prices give more than they need');
  // The properties must not hold for want of cases.
  assert.ok(limited > 0.4 * FUNCTIONS && kept > 2 * limited && broke > limited && fromMix > 0.1 * FUNCTIONS && gaps.length > 0.4 * limited);
});
