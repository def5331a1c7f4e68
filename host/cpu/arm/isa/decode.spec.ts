// SPDX-License-Identifier: MIT
// The instruction table as a whole: no encoding belongs to two unrelated rows, what the manual leaves undefined is undefined, and GNU objdump reads it alike.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findOnPath } from '../../../tools/path.js';
import { compileTable, decode, PATTERNS, UNDEFINED, type Pattern } from './decode.js';
import type { Row } from './row.js';

/** A generator of 32-bit numbers (xorshift), so that a failure comes again. */
function numbers(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** A random encoding of a pattern whose should-be bits are as they should. */
const encoding = (p: Pattern, random: number): number =>
  (((random & ~(p.mask | p.shouldMask)) | p.value | p.shouldBe) & (p.length === 4 ? -1 : 0xffff)) >>> 0;

const halves = (bits: number, length: number): [number, number] => (length === 4 ? [bits >>> 16, bits & 0xffff] : [bits, 0]);

function patternsThatAccept(bits: number, length: number): Pattern[] {
  return PATTERNS.filter((p) => {
    if (p.length !== length || ((bits ^ p.value) & p.mask) !== 0) return false;
    const fields = Object.fromEntries(p.places.map(({ name, shift, mask }) => [name, (bits >>> shift) & mask]));
    return p.row.when?.(fields) ?? true;
  });
}

/** Whether the first pattern is a special case of the others, and so may stand before them. */
const isSpecialCase = ([first, ...others]: readonly Pattern[]): boolean => others.every((p) => (p.mask & ~first.mask) === 0 && p.mask !== first.mask);

describe('the instruction table', () => {
  it('gives every 16-bit encoding to one row at most, and leaves only the holes of the manual', () => {
    const holes: number[] = [];
    for (let hw = 0; hw < 0xe800; hw++) {
      const rows = patternsThatAccept(hw, 2).map((p) => p.row);
      assert.ok(rows.length <= 1, `0x${hw.toString(16)}: ${rows.map((r) => r.name).join(' and ')}`);
      assert.equal(decode(hw, 0, 0, false).row, rows[0] ?? UNDEFINED);
      if (rows.length === 0) holes.push(hw);
    }
    // A5.2.5: 1011 0110 but for CPS, 0111, 1000, and 1010 10xx.
    const expected = (hw: number) => (hw & 0xffc0) === 0xb600 || (hw & 0xffe0) === 0xb640 || (hw & 0xff80) === 0xb680
      || (hw & 0xff00) === 0xb700 || (hw & 0xff00) === 0xb800 || (hw & 0xffc0) === 0xba80;
    assert.deepEqual(holes.filter((hw) => !expected(hw)).map((hw) => hw.toString(16)), []);
  });

  it('gives each 32-bit encoding to one row, or to a special case before the general one', () => {
    const random = numbers(1);
    for (const p of PATTERNS.filter((pattern) => pattern.length === 4)) {
      for (let i = 0; i < 300; i++) {
        const bits = ((random() & ~p.mask) | p.value) >>> 0;
        const accepting = patternsThatAccept(bits, 4);
        assert.ok(isSpecialCase(accepting), `0x${bits.toString(16)}: ${accepting.map(({ row }) => row.name).join(' and ')}`);
      }
    }
  });

  it('reaches every row', () => {
    const random = numbers(2);
    for (const p of PATTERNS) {
      const found = Array.from({ length: 2000 }, () => encoding(p, random())).some((bits) => decode(...halves(bits, p.length), 0, false).row === p.row);
      assert.ok(found, p.row.name);
    }
  });

  it('refuses a table with two rows of one name, or for one encoding', () => {
    const row = (name: string, pattern: string): Row => ({ name, pattern, timing: 'alu', run: () => {} });
    assert.throws(() => compileTable([row('A', '1111000011110000'), row('A', '0000111100001111')]), /two rows are named A/);
    assert.throws(() => compileTable([row('A', '111100001111 n:4'), row('B', '111100001111 000 x:1')]), /A and B match/);
    assert.throws(() => compileTable([row('A', '11110000')]), /8 bits/);
  });

  it('tells coprocessors that are not there from what is undefined', () => {
    const name = (hw1: number, hw2: number) => decode(hw1, hw2, 0, false).row.name;
    // MCR p3; CDP2 p1; LDC p5; then MRRC p10 with an operation that no unit has; then the two UNDEFINED spaces of A5.3.18.
    assert.equal(name(0xee01, 0x0310), 'No coprocessor');
    assert.equal(name(0xfe01, 0x0100), 'No coprocessor');
    assert.equal(name(0xed91, 0x0500), 'No coprocessor');
    assert.equal(name(0xec01, 0x0300), 'UNDEFINED');
    assert.equal(name(0xef01, 0x0300), 'UNDEFINED');
    // BLX (immediate) and LDR/STR of the sizes that do not exist (A5.3.4, A5.3.10).
    assert.equal(name(0xf000, 0xc000), 'UNDEFINED');
    assert.equal(name(0xf8f1, 0x0000), 'UNDEFINED');
  });
});

/** What objdump prints beyond what a site knows: comments, symbols, conditions of IT. */
const plain = (text: string): string => text.replace(/\s*[;@].*$/, '').replace(/\s*<[^>]*>/, '').replace(/\s+/g, ' ').trim();

/**
 * Where objdump's text is another: options of barriers and hints that the ARMv7-M does not name, byte and halfword literals whose offset looks
 * to it like LDRBT's, and APSR with GE, which it calls CPSR_fs.
 */
const readDifferently = ({ name }: Row, bits: number): boolean =>
  (/^(DSB|DMB|ISB)/.test(name) && (bits & 15) !== 15) || name.startsWith('Hint') || (/^LDRS?[BH] \(literal\)/.test(name) && (bits & 0xf00) === 0xe00)
  || (name === 'MSR T1' && (bits & 0x4ff) === 0x400);

describe('assembler text', { skip: findOnPath('arm-none-eabi-objdump') ? false : 'arm-none-eabi-objdump is not installed' }, () => {
  it('is what GNU objdump prints', () => {
    const random = numbers(3);
    const wanted: { bits: number; length: number; row: Row; text: string }[] = [];
    let pc = 0x8000;
    for (const p of PATTERNS) {
      let count = 0;
      for (let i = 0; i < 400 && count < 12; i++) {
        const bits = encoding(p, random());
        const decoded = decode(...halves(bits, p.length), pc, false);
        // An IT block would put conditions on what follows.
        if (decoded.row !== p.row || decoded.row.unpredictable?.(decoded.fields) || decoded.row.name === 'IT T1') continue;
        wanted.push({ bits, length: p.length, row: p.row, text: p.row.text!(decoded.fields, decoded) });
        pc += p.length;
        count++;
      }
      assert.ok(count > 0 || p.row.unpredictable !== undefined || p.row.name === 'IT T1', p.row.name);
    }
    const bytes = Buffer.concat(wanted.map(({ bits, length }) => {
      const [hw1, hw2] = halves(bits, length);
      return Buffer.from(length === 4 ? [hw1 & 0xff, hw1 >> 8, hw2 & 0xff, hw2 >> 8] : [hw1 & 0xff, hw1 >> 8]);
    }));
    const dir = mkdtempSync(join(tmpdir(), 'tonewheel-'));
    try {
      const file = join(dir, 'code.bin');
      writeFileSync(file, bytes);
      const output = execFileSync('arm-none-eabi-objdump',
        ['-D', '-b', 'binary', '-m', 'armv7e-m', '-M', 'force-thumb,reg-names-std', '--adjust-vma=0x8000', '-z', file], { encoding: 'utf8', maxBuffer: 1 << 26 });
      const lines = [...output.matchAll(/^ +([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$/gm)].map(([, at, , text]) => [parseInt(at, 16), plain(text)] as const);
      const printed = new Map(lines);
      let at = 0x8000;
      const differences: string[] = [];
      for (const { bits, length, row, text } of wanted) {
        if (printed.get(at) !== text && !readDifferently(row, bits)) differences.push(`${row.name} ${bits.toString(16)}: "${text}", objdump "${printed.get(at)}"`);
        at += length;
      }
      assert.deepEqual(differences, []);
      assert.ok(wanted.length > 3000);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
