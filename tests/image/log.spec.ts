// SPDX-License-Identifier: MIT
// The log never blocks: what does not fit is left out whole, and counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { loadBoard } from '../../host/boards/index.js';
import { addressOf, logOf, onQemu, withImage } from './demo.js';

test('of 2,000 bytes that nobody reads, a log of 1,024 keeps 102 whole lines', { skip: without('arm-none-eabi-gcc', 'qemu-system-arm') }, async () => {
  await withImage({ firmware: 'tests/image/log.as.ts', board: loadBoard('mps2-an386'), engine: 'aot' }, (image, elf) => onQemu(image, undefined, async (qemu) => {
    const dropped = addressOf(elf, 'tw_log_dropped');
    await qemu.until('the last line', async () => (await qemu.word(dropped)) === 2000 - 1020);
    assert.equal(await logOf(qemu, elf), '012345678\n'.repeat(102));
  }));
});
