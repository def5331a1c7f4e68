// SPDX-License-Identifier: MIT
// What an address is called, by a symbol table made by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Elf, ElfSymbol } from '../image/elf.js';
import { Symbols } from './symbols.js';

const symbol = (name: string, value: number, byteCount: number, type: ElfSymbol['type'] = 'function'): ElfSymbol => ({ name, value, byteCount, type, isWeak: false });
const elf: Elf = {
  machine: 40, entry: 0x08000001, isObject: false, segments: [], memory: [],
  sections: [
    { name: '.text', address: 0x08000000, byteCount: 0x100, isAllocated: true, isExecutable: true, contents: () => new Uint8Array(0x100) },
    { name: '.comment', address: 0, byteCount: 0x1000_0000, isAllocated: false, isExecutable: false, contents: () => new Uint8Array(0) },
  ],
  symbols: [symbol('main', 0x08000001, 0x10), symbol('last', 0x08000081, 0), symbol('label', 0x08000090, 0, 'none')],
};

test('a symbol names what is within its size, and without a size what is up to the next one or the end of its section', () => {
  const symbols = new Symbols(elf);
  assert.equal(symbols.describe(0x08000004), 'main+0x4');
  assert.equal(symbols.describe(0x08000010), '0x08000010');
  assert.equal(symbols.describe(0x08000084), 'last+0x4');
  assert.equal(symbols.describe(0x080000fe), 'label+0x6e');
});

test('code that is made at run time, in RAM, has no name', () => {
  const symbols = new Symbols(elf);
  assert.equal(symbols.describe(0x08000100), '0x08000100');
  assert.equal(symbols.describe(0x20002654), '0x20002654');
});
