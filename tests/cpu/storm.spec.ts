// SPDX-License-Identifier: MIT
// Handlers pre-empt interpreted code hundreds of thousands of times, at any operation and inside of each other, and nothing is harmed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHash } from 'node:crypto';
import { EmulatedBoard, loadBoard } from '../../host/index.js';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { Wasm3Cpu } from '../../host/cpu/wasm3/cpu.js';
import { prepareCpu } from '../../host/emulator/create-cpu.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { withoutCompiler as skip } from '../../host/testing/c-compiler.js';

const BOARD = 'stm32f4-discovery';
/** Where the fixture keeps its sums: failures, then checks of main and the handlers. */
const CCM = 0x1000_0000;
const CONTEXTS = ['main', 'SysTick', 'EXTI0', 'EXTI1', 'EXTI2', 'PendSV'];
const LOOK_EVERY_SECONDS = 1e-3;

interface Storm {
  preemptions: number;
  /** Of handlers. */
  nested: number;
  deepest: number;
  /** Over vector and cycle of every entry and exit. */
  hash: string;
  failures: number;
  checks: number[];
  heap: { booted: number; after: number };
}

async function storm(wasm3: Wasm3Variant, count: number): Promise<Storm> {
  const options = { cpu: 'wasm3', wasm3 } as const;
  await prepareCpu(options);
  const board = new EmulatedBoard(loadBoard(BOARD), await firmwareFor('tests/cpu/storm.as.ts', BOARD), options);
  const { cpu, machine } = board;
  assert.ok(cpu instanceof Wasm3Cpu);
  let [depth, deepest, preemptions, nested, booted] = [0, 0, 0, 0, 0];
  const hash = createHash('sha256');
  machine.observers.add({
    exceptionEnter(vector, cycle) {
      booted ||= cpu.shim.heapUsed;
      preemptions++;
      if (depth > 0) nested++;
      deepest = Math.max(deepest, ++depth);
      hash.update(`+${vector} ${cycle}\n`);
    },
    exceptionExit(vector, cycle) {
      depth--;
      hash.update(`-${vector} ${cycle}\n`);
    },
    sleep() {}, blockBoundary() {}, midiByte() {},
  });
  board.at(0, () => (preemptions >= count ? board.end() : board.now + LOOK_EVERY_SECONDS));
  board.run();
  const word = (n: number): number => machine.bus.read(CCM + 4 * n, 4);
  return { preemptions, nested, deepest, hash: hash.digest('hex'), failures: word(0), checks: CONTEXTS.map((_, i) => word(1 + i)), heap: { booted, after: cpu.shim.heapUsed } };
}

for (const variant of ['tuned', 'reference'] as const) {
  test(`400,000 pre-emptions of ${variant} wasm3, nested ones among them, leave every computation right and the heap as it was`, { skip }, async () => {
    const { preemptions, nested, deepest, failures, checks, heap } = await storm(variant, 400_000);
    assert.equal(failures, 0);
    assert.ok(preemptions >= 400_000 && nested > preemptions / 10 && deepest >= 4, `${preemptions} pre-emptions, ${nested} of handlers, ${deepest} deep`);
    for (const [i, context] of CONTEXTS.entries()) assert.ok(checks[i] > 1000, `${context} made ${checks[i]} checks`);
    assert.ok(heap.booted > 0);
    assert.equal(heap.after, heap.booted);
  });
}

test('the same run gives the same pre-emptions, to the cycle', { skip }, async () => {
  const first = await storm('tuned', 5000);
  assert.deepEqual(await storm('tuned', 5000), first);
});
