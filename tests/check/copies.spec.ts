// SPDX-License-Identifier: MIT
// Copies and fills of memory, which the compiler makes of loops, one after the other on one count: bounded where their size is, and no run exceeds the bound.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileFirmware } from '../../host/build/compile.js';
import { Unbounded, WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { METER } from '../../host/cpu/wasm/meter.js';
import { loadBoard } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';
import { metered } from './bound-and-runs.js';

const unit = new InstructionCosts({ dispatch: 0, imports: {}, instructions: { '*': 1 } });
const place = new Workplace();
const FAR = 2 ** 30;

/** Where the handler finds what to copy from where to where, and how much. */
const AT = 64;

async function handler(name: string, code: string): Promise<{ wasm: Uint8Array; bound: number | undefined }> {
  place.write(`${name}.ts`, `
export function init(): void {}
export function main(): void {}
@isr("TIM2", 2)
function onTimer(): void { const to = load<usize>(${AT}); const from = load<usize>(${AT + 4}); const n = load<u32>(${AT + 8}); ${code} }
`);
  const firmware = await compileFirmware(place.path(`${name}.ts`), loadBoard('stm32f4-discovery'));
  try {
    return { wasm: firmware.wasm, bound: new WorstCaseAnalysis(firmware).of('TIM2_IRQHandler', unit).cycles };
  } catch (error) {
    if (error instanceof Unbounded) return { wasm: firmware.wasm, bound: undefined };
    throw error;
  }
}

/** Instructions that the handler takes for each way in which places and sizes may lie to each other, at most. */
function longest(wasm: Uint8Array, sizes: readonly number[]): number {
  const exports = metered(wasm, unit)();
  const words = new DataView(exports.memory.buffer);
  let most = 0;
  for (const n of sizes) {
    for (const distance of [-1, -3, -8, 1, 2, 4, 7, 16, 100]) {
      for (let at = 1000; at < 1008; at++) {
        [at, at + distance, n].forEach((word, i) => words.setUint32(AT + 4 * i, word, true));
        exports[METER.setLeft](FAR);
        exports.TIM2_IRQHandler();
        most = Math.max(most, FAR - exports[METER.getLeft]());
      }
    }
  }
  return most;
}

describe('copies of memory', () => {
  const upTo = (n: number): number[] => Array.from({ length: n + 1 }, (_, i) => i);
  const known: Readonly<Record<string, readonly [code: string, sizes: readonly number[], tightness: number]>> = {
    constant: ['memory.copy(to, from, 41);', [41], 3],
    masked: ['memory.copy(to, from, n & 63);', upTo(63), 3],
    lesser: ['memory.copy(to, from, min<u32>(n, 37));', upTo(40), 3],
    twice: ['memory.copy(2048, 1024, 256); memory.copy(3072, 1024, 256);', [0], 3],
    toAnyPlace: ['memory.copy(1024 + (n & 255), 1024, 256);', upTo(255), 3],
    filled: ['memory.fill(to, 7, 63);', [63], 2],
    filledMasked: ['memory.fill(to, 7, n & 63);', upTo(63), 2],
    byHand: ['const end = n & 63; for (let i: u32 = 0; i < end && load<u8>(from + i) != 255; i++) store<u8>(to + i, load<u8>(from + i));', upTo(63), 2],
    untilAligned: ['let at = to; while (at & 7) store<u8>(at++, 1);', [0], 2],
  };
  for (const [name, [code, sizes, tightness]] of Object.entries(known)) {
    it(`have a bound, which no run exceeds: ${name}`, async (t) => {
      const { wasm, bound } = await handler(name, code);
      const taken = longest(wasm, sizes);
      t.diagnostic(`longest ${taken}, bound ${bound}`);
      assert.ok(bound !== undefined && taken <= bound && bound <= tightness * taken, `longest ${taken}, bound ${bound}`);
    });
  }

  for (const [name, code] of Object.entries({ anySize: 'memory.copy(to, from, n);', upToAnother: 'for (let i = to; i != from; i++) store<u8>(i, 1);', everySecond: 'let at = to; while (at & 7) { store<u8>(at, 1); at += 2; }' })) {
    it(`have none without one: ${name}`, async () => {
      const { bound } = await handler(name, code);
      assert.ok(bound === undefined || bound > 2 ** 31, `${bound}`);
    });
  }
});
