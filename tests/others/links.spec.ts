// SPDX-License-Identifier: MIT
// USB and CAN come up; what is not modelled is told of by name and held up by --strict alone.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmulationError } from '../../host/emulator/elf-board.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, word } from './firmware.js';

describe('firmware by others: USB, CAN, Ethernet, SD card', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('sets USB up without a host, and hears its own CAN frame', () => {
    const board = firmware.board('links');
    runToExit(board);
    assert.deepEqual([0, 1, 2].map((i) => word(board, 'received', i)), [0x321, 4, 0x44332211]);
  });

  it('goes on over Ethernet and SD card, and names each register once', () => {
    const board = firmware.board('links', { strict: false }, ['-DUNMODELLED']);
    runToExit(board);
    const found = board.machine.diagnostics.filter((d) => d.where === 'ETH' || d.where === 'SDIO').map((d) => `${d.where}: ${d.message}`);
    for (const name of ['ETH', 'SDIO']) assert.ok(found.some((text) => text.startsWith(name)), `${name} in ${found.join('\n')}`);
    assert.equal(new Set(found).size, found.length);
    assert.ok(found.length <= 6, found.join('\n'));
    assert.match(found.join('\n'), /SDIO_CLKCR/);
    assert.equal(word(board, 'received'), 0x321);
  });

  it('ends at the first of them where that is asked for', () => {
    const board = firmware.board('links', { strict: true }, ['-DUNMODELLED']);
    assert.throws(() => board.run(1), (error: Error) => error instanceof EmulationError && /ETH/.test(error.message) && /unmodelled|links\.c/.test(error.message));
  });
});
