// SPDX-License-Identifier: MIT
// Timers on wires: PWM, capture through a wire from one pad to another, encoder, single pulses, dead time.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ElfBoard } from '../../host/emulator/elf-board.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

type Edge = readonly [cycle: number, level: 0 | 1];
const edgesOf = (board: ElfBoard, pad: string): Edge[] => {
  const edges: Edge[] = [];
  board.pin(pad).onEdge((level, cycle) => edges.push([cycle, level]));
  return edges;
};

/** Lengths of the highs that are whole, in cycles. */
const highs = (edges: readonly Edge[]): number[] => edges.flatMap(([cycle, level], i) => (level === 1 && i + 1 < edges.length ? [edges[i + 1][0] - cycle] : []));

describe('firmware by others: timers', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('measures its own PWM, follows an encoder, and drives a half bridge', () => {
    const board = firmware.board('timers');
    const us = 168;
    board.pin('PA0').set(0);
    board.pin('PD12').onEdge((level) => board.pin('PA0').set(level));
    const [second, third, fourth, pulse, upper, lower] = ['PD13', 'PD14', 'PD15', 'PB10', 'PE9', 'PE8'].map((pad) => edgesOf(board, pad));
    // 30 quarter steps forward and 10 back, a millisecond each quarter of it.
    const quarters = [...Array(30).keys(), ...Array(10).keys()];
    let angle = 0;
    for (const pad of ['PC6', 'PC7']) board.pin(pad).set(0);
    quarters.forEach((_, i) => board.at(0.006 + 0.00025 * i, () => {
      angle += i < 30 ? 1 : -1;
      board.pin('PC6').set(((angle + 1) & 2) !== 0 ? 1 : 0);
      board.pin('PC7').set((angle & 2) !== 0 ? 1 : 0);
    }));
    runToExit(board);
    assert.deepEqual([...new Set(highs(second))], [250 * us]);
    assert.deepEqual([...new Set(highs(third))], [500 * us]);
    assert.ok(fourth.length <= 2 && fourth.at(-1)![1] === 1, 'a compare value above the period is always on');
    assert.equal(word(board, 'encoder'), 20);
    assert.equal(word(board, 'encoderDown'), 1);
    assert.equal(word(board, 'pulses'), 3);
    assert.deepEqual(highs(pulse), [50 * us, 50 * us, 50 * us]);

    // 4200 up and down again at 168 MHz; on while the counter is below 1400, less the dead time.
    const pairs = highs(upper).slice(1);
    assert.ok(pairs.length > 30, `${pairs.length}`);
    assert.deepEqual([...new Set(pairs)], [2800 - 168]);
    assert.deepEqual([...new Set(highs(lower).slice(1))], [2 * 4200 - 2800 - 168]);
    const falls = upper.filter(([, level]) => level === 0).map(([cycle]) => cycle).slice(1);
    const rises = lower.filter(([, level]) => level === 1).map(([cycle]) => cycle);
    for (const fall of falls.slice(1, 20)) assert.equal(rises.find((cycle) => cycle >= fall)! - fall, 168);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
