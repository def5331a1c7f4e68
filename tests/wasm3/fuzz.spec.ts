// SPDX-License-Identifier: MIT
// Random modules on V8 and on both variants of wasm3. More of them: TONEWHEEL_FUZZ=1000, from seed TONEWHEEL_FUZZ_SEED on.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { before, describe, it } from 'node:test';
import { assertSame, buildHarness, onV8, onWasm3, type Case } from './differential.js';
import { randomCase } from './random-modules.js';

const count = Number(process.env.TONEWHEEL_FUZZ ?? 60);
const firstSeed = Number(process.env.TONEWHEEL_FUZZ_SEED ?? 1);
const cases: Case[] = new Array(count);
let expected: string[][];

before(async () => {
  let next = 0;
  await Promise.all(Array.from({ length: availableParallelism() }, async () => {
    while (next < count) {
      const i = next++;
      cases[i] = await randomCase(firstSeed + i);
    }
  }));
  expected = cases.map(onV8);
});

describe(`${count} random modules`, () => {
  it('do something: calls succeed, calls trap, and memory is written', () => {
    const lines = expected.flat();
    assert.ok(lines.filter((l) => l.startsWith('ok')).length > count * 2);
    assert.ok(lines.filter((l) => l.startsWith('trap')).length > count / 4);
    assert.ok(new Set(lines.filter((l) => l.startsWith('end'))).size > count / 2);
  });
  for (const [variant, defines] of [['reference', []], ['tuned', []], ['tuned', ['TW_OP_HOOK=1']]] as const) {
    it(`come out the same on wasm3 (${[variant, ...defines].join(', ')}) as on V8`, async () => {
      assertSame(await onWasm3(await buildHarness(variant, defines), cases), expected, (i) => `seed ${firstSeed + i}`);
    });
  }
});
