// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadBoard } from '../boards/index.js';
import { choose, programmersOf } from './choose.js';
import { DFU, STLINK, TEENSY, type ProgrammerKind } from './usb.js';

const programmers = programmersOf(loadBoard('weact-blackpill-f411'));
const find = (...names: string[]) => (tool: string) => (names.includes(tool) ? `/bin/${tool}` : undefined);
const plugged = (...kinds: ProgrammerKind[]) => kinds.map((kind) => ({ kind, product: kind.products[0], node: '/dev/bus/usb/001/002', mayOpen: true }));
const chosen = (...args: Parameters<typeof choose>) => choose(...args)?.programmer.tool;

test('the board prefers its boot loader, and has an ST-LINK as another way', () => {
  assert.deepEqual(programmers.map((p) => p.tool), ['dfu-util', 'openocd', 'st-flash']);
  assert.deepEqual(programmersOf(loadBoard('mps2-an386')), []);
});

test('the first tool that is installed is taken', () => {
  assert.deepEqual(choose(programmers, find('openocd', 'dfu-util')), { programmer: programmers[0], program: '/bin/dfu-util' });
  assert.equal(chosen(programmers, find('st-flash')), 'st-flash');
  assert.equal(chosen(programmers, find()), undefined);
});

test('one whose programmer is plugged in goes first', () => {
  const all = find('openocd', 'dfu-util', 'st-flash');
  assert.equal(chosen(programmers, all, plugged(STLINK)), 'openocd');
  assert.equal(chosen(programmers, all, plugged(STLINK, DFU)), 'dfu-util');
  assert.equal(chosen(programmers, all, plugged(TEENSY)), 'dfu-util');
  assert.equal(chosen(programmers, find('dfu-util', 'st-flash'), plugged(STLINK)), 'st-flash');
});
