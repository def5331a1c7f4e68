// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunLog } from './run-log.js';

/** Main, a handler out of sleep that is pre-empted, a tail-chained one, and one that is still active at the end. */
function example(): RunLog {
  const log = new RunLog();
  log.sleep(100, 200);
  log.exceptionEnter('DMA', 200, 200);
  log.exceptionEnter('UART', 230, 225);
  log.exceptionExit('UART', 250);
  log.exceptionExit('DMA', 300);
  log.exceptionEnter('PendSV', 300, 240);
  log.exceptionExit('PendSV', 380);
  log.sleep(400, 500);
  log.exceptionEnter('UART', 500, 500);
  log.exceptionExit('UART', 540);
  log.exceptionEnter('PendSV', 560, 555);
  return log;
}

test('own time is without those above, elapsed with them; all contexts together are the run', () => {
  const { handlers, cycles, preemptions } = example().times(600);
  const of = (name: string) => { const { own, elapsed, latency } = handlers.get(name)!; return [[...own], [...elapsed], [...latency]]; };
  assert.deepEqual(of('DMA'), [[80], [100], [0]]);
  assert.deepEqual(of('UART'), [[20, 40], [20, 40], [5, 0]]);
  assert.deepEqual(of('PendSV'), [[80], [80], [60]]);
  assert.deepEqual(Object.fromEntries(cycles), { main: 100 + 20 + 20, sleep: 200, DMA: 80, UART: 60, PendSV: 80 + 40 });
  assert.equal([...cycles.values()].reduce((a, b) => a + b, 0), 600);
  assert.deepEqual(preemptions.map(({ by, of: whom, count }) => `${by} ${whom} ${count}`).sort(), ['DMA sleep 1', 'PendSV main 2', 'UART DMA 1', 'UART sleep 1']);
});

test('a stretch has no gap, and entries by its own clock', () => {
  const { timeline, entries } = example().stretch(220, 420);
  assert.deepEqual(timeline, [
    { context: 'DMA', depth: 1, from: 0, to: 10 }, { context: 'UART', depth: 2, from: 10, to: 30 }, { context: 'DMA', depth: 1, from: 30, to: 80 },
    { context: 'PendSV', depth: 1, from: 80, to: 160 }, { context: 'main', depth: 0, from: 160, to: 180 }, { context: 'sleep', depth: 0, from: 180, to: 200 },
  ]);
  assert.deepEqual(entries, [
    { vector: 'UART', pendedAt: 5, enteredAt: 10, exitedAt: 30, preempted: 'DMA' },
    { vector: 'PendSV', pendedAt: 20, enteredAt: 80, exitedAt: 160, preempted: 'main' },
  ]);
  assert.deepEqual(example().stretch(550, 600).timeline, [{ context: 'main', depth: 0, from: 0, to: 10 }, { context: 'PendSV', depth: 1, from: 10, to: 50 }]);
});
