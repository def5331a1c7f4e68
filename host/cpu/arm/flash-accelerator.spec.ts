// SPDX-License-Identifier: MIT
// The accelerator's caches against a plain list in order of use (RM0090, 3.5.2: 64 instruction lines, 8 data lines, the least recently used one goes).

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { acceleratorBytes, FlashAccelerator } from './flash-accelerator.js';
import { ArmMemory } from './memory.js';

const FLASH_BYTES = 64 * 1024;
const accelerator = (): FlashAccelerator => {
  const memory = new ArmMemory([{ name: 'flash', origin: 0, byteCount: FLASH_BYTES, kind: 'flash', dma: true }], acceleratorBytes(FLASH_BYTES));
  return new FlashAccelerator(memory, FLASH_BYTES, memory.tables);
};
const on = { latency: 5, prefetch: false, instructionCache: true, dataCache: true };

describe('flash accelerator', () => {
  it('waits for each line while its caches are off, and for none without wait states', () => {
    const flash = accelerator();
    assert.equal(flash.fetch(3, false), 0, 'after reset');
    flash.configure({ latency: 5, prefetch: false, instructionCache: false, dataCache: false });
    assert.deepEqual([flash.fetch(3, false), flash.fetch(3, false), flash.data(3), flash.data(3)], [5, 5, 5, 5]);
  });

  it('holds 64 lines of instructions: a loop of 64 waits once for each, one of 65 for all, always', () => {
    const flash = accelerator();
    flash.configure(on);
    const turn = (lines: number): number => Array.from({ length: lines }, (_, line) => flash.fetch(line, false)).reduce((a, b) => a + b);
    assert.deepEqual([turn(64), turn(64), turn(64)], [320, 0, 0]);
    assert.deepEqual([turn(65), turn(65)], [5, 325], 'the line that goes is always the one that is wanted next');
  });

  it('holds 8 lines of data, apart from the instructions', () => {
    const flash = accelerator();
    flash.configure(on);
    const turn = (lines: number): number => Array.from({ length: lines }, (_, line) => flash.data(line)).reduce((a, b) => a + b);
    assert.deepEqual([turn(8), turn(8), turn(9), turn(9)], [40, 0, 5, 45]);
    assert.equal(flash.fetch(0, false), 5);
  });

  it('lets the prefetcher hide most of the wait for the next line', () => {
    const flash = accelerator();
    flash.configure({ ...on, prefetch: true });
    assert.equal(flash.fetch(10, false), 5);
    assert.ok(flash.fetch(11, true) < 5);
    flash.configure({ ...on, latency: 2, prefetch: true });
    assert.equal(flash.fetch(12, true), 0);
  });

  it('forgets what it holds when a cache is switched off', () => {
    const flash = accelerator();
    flash.configure(on);
    flash.fetch(1, false);
    flash.data(2);
    flash.configure({ ...on, instructionCache: false });
    flash.configure(on);
    assert.deepEqual([flash.fetch(1, false), flash.data(2)], [5, 0]);
  });

  it('has a line exactly when it is among the 64 used last', () => {
    fc.assert(fc.property(fc.array(fc.nat(90), { maxLength: 600 }), (lines) => {
      const flash = accelerator();
      flash.configure(on);
      let order: number[] = [];
      for (const line of lines) {
        assert.equal(flash.fetch(line, false), order.includes(line) ? 0 : 5);
        order = [...order.filter((l) => l !== line), line].slice(-64);
      }
    }));
  });
});
