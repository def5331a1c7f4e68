// SPDX-License-Identifier: MIT
// What the parser costs: WebAssembly instructions executed for each byte, local.get and constants included (a compiler for a chip turns two or three
// of them into one of its own). When a ceiling breaks, either the change is worth it and the number here moves, or it is not.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { compileLibrary } from '../../host/build/library.js';
import { COUNT_EXPORT, countInstructions } from '../../host/testing/instruction-count.js';
import { midiByte } from './arbitraries.js';

let tool: any;

/** Instructions of one byte, the exported wrapper's call of the parser included (3 instructions). */
function costOf(byte: number): number {
  const counter = tool[COUNT_EXPORT] as WebAssembly.Global;
  counter.value = 0;
  tool.decodeByte(byte);
  return counter.value as number;
}

function costs(stream: string): number[] {
  tool.beginDecoding();
  return stream.split(' ').map((b) => costOf(parseInt(b, 16)));
}

const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

before(async () => {
  const wasm = countInstructions(await compileLibrary('assembly/firmware/midi-tool.ts'));
  tool = (await WebAssembly.instantiate(wasm, { env: { abort: () => assert.fail() } })).instance.exports;
});

describe('cost of the parser', () => {
  it('is measured by a counter that counts: encoding more bytes executes more', () => {
    const counter = tool[COUNT_EXPORT] as WebAssembly.Global;
    const cost = (run: () => void) => {
      counter.value = 0;
      run();
      return counter.value as number;
    };
    assert.equal(cost(() => tool.encodedBytes()), 1); // one global.get
    assert.ok(cost(() => tool.encodeShort(0x643c90)) > cost(() => tool.encodeShort(0xf8)));
  });
  it('stays at or below a ceiling for every byte that a player sends', () => {
    const [status, first, second, clock, runningFirst, runningSecond] = costs('90 3C 64 F8 3D 65');
    const sysex = costs('F0 01 02')[2];
    const measured = { status, first, second, clock, runningFirst, runningSecond, sysex };
    const ceilings = { status: 61, first: 35, second: 46, clock: 22, runningFirst: 35, runningSecond: 46, sysex: 42 };
    for (const [kind, cost] of Object.entries(measured)) {
      assert.ok(cost > 0 && cost <= ceilings[kind as keyof typeof ceilings], `${kind}: ${cost} instructions`);
    }
  });
  it('stays below 45 instructions a byte on a busy stream', () => {
    const stream = '90 3C 64 40 64 43 64 F8 B0 01 40 E0 00 41 90 3C 00 40 00 43 00 F8 C0 05 F0 7D 01 02 03 04 05 06 07 F7';
    assert.ok(mean(costs(stream)) < 45, String(mean(costs(stream))));
  });
  it('stays at or below 80 for any byte, whatever came before', () => {
    let worst = 0;
    fc.assert(fc.property(fc.array(midiByte, { maxLength: 200, size: 'max' }), (bytes) => {
      tool.beginDecoding();
      for (const byte of bytes) worst = Math.max(worst, costOf(byte));
    }), { numRuns: 200 });
    assert.ok(worst > 61 && worst <= 80, String(worst));
  });
});
