// SPDX-License-Identifier: MIT
// RM0090 2.3.1: SRAM1 112 KiB at 0x20000000, SRAM2 16 KiB behind it, both reached by DMA; CCM 64 KiB at 0x10000000, for the core alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../boards/index.js';
import { mapMemory } from './memory-map.js';

const board = loadBoard('stm32f4-discovery');
const rest = (byteCount: number) => mapMemory(board, byteCount, 'x.ts').rest.map(({ name, origin, bytes, dma }) => [name, origin, bytes.length, dma]);

test('one page lies at the start of SRAM1, and the rest of the RAM is there too', () => {
  assert.equal(mapMemory(board, 65536, 'x.ts').address, 0x20000000);
  assert.deepEqual(rest(65536), [['SRAM1', 0x20010000, 49152, true], ['SRAM2', 0x2001c000, 16384, true], ['CCM', 0x10000000, 65536, false]]);
});

test('two pages are SRAM1 and SRAM2 to the last byte', () => {
  assert.deepEqual(rest(131072), [['CCM', 0x10000000, 65536, false]]);
});

test('three pages do not fit, and the message says what there is', () => {
  assert.throws(() => mapMemory(board, 196608, 'big.ts'), /big\.ts has 192 KiB of memory; stm32f4-discovery has 128 KiB in one piece/);
});

test('memories with a gap between them do not count as one', () => {
  const apart = { ...board, memory: [
    { name: 'A', origin: 0x20000000, byteCount: 65536, kind: 'ram', dma: true }, { name: 'B', origin: 0x30000000, byteCount: 65536, kind: 'ram', dma: true },
  ] } as const;
  assert.throws(() => mapMemory(apart, 131072, 'x.ts'), /has 64 KiB in one piece/);
  assert.deepEqual(mapMemory(apart, 65536, 'x.ts').rest.map(({ name }) => name), ['B']);
});
