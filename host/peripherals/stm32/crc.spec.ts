// SPDX-License-Identifier: MIT
// RM0090, chapter 4. Witness: zlib's CRC-32 has the same polynomial, with bits and result the other way round and inverted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { Crc } from './crc.js';

const DR = 0x00, IDR = 0x04, CR = 0x08;
const reversed = (word: number): number => {
  let result = 0;
  for (let i = 0; i < 32; i++) if (word & (1 << i)) result |= 1 << (31 - i);
  return result >>> 0;
};

test('reset values; RESET sets DR to all ones and leaves IDR', () => {
  const crc = new Crc('CRC', 0x40023000);
  assert.deepEqual([DR, IDR, CR].map((offset) => crc.read(offset, 4)), [0xffffffff, 0, 0]);
  crc.write(IDR, 0x1a5, 4);
  crc.write(DR, 1, 4);
  crc.write(CR, 1, 4);
  assert.deepEqual([DR, IDR, CR].map((offset) => crc.read(offset, 4)), [0xffffffff, 0xa5, 0]);
  crc.reset();
  assert.equal(crc.read(IDR, 4), 0);
});

test('the remainder is that of CRC-32 of the words, their bits reversed', (t) => {
  if (typeof crc32 !== 'function') return t.skip('this Node has no zlib.crc32');
  const crc = new Crc('CRC', 0x40023000);
  const bytes = Buffer.alloc(64);
  let x = 12345;
  for (let i = 0; i < 16; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    crc.write(DR, x, 4);
    bytes.writeUInt32LE(reversed(x), 4 * i);
  }
  assert.equal(reversed(~crc.read(DR, 4) >>> 0), crc32(bytes));
});

test('a known word: 0x00000000 gives 0xC704DD7B', () => {
  const crc = new Crc('CRC', 0x40023000);
  crc.write(DR, 0, 4);
  assert.equal(crc.read(DR, 4), 0xc704dd7b);
});
