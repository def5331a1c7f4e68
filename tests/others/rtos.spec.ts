// SPDX-License-Identifier: MIT
// A pre-emptive kernel with an FPU context, priorities, and buttons that bounce.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Switch } from '../../host/devices/switch.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

describe('firmware by others: a kernel', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('switches tasks with their FPU registers, and counts presses of bouncing buttons', () => {
    const board = firmware.board('rtos');
    const bounceSeconds = [0.0003, 0.0008, 0.0015, 0.0021];
    const button = (pad: string, closedLevel: 0 | 1) => new Switch(board.machine.timeline, board.time, board.chip.pad(pad), { closedLevel, bounceSeconds });
    const [user, other] = [button('PA0', 1), button('PC13', 0)];
    const change: [number, Switch, boolean][] = [[0.02, user, true], [0.04, user, false], [0.06, other, true], [0.08, other, false], [0.1, user, true], [0.12, user, false]];
    for (const [seconds, which, closed] of change) board.at(seconds, () => { which.closed = closed; });
    runToExit(board);
    assert.equal(word(board, 'wrong'), 0);
    const rounds = [0, 1, 2].map((n) => word(board, 'rounds', n));
    for (const n of rounds) assert.ok(n > 10_000, `${rounds}`);
    const shared = word(board, 'sharedCount'), sum = rounds.reduce((a, b) => a + b);
    assert.ok(shared - sum >= 0 && shared - sum <= 2, `${shared} increments in ${sum} rounds`);
    assert.ok(word(board, 'switches') >= 145, `${word(board, 'switches')}`);
    assert.equal(word(board, 'presses'), 3);
    assert.equal(word(board, 'rawEdges'), 6 * 5);
    assert.equal(word(board, 'guarded'), 0);
    const order = Array.from({ length: word(board, 'orders') }, (_, i) => word(board, 'order', i));
    // 4 is the most urgent of the three that waited; 1 goes before 2, and is pre-empted by 3.
    assert.deepEqual(order, [4, 1, 3, 10, 2]);
    assert.equal(board.faultCount, 0);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
