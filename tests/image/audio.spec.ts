// SPDX-License-Identifier: MIT
// The images of the demo boot on QEMU's Cortex-M4F and M7 and play the very frames that the emulated board plays, whichever engine they have.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { loadBoard } from '../../host/boards/index.js';
import type { ImageOptions } from '../../host/build/image/image.js';
import { FRAME_BYTES, onQemu, playReference, SYNTH, withImage, type Reference } from './demo.js';

/** Chords with their releases and all effects sound by then. Set it higher to hear more of the piece; a second of wasm3 as it comes takes half a minute. */
const SECONDS = Number(process.env.TONEWHEEL_QEMU_SECONDS ?? 2);
const FRAMES = Math.floor((SECONDS - 0.5) * 47_991);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the demo on QEMU', { skip: without('arm-none-eabi-gcc', 'qemu-system-arm') }, () => {
  let reference: Reference;
  before(async () => {
    reference = await playReference(SECONDS);
    assert.ok(reference.audio.length >= FRAMES * FRAME_BYTES);
    assert.ok(reference.audio.subarray(FRAMES * 2).some((byte) => byte !== 0), 'there is something to hear');
  });

  const variants: Pick<ImageOptions, 'engine' | 'wasm3'>[] = [{ engine: 'wasm3' }, { engine: 'wasm3', wasm3: 'reference' }, { engine: 'kernels' }, { engine: 'aot' }];
  for (const board of ['mps2-an386', 'mps2-an500']) {
    for (const variant of variants) {
      test(`${board}, ${variant.engine}${variant.wasm3 ? `, wasm3 ${variant.wasm3}` : ''}: the same samples`, async () => {
        await withImage({ firmware: SYNTH, board: loadBoard(board), ...variant }, (image) => onQemu(image, reference.events, async (qemu) => {
          const byteCount = FRAMES * FRAME_BYTES;
          await qemu.untilSent(1, byteCount);
          assert.equal(sha256(await qemu.sent(1, byteCount)), sha256(reference.audio.subarray(0, byteCount)));
        }));
      });
    }
  }
});
