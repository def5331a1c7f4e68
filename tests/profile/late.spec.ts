// SPDX-License-Identifier: MIT
// What a profile says of a firmware whose rendering is too slow: for a block that is due before its time is over, and for one that never ends.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import type { ProfileResult } from '../../host/profile/profile-result.js';
import { BOARD, firmware, Workplace } from '../cli/cli.js';

const place = new Workplace();
place.write('package.json', '{}');

/** The tone with so many sines for each frame: each takes some 19 cycles. */
function writeTone(sines: number): void {
  const text = readFileSync(firmware('tone'), 'utf8').replaceAll('"../', '"tonewheel/assembly/').replace(', { budget: 50000 }', '')
    .replace('store<f32>(samples + (i << 2), 0.25 * sine(phase));', `let y: f32 = 0; for (let v = 0; v < ${sines}; v++) y += 0.001 * sine(phase * v); store<f32>(samples + (i << 2), y);`);
  assert.ok(text.includes(`v < ${sines}`));
  place.write('slow.ts', text);
}

/** The DMA reads into a FIFO of four frames (RM0090 10.3.13: four words), and the writer wants one more between. */
const FRAMES = 32;
const AHEAD = 5;

async function profiled(): Promise<{ result: ProfileResult; words: string; page: string }> {
  const { stdout: words, code, stderr } = await place.run('profile', 'slow.ts', ...BOARD, '--seconds', '0.1', '--report', 'out');
  assert.equal(code, 0, stderr);
  return { result: JSON.parse(readFileSync(place.path('out/profile.json'), 'utf8')) as ProfileResult, words: words.replace(/\s+/g, ' '), page: readFileSync(place.path('out/profile.html'), 'utf8') };
}

describe('a block that is rendered in less than its time, but not soon enough', () => {
  let [result, words, page] = [{} as ProfileResult, '', ''];
  before(async () => {
    writeTone(165);
    ({ result, words, page } = await profiled());
  });

  it('is late while the core has time left, and the profile says when it was due', () => {
    const { run, load, rendering } = result;
    assert.ok(run.lateBlocks > 100 && load.max < 0.95 * load.budget, `${run.lateBlocks} late, ${load.max} of ${load.budget}`);
    assert.ok(rendering);
    assert.equal(rendering.deadlineFrames, FRAMES - AHEAD);
    assert.ok(Math.abs(rendering.deadlineCycles - ((FRAMES - AHEAD) / FRAMES) * result.worst!.lengthCycles) < 1);
    assert.ok(rendering.response.min > rendering.deadlineCycles && rendering.response.max < FRAMES * load.budget);
    // All blocks are late that one of these runs should have filled; the first two are silence from the start.
    assert.ok(Math.abs(rendering.late - run.lateBlocks) <= 1, `${rendering.late}, ${run.lateBlocks}`);
  });

  it('is explained in the terminal and on the page, on which there is no headroom', () => {
    const why = /Late because rendering took too long: a block must be ready 56\d\.\d\sµs after its turn to be rendered comes, 27 of its 32 frames, and PendSV took up to \d+\.\d\sµs/;
    assert.match(words, why);
    assert.match(page, why);
    assert.match(page, /<h3>Headroom<\/h3><p class="value">none<\/p><p class="detail">the slowest block was ready after \d+\.\d\u00a0µs, and due after 56\d\.\d\u00a0µs/);
  });
});

describe('a run with late blocks', () => {
  it('ends with what to type for why, in one line, which says it', async () => {
    writeTone(165);
    const { stdout } = await place.run('run', 'slow.ts', ...BOARD, '--seconds', '0.05', '--seed', '7');
    const [, command] = /^Why late: npx tonewheel (profile slow\.ts --board stm32f4-discovery --seconds 0\.05 --seed 7)$/m.exec(stdout)!;
    assert.match((await place.run(...command.split(' '))).stdout, /Late because rendering took too long/);
    writeTone(10);
    assert.doesNotMatch((await place.run('run', 'slow.ts', ...BOARD, '--seconds', '0.05')).stdout, /Why late/);
  });
});

describe('a handler that has not returned when the run ends', () => {
  let [result, words, page] = [{} as ProfileResult, '', ''];
  before(async () => {
    writeTone(200);
    ({ result, words, page } = await profiled());
  });

  it('has no run that ended, and its cycles apart', () => {
    const handler = result.handlers.find(({ name }) => name === 'PendSV')!;
    assert.equal(handler.count, 0);
    const { cycles } = result.time.find(({ name }) => name === 'PendSV')!;
    assert.equal(handler.unfinishedCycles, cycles);
    assert.ok(cycles > 0.85 * result.run.cycles);
  });

  it('is named in the terminal and on the page', () => {
    for (const text of [words, page]) assert.match(text, /PendSV had not returned when the run ended, after \d+\.\d+\sms of its own/);
    assert.match(words, /PendSV 0 –/);
    assert.match(page, /one, not ended/);
    assert.match(words, /Late because rendering takes longer than there is time/);
  });
});
