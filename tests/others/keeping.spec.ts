// SPDX-License-Identifier: MIT
// What outlives a reset, and what causes one: flash, backup domain, watchdogs; sleep and stop.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emulatable, loadBoard } from '../../host/boards/index.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

describe('firmware by others: flash, clock, watchdogs, stop', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('goes on from reset to reset', () => {
    // X3, whose place on the board is empty, soldered on; a quick one, for the test's sake.
    const discovery = emulatable(loadBoard('stm32f4-discovery'));
    const board = firmware.board('keeping', {}, [], {
      ...discovery, oscillators: { ...discovery.oscillators, LSE: 32_768 }, startUp: { ...discovery.startUp, lseMicroseconds: 50_000 },
    });
    board.pin('PA0').set(0);
    const slept: [number, number][] = [];
    board.machine.observers.add({
      sleep: (from, to) => {
        slept.push([from, to]);
      },
      exceptionEnter() {}, exceptionExit() {}, blockBoundary() {}, midiByte() {},
    });
    // The button is pressed and let go as long as the core sleeps.
    const press = (): number => {
      board.pin('PA0').set(board.cpu.asleep && board.pin('PA0').level === 0 ? 1 : 0);
      return board.now + 0.05;
    };
    board.at(0.05, press);
    runToExit(board, 20);
    const log = Array.from({ length: 13 }, (_, i) => word(board, 'log_', i));
    assert.ok(log[0] <= 2, `a core that runs from flash stands still during an erase, and ticks are lost: ${log[0]}`);
    assert.equal(log[1], 0x49e3c2fb, 'CRC-32/MPEG-2 of "12345678"');
    assert.deepEqual(log.slice(2, 4), [1024, 0x413]);
    assert.ok(log[4] >= 1900 && log[4] <= 2100, `the alarm came after ${log[4]} ms`);
    assert.deepEqual([log[5], log[6]], [0, (0x24 << 16) | (7 << 13) | (2 << 8) | 0x29], 'midnight, on a leap day');
    assert.deepEqual([log[7], log[9]], [0, 2], 'after stop mode the chip runs by HSI');
    assert.ok(log[8] <= 1, `the tick stood still in stop mode: ${log[8]}`);
    assert.deepEqual(log.slice(10, 12), [1, 1]);
    assert.ok(slept.length >= 2);
    // RM0090 7.3.21, bits 25 to 31: BOR, PIN, POR, SFT, IWDG, WWDG, LPWR.
    assert.deepEqual([0, 1, 2, 3].map((i) => word(board, 'causes', i)), [0b111, 0b1010, 0b10010, 0b100010]);
    assert.deepEqual(board.machine.diagnostics.map((d) => d.message), ['FLASH_CR was written while it is locked; the write is lost']);
  });
});
