// SPDX-License-Identifier: MIT
// Firmware may render in PendSV, in the handler of the audio's DMA, or in its main program: a profile finds out which, and how soon blocks are ready.
// The firmware's own clock is the oracle: cycles from the DMA's interrupt until a block is written, kept in a gauge.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { without } from '../../host/testing/needs.js';
import { BOARD, firmware, Workplace } from '../cli/cli.js';

const place = new Workplace();
place.write('package.json', '{}');

const INTERRUPT = '@isr("AUDIO_DMA", 2)\nfunction halfPlayed(): void {\n  audioOutInterrupt();\n';
const KINDS = {
  PendSV: { vector: 'PendSV', main: 'while (true) waitForInterrupt();', handlers: `${INTERRUPT}}\n\n@isr("PendSV", 15)\nfunction asked(): void {\n  render();\n}\n` },
  DMA: { vector: 'DMA1_Stream5', main: 'while (true) waitForInterrupt();', handlers: `${INTERRUPT}  render();\n}\n` },
  'main, which sleeps': { vector: 'main', main: 'while (true) {\n    waitForInterrupt();\n    render();\n  }', handlers: `${INTERRUPT}}\n` },
  'main, which polls': { vector: 'main', main: 'while (true) render();', handlers: `${INTERRUPT}}\n` },
} as const;
const ALL = ['PendSV', 'DMA', 'main, which sleeps', 'main, which polls'] as const;

/** The tone, rendered in one of four ways, with so many sines for each frame. */
function write({ main, handlers }: { main: string; handlers: string }, sines: string): void {
  const tone = readFileSync(firmware('tone'), 'utf8').replaceAll('"../', '"tonewheel/assembly/');
  const imports = tone.slice(0, tone.indexOf('const FRAMES')).replace('audioOutInterrupt,', 'audioOutInterrupt, audioOutInterruptCycle,').replace('{ waitForInterrupt }', '{ cycleCounter, waitForInterrupt }');
  const data = tone.slice(tone.indexOf('const FRAMES'), tone.indexOf('export function init'));
  place.write('tone.ts', `${imports}import { Counter, raiseGauge } from "tonewheel/assembly/shim/counters";
${data}let block: i32 = 0;

export function init(): void {
  assert(boardInit(FRAMES) == 0 && boardStart() == 0);
}

export function main(): void {
  ${main}
}

function render(): void {
  while (audioOutBlockDue()) {
    block++;
    const sines = ${sines};
    for (let i = 0; i < FRAMES; i++) {
      let y: f32 = 0;
      for (let v = 0; v < sines; v++) y += sine(phase * v);
      store<f32>(samples + (i << 2), 0.001 * y);
      phase += STEP;
    }
    interleave(samples, samples, frames, FRAMES);
    audioOutWrite(frames);
    raiseGauge(Counter.eventQueueHigh, cycleCounter() - audioOutInterruptCycle());
  }
}

${handlers}`);
}

async function profiled(seconds: string, ...more: string[]): Promise<{ result: ProfileResult; words: string }> {
  const { stdout, code, stderr } = await place.run('profile', 'tone.ts', ...BOARD, '--seconds', seconds, '--report', 'out', ...more);
  assert.equal(code, 0, stderr);
  return { result: JSON.parse(readFileSync(place.path('out/profile.json'), 'utf8')) as ProfileResult, words: stdout.replace(/\s+/g, ' ') };
}

/** A main program that polls is looked at from time to time. */
const LOOK_CYCLES = 512;

/** For machine code, and for what is interpreted, which has time for fewer sines and takes longer to boot. */
const COMPILED = { many: 70, few: 12, seconds: '0.05', around: 500 } as const;
const INTERPRETED = { many: 6, few: 1, seconds: '0.15', around: 2000 } as const;
/**
 * `many` and `few`: sines for each frame, of the slowest blocks and of the others. `around`: most cycles from the boundary until the DMA's handler reads
 * the clock, and from the last read until the handler has returned.
 */
const RUNS = [
  { cpu: 'wasm', engine: 'aot', kinds: ALL, ...COMPILED },
  { cpu: 'wasm3', engine: 'wasm3', kinds: ALL, ...INTERPRETED },
  { cpu: 'arm', engine: 'aot', kinds: ALL, ...COMPILED },
  { cpu: 'arm', engine: 'kernels', kinds: ['PendSV', 'DMA'], ...INTERPRETED },
  { cpu: 'arm', engine: 'wasm3', kinds: ['main, which sleeps'], ...INTERPRETED },
] as const;

for (const { cpu, engine, kinds, many, few, seconds, around: most } of RUNS) {
  describe(`rendering on CPU ${cpu}, engine ${engine}`, { skip: cpu === 'arm' && without('arm-none-eabi-gcc') }, () => {
    for (const name of kinds) {
      it(`in ${name}`, async () => {
        const kind = KINDS[name];
        write(kind, `block % 8 == 0 ? ${many} : ${few}`); // one block of eight takes several times as long
        const { result: { run, rendering }, words } = await profiled(seconds, '--cpu', cpu, '--engine', engine);
        assert.ok(rendering);
        assert.equal(rendering.vector, kind.vector);
        assert.deepEqual([run.lateBlocks, rendering.late], [0, 0]);
        const own = run.gauges.eventQueueHigh;
        const around = rendering.response.max - own;
        assert.ok(own > 30_000 && around > 0 && around < most + (kind.vector === 'main' ? LOOK_CYCLES : 0), `${rendering.response.max} cycles, ${own} by the firmware's clock`);
        const { min, mean, max } = rendering.response;
        assert.ok(max > 1.8 * min && Math.abs(mean - (min + (max - min) / 8)) < 0.1 * (max - min), JSON.stringify(rendering.response)); // one of eight is slow
        assert.ok(words.includes(`by ${kind.vector === 'main' ? 'the main program' : kind.vector} `));
      });
    }
  });
}

describe('rendering that is too slow', () => {
  it('in the handler of the DMA: each run that was not done in time is late', async () => {
    write(KINDS.DMA, 'block & 1 ? 190 : 20');
    const { result: { run, rendering }, words } = await profiled('0.05');
    assert.equal(rendering!.vector, 'DMA1_Stream5');
    assert.ok(rendering!.late > 15 && Math.abs(rendering!.late - run.lateBlocks) <= 1, `${rendering!.late} runs, ${run.lateBlocks} blocks`);
    assert.match(words, /Late because rendering took too long: .* and DMA1_Stream5 took up to/);
  });

  it('in main: each turn that passed without a block is late', async () => {
    write(KINDS['main, which polls'], 'block & 1 ? 190 : 20');
    const { result: { run, rendering }, words } = await profiled('0.05');
    assert.equal(rendering!.vector, 'main');
    assert.ok(rendering!.late > 15 && Math.abs(rendering!.late - run.lateBlocks) <= 1, `${rendering!.late} turns, ${run.lateBlocks} blocks`);
    assert.match(words, /and the main program had not rendered it by then \d+ times\./);
  });
});
