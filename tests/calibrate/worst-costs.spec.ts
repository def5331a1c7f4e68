// SPDX-License-Identifier: MIT
// A search for code that takes longer than the worst costs say: small loops at random, which no cost is fitted to, each on CPU arm after other code and again.
//
//     TONEWHEEL_WORST_COSTS=FIRST_SEED,COUNT node build/js/tests/run.js calibrate/worst-costs
//
// tries other ones, or more of them: a program of a dozen loops takes some 5 s.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Jobs } from '../../host/calibrate/jobs.js';
import { samplesOf } from '../../host/calibrate/measuring.js';
import { MIXTURES } from '../../host/calibrate/programs/all.js';
import { mixtureProgram } from '../../host/calibrate/programs/mixtures.js';
import { InstructionCosts, worstCostsOf } from '../../host/cpu/wasm/costs.js';
import { without } from '../../host/testing/needs.js';

const [first, count] = (process.env.TONEWHEEL_WORST_COSTS ?? '100,4').split(',').map(Number);
/** Half of the pieces: they are held to be none that no bound would be of use for. */
const MEDIAN = 3.5;

describe('the worst costs, searched for code that takes longer', { skip: without('arm-none-eabi-gcc') }, () => {
  const jobs = new Jobs();
  after(() => jobs.end());

  for (const engine of ['aot', 'wasm3'] as const) {
    it(`engine ${engine}`, async (t) => {
      const costs: InstructionCosts = worstCostsOf('cortex-m4f', engine);
      const samples = (await Promise.all(Array.from({ length: count }, async (_, i) => {
        assert.ok(first + i >= MIXTURES, 'the costs are fitted to the first seeds');
        const program = mixtureProgram(first + i);
        return samplesOf(program, await jobs.run('program', { program: program.name, engine }));
      }))).flat();
      const found = samples.map((sample) => ({ ...sample, ratio: costs.cycles([...sample.counts]) / sample.cycles })).sort((a, b) => a.ratio - b.ratio);
      const at = (part: number): number => found[Math.floor(part * found.length)].ratio;
      t.diagnostic(`${found.length} runs; worst costs / cycles: least ${at(0).toFixed(2)}, one of ten ${at(0.1).toFixed(2)}, half ${at(0.5).toFixed(2)}`);
      const beyond = found.filter(({ ratio }) => ratio < 1);
      assert.deepEqual(beyond.map(({ name, run, cycles, ratio }) => `${name}, run ${run}: ${cycles} cycles, the worst costs say ${(ratio * cycles).toFixed(0)}`), []);
      assert.ok(at(0.5) < MEDIAN, `the worst costs are ${at(0.5).toFixed(2)} times of what half of the runs take`);
    });
  }
});
