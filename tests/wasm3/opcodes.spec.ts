// SPDX-License-Identifier: MIT
// Every instruction of WebAssembly 1.0 that computes or touches memory, on V8 and on both variants of wasm3, here and on QEMU's Cortex-M4.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertSame, onV8, onWasm3 } from './differential.js';
import { buildProgram, missingForQemu, type Target } from './programs.js';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { controlCases } from './control-cases.js';
import { bulkCase, constantsCase, memoryCases, numeric, numericCase } from './opcodes.js';

const missing = await missingForQemu();
const hex = (code: number[]) => code.map((c) => c.toString(16)).join(' ');
const named = [...numeric.map((o) => ({ name: `opcode ${hex(o.code)}`, ...numericCase(o) })), ...memoryCases().map((c,
  i) => ({ name: `memory access ${i}`, ...c })),
  { name: 'bulk memory', ...bulkCase() }, { name: 'constants', ...constantsCase() }, ...controlCases()];
const expected = named.map((c) => onV8(c));

describe('instructions', () => {
  it('are all there: 0x45 to 0xc4 and 0xfc 0 to 7', () => {
    assert.deepEqual(numeric.map(({ code }) => hex(code)), [...Array.from({ length: 0x80 }, (_, i) => (0x45 + i).toString(16)),
      ...Array.from({ length: 8 }, (_, i) => `fc ${i}`)]);
  });
  it('meet each kind of trap', () => {
    const traps = new Set(expected.flat().filter((l) => l.startsWith('trap')));
    assert.deepEqual([...traps].sort(), ['trap division by zero', 'trap does not fit', 'trap indirect call', 'trap memory', 'trap stack',
      'trap unreachable']);
  });
  for (const [variant, target] of [['reference', 'host'], ['tuned', 'host'], ['tuned', 'arm']] as [Wasm3Variant, Target][]) {
    it(`come out the same on wasm3 (${variant}, ${target}) as on V8`, async (t) => {
      if (target === 'arm' && missing) return t.skip(missing);
      assertSame(await onWasm3(await buildProgram(variant, target), named), expected, (i) => named[i].name);
    });
  }
});
