// SPDX-License-Identifier: MIT
// What each engine of the images costs, in executed instructions, which repeat exactly; and that all give the same samples.
// When a ceiling breaks, find what got slower (`npm run bench -- engines`). If it is worth that, raise the ceiling here, and the figures in
// docs/wasm3.md.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingForQemu } from '../wasm3/programs.js';
import { DEMO_AIM, FRAME_CYCLES, imageEngines, measureDemo, measureKernels } from './engines.js';

const skip = process.env.CI ? false : (await missingForQemu()) ?? false;

/** Most that all three functions may take of native C's instructions, calls included. */
const MOST = { AOT: 1.1, kernels: 1.35, 'wasm3, tuned': 9, 'wasm3, as it comes': 48 } as const;

const advice = 'see what got slower with `npm run bench -- engines`; raise the ceiling in tests/bench/engines.spec.ts if that is worth it';

test('AOT, kernels, wasm3 tuned and as it comes: each slower than the one before, none more than allowed, the same samples', { skip }, async () => {
  const costs = await measureKernels();
  const native = costs.get('native C')!;
  let before = native;
  for (const engine of imageEngines) {
    const cost = costs.get(engine)!;
    assert.equal(cost.digest, native.digest, engine);
    for (const part of ['saw', 'filter', 'mix', 'voice'] as const) {
      assert.ok(cost[part] > before[part], `${part}: ${engine} takes ${cost[part]} instructions a sample, the one before it ${before[part]}; `
        + 'see which of them changed with `npm run bench -- engines`, and reorder imageEngines in tests/bench/engines.ts if it is for good');
    }
    const ratio = cost.voice / native.voice;
    assert.ok(ratio <= MOST[engine], `${engine} takes ${ratio.toFixed(2)} times native C, ${MOST[engine]} allowed: ${advice}`);
    before = cost;
  }
});

test('the demo\'s piece with kernels takes fewer instructions than 60 % of the F407\'s cycles', { skip }, async () => {
  const { piece } = (await measureDemo(['kernels'])).get('kernels')!;
  assert.ok(piece.mean <= DEMO_AIM * FRAME_CYCLES, `${piece.mean.toFixed(0)} instructions a frame, ${DEMO_AIM * FRAME_CYCLES} allowed: ${advice}`);
});
