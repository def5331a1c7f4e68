// SPDX-License-Identifier: MIT
// The demo synth's engine on wasm3: all of its memory, samples and state, is what V8 makes it, to the bit.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileLibrary } from '../../host/build/library.js';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { assertSame, onV8, onWasm3, type Case } from './differential.js';
import { buildProgram, missingForQemu, type Target } from './programs.js';

const missing = await missingForQemu();
const blocks = (n: number) => ({ name: 'renderBlocks', args: [{ type: 'i32' as const, bits: BigInt(n) }] });
const engine: Case = { wasm: await compileLibrary('tests/bench/engine.as.ts'), calls: [blocks(1), { name: 'playChord', args: [] }, blocks(40)] };
const silence: Case = { ...engine, calls: [blocks(1), blocks(40)] };
const expected = [engine, silence].map((c) => onV8(c));

describe('the demo synth', () => {
  it('sounds: its memory differs from that of a synth without notes', () => {
    assert.match(expected[0].at(-1)!, /^end [0-9a-f]{8} /);
    assert.notEqual(expected[0].at(-1), expected[1].at(-1));
  });
  for (const [variant, target] of [['reference', 'host'], ['tuned', 'host'], ['reference', 'arm'], ['tuned', 'arm']] as [Wasm3Variant, Target][]) {
    it(`renders the same on wasm3 (${variant}, ${target}) as on V8`, async (t) => {
      if (target === 'arm' && missing) return t.skip(missing);
      assertSame(await onWasm3(await buildProgram(variant, target), [engine, silence]), expected, (i) => ['with notes', 'without'][i]);
    });
  }
});
