// SPDX-License-Identifier: MIT
// How many voices fit: with so many the firmware passes, with one more it is late.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CheckResult } from '../../host/check/check-result.js';
import { BOARD, Workplace } from '../cli/cli.js';

/** Sines, mixed. */
const firmwareOf = (voices: number): string => `import { waitForInterrupt } from "tonewheel/assembly/shim/abi";
import { boardInit, boardStart } from "tonewheel/assembly/drivers/board";
import { audioOutBlockDue, audioOutInterrupt, audioOutWrite } from "tonewheel/assembly/drivers/audio-out";
import { interleave } from "tonewheel/assembly/audio/output";
import { sine } from "tonewheel/assembly/audio/oscillators";
const VOICE_COUNT: i32 = ${voices};
const FRAMES: i32 = 32;
const samples = memory.data(32 * sizeof<f32>());
const frames = memory.data(32 * 4);
const phases = memory.data(1024 * 4);
export function init(): void { assert(boardInit(FRAMES) == 0 && boardStart() == 0); }
export function main(): void { while (true) waitForInterrupt(); }
@isr("AUDIO_DMA", 2)
function halfPlayed(): void { audioOutInterrupt(); }
@isr("PendSV", 15)
function render(): void {
  // @bound(1)
  while (audioOutBlockDue()) {
    for (let i = 0; i < FRAMES; i++) {
      let sum: f32 = 0;
      for (let v = 0; v < VOICE_COUNT; v++) {
        const phase = load<u32>(phases + (v << 2)) + 1000000 * (v + 1);
        store<u32>(phases + (v << 2), phase);
        sum += 0.01 * sine(phase);
      }
      store<f32>(samples + (i << 2), sum);
    }
    interleave(samples, samples, frames, FRAMES);
    audioOutWrite(frames);
  }
}
`;

const place = new Workplace({ PATH: '' });

async function checked(voices: number): Promise<CheckResult> {
  place.write('voices.ts', firmwareOf(voices));
  const { stdout, stderr } = await place.run('check', 'voices.ts', ...BOARD, '--engine', 'aot', '--json');
  assert.ok(stdout.startsWith('{'), stdout + stderr);
  return JSON.parse(stdout);
}

it('finds the number of voices that fit, by engine', async () => {
  const { voices, block } = await checked(12);
  assert.deepEqual([voices!.constant, voices!.now, voices!.compared, voices!.line], ['VOICE_COUNT', 12, 6, 6]);
  assert.deepEqual(voices!.engines.map(({ engine }) => engine), ['aot', 'kernels', 'wasm3']);
  // 32 frames at the rate of the board's clocks, 86 MHz / 1792, of which the DMA reads five ahead.
  assert.equal(block!.frameCount, 32);
  assert.ok(Math.abs(block!.deadlineCycles - (27 * 168e6 * 1792) / 86e6) < 1, `${block!.deadlineCycles}`);
  const [aot, kernels] = voices!.engines;
  assert.ok(aot.fits! > kernels.fits! && aot.fits! > 12, JSON.stringify(voices));
  const [most, tooMany] = [await checked(aot.fits!), await checked(aot.fits! + 1)];
  assert.equal(most.handlers.at(-1)!.verdict, 'meets');
  assert.equal(most.voices!.engines[0].fits, aot.fits);
  assert.equal(tooMany.handlers.at(-1)!.verdict, 'late');
  assert.equal(tooMany.passed, false);
});
