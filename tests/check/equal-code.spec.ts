// SPDX-License-Identifier: MIT
// Code that differs in what is said of it alone: each piece keeps its own bound.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compileFirmware } from '../../host/build/compile.js';
import { WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { costsOf } from '../../host/cpu/wasm/costs.js';
import { loadBoard } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';

const search = (name: string, bound: number): string => `
function ${name}(n: u32): u32 {
  let s: u32 = 0;
  // @bound(${bound})
  while (load<u32>(n & 1020) != s) { n = n * 5 + 4; s = (s ^ (n / 3)) % (n | 7); s ^= n >> 5; s = s * 1664525 + (n ^ 0x1234) / 17 + s % 31; }
  s = s / 7 + (s ^ 5) % (n | 3);
  return n + s / 9 + (s ^ 5) % (n | 3);
}`;

/** Calls each twice, so that neither is put into its caller. */
const SOURCE = `
let sum: u32 = 8;
${search('first', 3)}
${search('second', 300)}
export function init(): void {}
export function main(): void {}
@isr("TIM2", 1)
function onTimer(): void {
  sum = first(sum) ^ second(sum + 1) ^ first(sum ^ 99) ^ second(sum + 2);
}
`;

it('two functions that are the same but for their bounds are both counted', async () => {
  const place = new Workplace();
  place.write('equal.ts', SOURCE);
  const firmware = await compileFirmware(place.path('equal.ts'), loadBoard('stm32f4-discovery'));
  const { cycles } = new WorstCaseAnalysis(firmware).of('TIM2_IRQHandler', costsOf('cortex-m4f', 'aot'));
  // Twice 3 and twice 300 turns of some 57 instructions, two of them divisions: in no case less than a cycle each.
  assert.ok(cycles > 2 * (3 + 300) * 20, `${cycles} cycles`);
});
