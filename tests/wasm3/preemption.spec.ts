// SPDX-License-Identifier: MIT
// Interrupts in wasm3: what they run and what they interrupt give the results that they give alone, at any point and nested.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileLibrary } from '../../host/build/library.js';
import { buildProgram, missingForQemu, runProgram, type Target } from './programs.js';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';

const missing = await missingForQemu();
const wasm = await compileLibrary('tests/wasm3/preemption.as.ts');

describe('a function that pre-empts others on a stack region of its own', () => {
  for (const [variant, target] of [['reference', 'host'], ['tuned', 'host'], ['reference', 'arm'], ['tuned', 'arm']] as [Wasm3Variant, Target][]) {
    it(`leaves no trace (${variant}, ${target})`, async (t) => {
      if (target === 'arm' && missing) return t.skip(missing);
      const program = await buildProgram(variant, target, 'preemption.c', target === 'host' ? ['TW_OP_HOOK=1',
        'RUNS=200'] : variant === 'tuned' ? ['RUNS=4000', 'PERIOD=100'] : ['RUNS=2500', 'PERIOD=400']);
      const { wrong, trapped, allocated, runs } = JSON.parse(await runProgram(program, wasm)) as Record<'wrong' | 'trapped' | 'allocated',
        number> & { runs: number[] };
      assert.deepEqual({ wrong, trapped, allocated }, { wrong: 0, trapped: 0, allocated: 0 });
      const preemptions = runs[1] + runs[2] + runs[3];
      assert.ok(runs[1] > 500 && runs[2] > 500 && preemptions > 1500, `${runs}`);
    });
  }
});
