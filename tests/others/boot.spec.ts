// SPDX-License-Identifier: MIT
// Code and vectors in RAM, other memories at address 0, and a boot loader with its application.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { emulate } from '../../host/emulator/emulate.js';
import { readRunnable } from '../../host/emulator/image-file.js';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit } from './firmware.js';

describe('firmware by others: boot loader', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('runs from RAM, exchanges vectors, remaps, and jumps to the application, which prints by SWO', () => {
    const board = firmware.board('boot');
    const elf = firmware.build('application', ['-Wl,--defsym=FLASH_ORIGIN=0x08010000']);
    const application = readRunnable(elf, loadBoard('stm32f4-discovery'));
    assert.equal(application.start.vectorTable, 0x08010000);
    for (const { address, bytes } of application.segments) board.load(address, bytes);
    runToExit(board);
    assert.deepEqual(board.machine.log.map((l) => l.text), ['application']);
    assert.deepEqual(board.machine.diagnostics, []);
  });

  it('has what an application says by SWO in the result of `emulate`', async () => {
    const elf = firmware.build('application', ['-Wl,--defsym=FLASH_ORIGIN=0x08010000']);
    const { result, code } = await emulate({ board: loadBoard('stm32f4-discovery'), elf, semihosting: 2, overclock: 1 });
    assert.equal(code, 0);
    assert.deepEqual(result.log.map((line) => line.text), ['application']);
    assert.ok(result.log[0].seconds > 0.005 && result.log[0].seconds < 0.02, `${result.log[0].seconds}`);
  });
});
