// SPDX-License-Identifier: MIT
// More than 400,000 interrupts at times that nothing foresees, nested by priority, on QEMU's Cortex-M4F: every computation of main and handlers gives
// what it gives undisturbed, and nothing is allocated after boot (which would be a trap).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { loadBoard } from '../../host/boards/index.js';
import type { ImageOptions } from '../../host/build/image/image.js';
import { addressOf, logOf, onQemu, withImage } from './demo.js';

const variants: Pick<ImageOptions, 'engine' | 'wasm3'>[] = [{ engine: 'wasm3' }, { engine: 'wasm3', wasm3: 'reference' }, { engine: 'aot' }];

for (const variant of variants) {
  test(`engine ${variant.engine}${variant.wasm3 ? `, wasm3 ${variant.wasm3}` : ''}`, { skip: without('arm-none-eabi-gcc', 'qemu-system-arm') }, async () => {
    await withImage({ firmware: 'tests/image/preemption.as.ts', board: loadBoard('mps2-an386'), ...variant }, (image, elf) => onQemu(image, undefined, async (qemu) => {
      await qemu.until('the end of the storm', async () => (await logOf(qemu, elf)).includes('\n'));
      const [interrupts, nested, wrong, checks] = (await logOf(qemu, elf)).split(' ').map(Number);
      assert.ok(interrupts >= 400_000, `${interrupts} interrupts`);
      assert.ok(nested >= 10_000, `${nested} of them pre-empted a handler`);
      assert.equal(wrong, 0, `${wrong} of the handlers' and main's computations gave something else`);
      assert.ok(checks >= 100_000, `${checks} computations of main`);
      assert.equal(await qemu.word(addressOf(elf, 'tw_last_trap')), 0);
    }));
  });
}
