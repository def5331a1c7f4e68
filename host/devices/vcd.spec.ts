// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { VcdWriter } from './vcd.js';

const dir = mkdtempSync(join(tmpdir(), 'tonewheel-vcd-'));
after(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'out.vcd');

test('header, levels at time 0, then each change under its time', () => {
  const vcd = new VcdWriter(path, 10);
  const rx = vcd.addWire('MIDI_RX', 1);
  const isr = vcd.addWire('ISR_USART2', 0);
  vcd.change(0, isr, 1);
  vcd.change(7, rx, 0);
  vcd.change(7, isr, 0);
  vcd.change(8, rx, 0);
  vcd.change(1_000_000, rx, 1);
  vcd.close(1_000_005);
  assert.equal(readFileSync(path, 'ascii'), [
    '$version tonewheel $end', '$timescale 10 ns $end', '$scope module board $end', '$var wire 1 ! MIDI_RX $end', '$var wire 1 " ISR_USART2 $end',
    '$upscope $end', '$enddefinitions $end', '#0', '$dumpvars', '1!', '0"', '$end', '1"', '#7', '0!', '0"', '#1000000', '1!', '#1000005', '',
  ].join('\n'));
});

test('times of any length are written whole', () => {
  const vcd = new VcdWriter(path, 1);
  const wire = vcd.addWire('W', 0);
  const ticks = [1, 9, 10, 99_999, 999_999, 1_000_000, 1_000_001, 60_000_000_000, 999_999_999_999_999, 1_000_000_000_000_000, 1_000_000_001_000_001, Number.MAX_SAFE_INTEGER - 1];
  ticks.forEach((tick, i) => vcd.change(tick, wire, i % 2 === 0 ? 1 : 0));
  vcd.close(Number.MAX_SAFE_INTEGER);
  const written = readFileSync(path, 'ascii').split('\n').filter((line) => line.startsWith('#')).map((line) => line.slice(1));
  assert.deepEqual(written, ['0', ...ticks.map(String), String(Number.MAX_SAFE_INTEGER)]);
});

test('every wire has an identifier of its own, however many there are', () => {
  const vcd = new VcdWriter(path, 100);
  for (let i = 0; i < 9000; i++) vcd.addWire(`W${i}`, 0);
  vcd.close(1);
  const codes = readFileSync(path, 'ascii').split('\n').filter((line) => line.startsWith('$var')).map((line) => line.split(' ')[3]);
  assert.equal(new Set(codes).size, 9000);
  assert.ok(codes.every((code) => /^[!-~]+$/.test(code)));
});

test('more than a buffer goes out in pieces, none lost', () => {
  const vcd = new VcdWriter(path, 1000);
  const wire = vcd.addWire('W', 0);
  for (let i = 1; i <= 100_000; i++) vcd.change(i, wire, (i & 1) as 0 | 1);
  vcd.close(100_001);
  const lines = readFileSync(path, 'ascii').split('\n');
  const from = lines.indexOf('#1');
  for (let i = 1; i <= 100_000; i++) assert.equal(`${lines[from + 2 * i - 2]} ${lines[from + 2 * i - 1]}`, `#${i} ${i & 1}!`);
});

test('wrong use is an error: going back in time, names taken or with spaces, a wire after the first change', () => {
  const vcd = new VcdWriter(path, 1);
  const wire = vcd.addWire('W', 0);
  assert.throws(() => vcd.addWire('W', 0), /already/);
  assert.throws(() => vcd.addWire('two words', 0), /no name/);
  vcd.change(5, wire, 1);
  assert.throws(() => vcd.change(4, wire, 0), RangeError);
  assert.throws(() => vcd.addWire('V', 0), /has been written/);
  vcd.abort();
});

test('the file appears when it is closed; aborted, nothing stays and nothing is harmed', () => {
  const only = join(dir, 'only.vcd');
  writeFileSync(only, 'before');
  const aborted = new VcdWriter(only, 1);
  aborted.change(1, aborted.addWire('W', 0), 1);
  aborted.abort();
  assert.equal(readFileSync(only, 'ascii'), 'before');
  const fresh = new VcdWriter(join(dir, 'fresh.vcd'), 1);
  fresh.addWire('W', 0);
  assert.ok(!existsSync(join(dir, 'fresh.vcd')));
  fresh.close(1);
  assert.deepEqual(readdirSync(dir).sort(), ['fresh.vcd', 'only.vcd', 'out.vcd']);
  assert.throws(() => new VcdWriter(join(dir, 'no', 'such.vcd'), 1), /ENOENT/);
});
