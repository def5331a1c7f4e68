// SPDX-License-Identifier: MIT
// Response times against task sets whose results are published, and against a simulation of small ones.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadBoard } from '../boards/index.js';
import { refillCyclesOf } from './cache-refill.js';
import { responseOf, utilisationOf, type Task } from './response-time.js';

interface Row { readonly c: number; readonly t: number; readonly priority: number; readonly blocking?: number; readonly jitter?: number; readonly order?: number }

const taskOf = ({ c, t, priority, blocking = 0, jitter = 0, order = 0 }: Row, i: number): Task =>
  ({ name: `t${i}`, priority, order, worst: c, blocking, arrivals: [{ period: t, jitter }] });

const responses = (rows: readonly Row[]): number[] => {
  const tasks = rows.map(taskOf);
  return tasks.map((task) => responseOf(task, tasks).response);
};

describe('response times of published task sets', () => {
  it('three processes, Burns and Wellings, "Real-Time Systems and Programming Languages", 3rd edition, table 13.4', () => {
    assert.deepEqual(responses([{ t: 7, c: 3, priority: 1 }, { t: 12, c: 3, priority: 2 }, { t: 20, c: 5, priority: 3 }]), [3, 6, 20]);
  });

  it('a load of 1 that is schedulable, the same, table 13.3', () => {
    const rows = [{ t: 80, c: 40, priority: 3 }, { t: 40, c: 10, priority: 2 }, { t: 20, c: 5, priority: 1 }];
    assert.equal(rows.map(taskOf).reduce((sum, task) => sum + utilisationOf(task), 0), 1);
    assert.deepEqual(responses(rows), [80, 15, 5]);
  });

  it('a response beyond the period: Lehoczky, 1990: 114, 102, 116, 104, 118, 106 and 94 for the jobs of the busy period', () => {
    assert.deepEqual(responses([{ t: 70, c: 26, priority: 1 }, { t: 100, c: 62, priority: 2 }]), [26, 118]);
  });

  it('equals that do not pre-empt each other: Davis, Burns, Bril and Lukkien, 2007, table 1: the second job of C takes 3.5, the first 3', () => {
    const rows = [{ t: 2.5, c: 1, priority: 1, order: 0 }, { t: 3.5, c: 1, priority: 1, order: 1 }, { t: 3.5, c: 1, priority: 1, order: 2 }];
    assert.deepEqual(responses(rows), [2, 3, 3.5]);
  });

  it('adds blocking once, and jitter of the more urgent', () => {
    assert.deepEqual(responses([{ t: 7, c: 3, priority: 1, blocking: 2 }, { t: 12, c: 3, priority: 2, blocking: 1 }]), [5, 7]);
    // Two of the first within 3 + 3 + 3 < 7, since the second may come 4 early.
    assert.deepEqual(responses([{ t: 7, c: 3, priority: 1, jitter: 4 }, { t: 20, c: 3, priority: 2 }])[1], 9);
  });

  it('knows no response when more time is wanted than there is', () => {
    assert.deepEqual(responses([{ t: 4, c: 3, priority: 1 }, { t: 8, c: 3, priority: 2 }]), [3, Infinity]);
  });
});

describe('caches that a pre-emption leaves otherwise', () => {
  const task = (priority: number, worst: number, period: number, refill: number): Task => ({ name: `p${priority}`, priority, order: priority, worst, blocking: 0, arrivals: [{ period, jitter: 0 }], refill });
  it('cost what is pre-empted their refill for each pre-emption, and the pre-empting task nothing', () => {
    const tasks = [task(0, 2, 20, 3), task(1, 10, 100, 3), task(2, 20, 200, 3)];
    // 10 and one pre-emption of 2 + 3. Below: 20, one run of 10 + 3, and 2 + 3 at 0, 20 and 40, since 38 and then 43, 48 are after 20 and 40.
    assert.deepEqual(tasks.map((t) => responseOf(t, tasks).response), [2, 15, 48]);
  });
  it('count for the load: what is pre-empted too often never ends', () => {
    const tasks = [task(0, 2, 5, 3), task(1, 1, 100, 3)];
    assert.deepEqual(tasks.map((t) => responseOf(t, tasks).response), [2, Infinity]);
  });
  it('are 64 lines of instructions and 8 of data at 6 cycles on an STM32F407 at 168 MHz (RM0090, 3.5), 4 on an STM32F411 at 100 MHz, and none without flash', () => {
    assert.deepEqual(['stm32f4-discovery', 'weact-blackpill-f411', 'mps2-an386'].map((name) => refillCyclesOf(loadBoard(name))), [432, 288, 0]);
  });
});

describe('a task whose runs serve all that has arrived', () => {
  const merging = (arrivals: Task['arrivals'], blocking: number): Task => ({ name: 'm', priority: 1, order: 0, worst: 4, blocking, arrivals, merges: true });
  it('waits for one run of its own at most, however many come at once', () => {
    const task = merging([{ period: 100, jitter: 0 }, { period: 100, jitter: 100 }, { period: 100, jitter: 0 }], 1);
    assert.equal(responseOf(task, [task]).response, 8);
    const each = { ...task, merges: false };
    assert.equal(responseOf(each, [each]).response, 1 + 4 * 4);
  });
  it('waits for no run of its own when the next comes after it is done', () => {
    const task = merging([{ period: 100, jitter: 0 }], 1);
    assert.equal(responseOf(task, [task]).response, 5);
  });
  it('is pre-empted while it waits and while it runs', () => {
    const task = merging([{ period: 100, jitter: 50 }, { period: 90, jitter: 0 }], 1);
    const urgent: Task = { name: 'u', priority: 0, order: 1, worst: 2, blocking: 0, arrivals: [{ period: 5, jitter: 0 }] };
    // 4 and 4 of its own, and 2 in every 5: 8 + 3 x 2 = 14, in which three arrive.
    assert.equal(responseOf(task, [task, urgent]).response, 14);
  });
});

/** Plays tasks on one core from 0 on in whole steps: all arrive at 0 and then once a period. @returns longest response of each */
function simulate(rows: readonly Row[], until: number): number[] {
  const waiting: number[][] = rows.map(() => []);
  const longest = rows.map(() => 0);
  const active: { task: number; left: number; arrived: number }[] = [];
  for (let now = 0; now < until; now++) {
    rows.forEach(({ t }, i) => { if (now % t === 0) waiting[i].push(now); });
    const most = rows.map((_, i) => i).filter((i) => waiting[i].length > 0).sort((a, b) => rows[a].priority - rows[b].priority || (rows[a].order ?? 0) - (rows[b].order ?? 0))[0];
    const running = active.at(-1);
    if (most !== undefined && (!running || rows[most].priority < rows[running.task].priority)) active.push({ task: most, left: rows[most].c, arrived: waiting[most].shift()! });
    const top = active.at(-1);
    if (top && --top.left === 0) {
      active.pop();
      longest[top.task] = Math.max(longest[top.task], now + 1 - top.arrived);
    }
  }
  return longest;
}

describe('response times against a simulation', () => {
  it('no simulated response is longer, and under pre-emption alone the longest is the calculated one', () => {
    let equal = 0;
    const row = fc.record({ c: fc.integer({ min: 1, max: 5 }), t: fc.integer({ min: 4, max: 24 }), priority: fc.integer({ min: 0, max: 3 }) });
    fc.assert(fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (some) => {
      const rows = some.map((r, order) => ({ ...r, order }));
      const calculated = responses(rows);
      const found = simulate(rows, 2000);
      rows.forEach(({ priority }, i) => {
        if (calculated[i] === Infinity) return;
        assert.ok(found[i] <= calculated[i], `${found[i]} > ${calculated[i]}`);
        if (rows.every((r, j) => j === i || r.priority !== priority) && found[i] === calculated[i]) equal++;
      });
    }), { numRuns: 300, seed: 1 });
    assert.ok(equal > 200, `${equal}`);
  });
});
