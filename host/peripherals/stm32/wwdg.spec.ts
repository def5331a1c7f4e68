// SPDX-License-Identifier: MIT
// RM0090 chapter 22: timeout = 4096 · 2^WDGTB · (T[5:0] + 1) periods of PCLK1. At 30 MHz: 136.53 us to 8.74 ms with WDGTB 0, up to 69.91 ms with 3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelBench } from '../../testing/model-bench.js';
import { Wwdg } from './wwdg.js';

const CR = 0x00, CFR = 0x04, SR = 0x08;

function setUp() {
  const bench = new ModelBench(120e6);
  bench.setClock('PCLK1', 30e6);
  const wwdg = new Wwdg('WWDG', 0x40002c00, bench, { vector: 'WWDG' });
  return { bench, wwdg, read: (offset: number) => wwdg.read(offset, 4), write: (offset: number, value: number) => wwdg.write(offset, value, 4) };
}
const COUNT = 4096 * 4; // core cycles in a count at WDGTB = 0

test('reset values', () => {
  const { read } = setUp();
  assert.deepEqual([CR, CFR, SR].map(read), [0x7f, 0x7f, 0]);
});

test('the timeouts of the manual', () => {
  for (const [tb, t, microseconds] of [[0, 0x40, 136.53], [0, 0x7f, 8738.13], [3, 0x40, 1092.27], [3, 0x7f, 69905.07]] as const) {
    const { bench, write } = setUp();
    write(CFR, (tb << 7) | 0x7f);
    write(CR, 0x80 | t);
    while (bench.resets.length === 0) bench.timeline.advanceTo(bench.timeline.nextDue);
    assert.ok(Math.abs(bench.timeline.now / 120 - microseconds) < 0.01, `${tb} ${t}: ${bench.timeline.now / 120}`);
    assert.deepEqual(bench.resets, ['window watchdog']);
  }
});

test('the counter runs freely while the watchdog is off, and wraps without a reset', () => {
  const { bench, read } = setUp();
  bench.run(COUNT * 3);
  assert.equal(read(CR), 0x7c);
  bench.run(COUNT * 0x7d);
  assert.equal(read(CR), 0x7f);
  assert.deepEqual(bench.resets, []);
});

test('EWIF rises at 0x40, one count before the reset, and interrupts if EWI is set; it is cleared by 0', () => {
  const { bench, read, write } = setUp();
  write(CFR, 0x200 | 0x7f);
  write(CR, 0x80 | 0x43);
  bench.run(COUNT * 3 - 1);
  assert.equal(read(SR), 0);
  bench.run(1);
  assert.deepEqual([read(SR), read(CR)], [1, 0xc0]);
  assert.ok(bench.interrupts.has('WWDG'));
  write(CR, 0x80 | 0x7f);
  write(SR, 0);
  assert.equal(bench.interrupts.size, 0);
  bench.run(COUNT);
  assert.deepEqual(bench.resets, []);
  write(CFR, 0x7f);
  assert.equal(read(CFR), 0x27f, 'EWI stays until reset');
});

test('a refresh above the window resets, one inside does not', () => {
  const { bench, write } = setUp();
  write(CFR, 0x50);
  write(CR, 0x80 | 0x60);
  bench.run(COUNT * 0x10);
  write(CR, 0x80 | 0x60);
  assert.deepEqual(bench.resets, []);
  bench.run(COUNT * 0xf);
  write(CR, 0x80 | 0x60);
  assert.deepEqual(bench.resets, ['window watchdog']);
});

test('T6 written as 0 resets at once; WDGA cannot be cleared; a reset stops it all', () => {
  const { bench, wwdg, read, write } = setUp();
  write(CR, 0x80 | 0x7f);
  write(CR, 0x7f);
  assert.equal(read(CR), 0xff);
  write(CR, 0x3f);
  assert.deepEqual(bench.resets, ['window watchdog']);
  wwdg.reset();
  assert.deepEqual([read(CR), bench.timeline.nextDue], [0x7f, Infinity]);
});
