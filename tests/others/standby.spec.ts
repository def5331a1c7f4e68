// SPDX-License-Identifier: MIT
// The chip's two deep sleeps, each left by PA0.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit } from './firmware.js';

describe('firmware by others: deep sleep', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('leaves stop mode by an event, and standby by WKUP with a reset', () => {
    const board = firmware.board('standby');
    board.pin('PA0').set(0);
    const levels: [number, 0 | 1][] = [[0.05, 1], [0.06, 0], [0.3, 1]];
    for (const [seconds, level] of levels) board.at(seconds, () => board.pin('PA0').set(level));
    runToExit(board);
    assert.equal(board.resetCount, 1);
    assert.ok(board.now > 0.3 && board.now < 0.31, `${board.now}`);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
