// SPDX-License-Identifier: MIT
// Random modules on V8 and on both variants of wasm3. More of them: TONEWHEEL_FUZZ=1000, from seed TONEWHEEL_FUZZ_SEED on.

import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { before, describe, it } from 'node:test';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { assertSame, onV8, onWasm3, type Case } from './differential.js';
import { buildProgram, missingForQemu, type Target } from './programs.js';
import { randomCase } from './random-modules.js';

const count = Number(process.env.TONEWHEEL_FUZZ ?? 30);
const firstSeed = Number(process.env.TONEWHEEL_FUZZ_SEED ?? 1);
const missing = await missingForQemu();
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
  expected = cases.map((c) => onV8(c));
});

describe(`${count} random modules`, () => {
  it('do something: calls succeed, calls trap, and memory is written', () => {
    const lines = expected.flat();
    assert.ok(lines.filter((l) => l.startsWith('ok')).length > count * 2);
    assert.ok(lines.filter((l) => l.startsWith('trap')).length > count / 4);
    assert.ok(new Set(lines.filter((l) => l.startsWith('end'))).size > count / 2);
  });
  for (const [variant, target, defines] of [['reference', 'host', []], ['tuned', 'host', []], ['tuned', 'host', ['TW_OP_HOOK=1']],
    ['reference', 'arm', []], ['tuned', 'arm', []]] as [Wasm3Variant, Target, string[]][]) {
    it(`come out the same on wasm3 (${[variant, target, ...defines].join(', ')}) as on V8`, async (t) => {
      if (target === 'arm' && missing) return t.skip(missing);
      assertSame(await onWasm3(await buildProgram(variant, target, 'harness.c', defines), cases), expected, (i) => `seed ${firstSeed + i}`);
    });
  }
  it('trap at the same instruction as on V8, found by the words from its function\'s start', async () => {
    const program = await buildProgram('tuned', 'host', 'harness.c', ['TW_EMIT_MAP=1', 'd_m3CodePageAlignSize=(1<<21)']);
    const places = cases.map((c) => onV8(c, true));
    assert.ok(new Set(places.flat().filter((l) => l.startsWith('at'))).size > count / 4);
    assertSame(await onWasm3(program, cases), places, (i) => `seed ${firstSeed + i}`);
  });
});
