// SPDX-License-Identifier: MIT
// The bound of the C stack against how deep the emulated core really gets: the image runs on a stack that is painted once it has booted.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadBoard } from '../../host/index.js';
import { buildImage } from '../../host/build/image/image.js';
import { checkFirmware } from '../../host/check/check.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { without } from '../../host/testing/needs.js';

const BOARD = loadBoard('stm32f4-discovery');
const TONE = 'assembly/firmware/tone.ts';
const PAINT = 0xa5;
/** Below the stack's end there are 32 bytes that nobody may touch. */
const GUARD_BYTES = 32;

describe('the C stack', { skip: without('arm-none-eabi-gcc') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-stack-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const engine of ['aot', 'kernels'] as const) {
    it(`is never deeper than its bound, with engine ${engine}`, async () => {
      const { stack } = await checkFirmware({ firmware: TONE, board: BOARD, engine });
      assert.deepEqual(stack!.missing, []);
      const { worstBytes, reserveBytes, nesting } = stack!.c;
      // Main, and a handler of each of the two priorities, with the frame that the core pushes: 26 words, and one to align it.
      assert.deepEqual(nesting.map(({ context, exceptionBytes }) => [context, exceptionBytes]), [['main', 0], ['PendSV', 108], ['DMA1_Stream5', 108]]);
      assert.equal(worstBytes, nesting.reduce((sum, { byteCount }) => sum + byteCount, 0));
      assert.ok(worstBytes! <= reserveBytes);

      const image = await buildImage({ board: BOARD, firmware: TONE, engine, out: join(directory, engine), onTrap: 'halt' });
      const board = new ImageBoard(image, {});
      const bottom = board.symbols.addressOf('tw_stack_guard')! + GUARD_BYTES;
      const top = board.symbols.addressOf('tw_stack_top')!;
      assert.equal(top - bottom, reserveBytes);
      let before = 0;
      board.at(0.25, () => {
        before = top - board.registers[13];
        board.load(bottom, new Uint8Array(board.registers[13] - bottom).fill(PAINT));
      });
      board.run(0.5);
      await board.check();
      let deepest = bottom;
      while (deepest < top && board.wordAt(deepest) === 0xa5a5a5a5) deepest += 4;
      const used = top - deepest;
      assert.ok(used <= worstBytes!, `${used} bytes are used, ${worstBytes} are the bound`);
      assert.ok(used > before + 32, `${used} bytes are used, ${before} before any handler ran on the painted stack`);
    });
  }
});
