// SPDX-License-Identifier: MIT
// Code that differs in what is said of it alone: each piece keeps its own bound, and nothing of what keeps them apart is in the firmware.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compileFirmware } from '../../host/build/compile.js';
import { WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import { costsOf } from '../../host/cpu/wasm/costs.js';
import { loadBoard } from '../../host/index.js';
import { Workplace } from '../cli/cli.js';

/** Each a computation of some 57 instructions a turn, two of them divisions: in no case less than 20 cycles. */
const TURN = 'n = n * 5 + 4; s = (s ^ (n / 3)) % (n | 7); s ^= n >> 5; s = s * 1664525 + (n ^ 0x1234) / 17 + s % 31;';
const TURN_CYCLES = 20;
const COMPUTATION = 's = s / 7 + (s ^ 5) % (n | 3) + n / 11;';

const loop = (bound: number): string => `
  // @bound(${bound})
  while (load<u32>(n & 1020) != s) { ${TURN} }`;

const search = (name: string, bound: number): string => `
function ${name}(n: u32): u32 {
  let s: u32 = 0;
  ${loop(bound)}
  ${COMPUTATION}
  return n + s / 9 + (s ^ 5) % (n | 3);
}`;

/** A handler that does this with `n` and `s`; of `way` it knows nothing. */
const handler = (statements: string, declarations = ''): string => `
let sum: u32 = 8;
let way: u32 = 1;
export function init(): void {}
export function main(): void { way = load<u32>(512); }
${declarations}
@isr("TIM2", 1)
function onTimer(): void {
  let n = sum;
  let s: u32 = 0;
  ${statements}
  sum = s ^ n;
}
`;

/** Firmwares with pieces that are equal but for what is said of them, and how many turns their worst case has at least. */
const EQUAL: Readonly<Record<string, readonly [source: string, turns: number]>> = {
  // Calls each twice, so that neither is put into its caller.
  'two functions': [handler('sum = first(sum) ^ second(sum + 1) ^ first(sum ^ 99) ^ second(sum + 2);', search('first', 3) + search('second', 300)), 2 * (3 + 300)],
  'two arms of one if': [handler(`if (way) { ${loop(3)} } else { ${loop(300)} }`), 300],
  'two arms of one if, the other way round': [handler(`if (way) { ${loop(300)} } else { ${loop(3)} }`), 300],
  'two functions that become arms of one if': [handler('if (way) s = first(n); else s = second(n);', search('first', 3) + search('second', 300)), 300],
  'two arms of one conditional expression': [handler('s = way ? first(n) : second(n);', search('first', 3) + search('second', 300)), 300],
  'three cases of a switch': [handler(`switch (way) { case 0: ${loop(3)} break; case 1: ${loop(300)} break; default: ${loop(4)} }`), 300],
  'ends of arms': [handler(`if (way) { n = n * 7; ${loop(3)} ${COMPUTATION} } else { n = n * 9; ${loop(300)} ${COMPUTATION} }`), 300],
  'ends of functions that become arms': [
    handler('if (way) s = first(n * 7); else s = second(n * 9);', search('first', 3) + search('second', 300)), 300,
  ],
  'loops without braces': [handler(`if (way)
    // @bound(3)
    while (load<u32>(n & 1020) != s) s = (s ^ (s / 3)) % (s | 7) + s / 17 + (n ^= s) % 31;
  else
    // @bound(300)
    while (load<u32>(n & 1020) != s) s = (s ^ (s / 3)) % (s | 7) + s / 17 + (n ^= s) % 31;`), 300],
  'do loops': [handler(`if (way) {
    // @bound(3)
    do { ${TURN} } while (load<u32>(n & 1020) != s);
  } else {
    // @bound(300)
    do { ${TURN} } while (load<u32>(n & 1020) != s);
  }`), 300],
  'statements that run so often': [handler(`for (let i: u32 = 0; i < 400; i++) {
    if (load<u32>(i << 2) == 5) {
      ${TURN} // @max(3)
    } else if (load<u32>(2048 + (i << 2)) == 6) {
      if (way) {
        ${TURN} // @max(300)
      } else {
        ${TURN} // @max(2)
      }
    }
  }`), 300],
  'statements that use up': [handler(`for (let i: u32 = 0; i < 400; i++) {
    if (load<u32>(i << 2) == 5) {
      ${TURN} // @uses(100 of 1000)
    } else {
      ${TURN} // @uses(4 of 1000)
    }
  }`), 250],
};

for (const [what, [source, turns]] of Object.entries(EQUAL)) {
  it(`${what}: the dearer bound counts`, async () => {
    const place = new Workplace();
    place.write('equal.ts', source);
    const firmware = await compileFirmware(place.path('equal.ts'), loadBoard('stm32f4-discovery'));
    const { cycles } = new WorstCaseAnalysis(firmware).of('TIM2_IRQHandler', costsOf('cortex-m4f', 'aot'));
    assert.ok(cycles > turns * TURN_CYCLES, `${cycles} cycles`);
  });
}

it('leaves no trace in the firmware', async () => {
  const place = new Workplace();
  place.write('equal.ts', EQUAL['two arms of one if'][0]);
  const { wasm } = await compileFirmware(place.path('equal.ts'), loadBoard('stm32f4-discovery'));
  const { exports } = await WebAssembly.compile(wasm as Uint8Array<ArrayBuffer>).then((module) => ({ exports: WebAssembly.Module.exports(module) }));
  assert.deepEqual(exports.filter(({ kind }) => kind === 'global'), []);
});

it('refuses to be told of a part of a statement, and underlines the comment', async () => {
  const place = new Workplace();
  place.write('part.ts', handler(`s = way ?
    first(n) : // @max(3)
    first(n + 1);`, search('first', 3)));
  await assert.rejects(compileFirmware(place.path('part.ts'), loadBoard('stm32f4-discovery')), ({ message }: Error) => {
    assert.match(message, /a comment like this goes on the line of a statement, or above it; this is a part of one/);
    assert.match(message, /part\.ts\(\d+,\d+\)/);
    return true;
  });
});
