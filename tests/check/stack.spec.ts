// SPDX-License-Identifier: MIT
// The bound of the C stack against how deep the emulated core really gets: the image runs on a painted stack, from reset on, and on one that is painted again once
// it has booted, with all that a MIDI cable can bring.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadBoard } from '../../host/index.js';
import { buildImage, type Image } from '../../host/build/image/image.js';
import type { EngineName } from '../../host/build/image/engine-names.js';
import { checkFirmware } from '../../host/check/check.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { without } from '../../host/testing/needs.js';
import { traffic } from './traffic.js';

const PAINT = 0xa5;
/** Below the stack's end there are 32 bytes that nobody may touch. */
const GUARD_BYTES = 32;
/** By then all have booted, and the cable is silent. */
const BOOTED_SECONDS = 0.1;
const TRAFFIC_SECONDS = 0.15;

/** Bytes of the C stack that a run has used, all of it, or what came after it had booted. */
async function used(image: Image, wholeRun: boolean, slow: number): Promise<number> {
  const board = new ImageBoard(image, { overclock: 1 / slow });
  const bottom = board.symbols.addressOf('tw_stack_guard')! + GUARD_BYTES;
  const top = board.symbols.addressOf('tw_stack_top')!;
  const paint = (end: number): void => board.load(bottom, new Uint8Array(end - bottom).fill(PAINT));
  if (wholeRun) paint(top);
  else board.at(BOOTED_SECONDS, () => paint(board.registers[13]));
  const pauses = traffic(board.midi, { seed: 1, milliseconds: 1000 * TRAFFIC_SECONDS, fill: 1, faults: true });
  board.at(BOOTED_SECONDS, () => {
    const { done, value } = pauses.next();
    return done ? undefined : board.now + value / 1000;
  });
  board.run(BOOTED_SECONDS + TRAFFIC_SECONDS + 0.05);
  await board.check();
  let deepest = bottom;
  while (deepest < top && board.wordAt(deepest)! >>> 0 === 0xa5a5a5a5) deepest += 4;
  return top - deepest;
}

type Case = readonly [name: string, engine: EngineName, board: string, options?: {
  /** So many times the core is slower than the chip's: handlers come while others are at work. */
  readonly slow?: number;
  /** Part of the bound that the run uses at least. */
  readonly least?: number;
}];

const DISCOVERY = 'stm32f4-discovery';
const EXAMPLES = 'assembly/firmware';
const NESTED = 'tests/check/nested.as.ts';
const CASES: readonly Case[] = [
  [`${EXAMPLES}/tone.ts`, 'aot', DISCOVERY],
  [`${EXAMPLES}/tone.ts`, 'kernels', DISCOVERY],
  [`${EXAMPLES}/synth.ts`, 'aot', DISCOVERY],
  [`${EXAMPLES}/arpeggiator.ts`, 'wasm3', DISCOVERY],
  [`${EXAMPLES}/arpeggiator.ts`, 'aot', DISCOVERY, { slow: 20 }],
  [`${EXAMPLES}/monitor.ts`, 'wasm3', DISCOVERY],
  [`${EXAMPLES}/monitor.ts`, 'aot', DISCOVERY, { slow: 20 }],
  [NESTED, 'aot', DISCOVERY, { least: 0.7 }],
  [NESTED, 'wasm3', DISCOVERY, { least: 0.6 }],
  [NESTED, 'aot', 'pyboard-v11', { least: 0.7 }],
  [NESTED, 'wasm3', 'weact-blackpill-f411', { least: 0.6 }],
];

describe('the C stack', { skip: without('arm-none-eabi-gcc') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-stack-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const [firmware, engine, boardName, { slow = 1, least = 0 } = {}] of CASES) {
    it(`of ${firmware} is never deeper than its bound, with engine ${engine} on ${boardName}`, async (t) => {
      const board = loadBoard(boardName);
      const { stack } = await checkFirmware({ firmware, board, engine });
      assert.deepEqual(stack!.missing, []);
      const { c: { worstBytes, reserveBytes, nesting }, boot } = stack!;
      const nested = nesting.reduce((sum, { byteCount }) => sum + byteCount, 0);
      assert.equal(worstBytes, Math.max(nested, boot!.byteCount));
      assert.ok(worstBytes! <= reserveBytes);
      const image = await buildImage({ board, firmware, engine, out: join(directory, `${engine}-${boardName}`), onTrap: 'halt' });
      const [whole, booted] = [await used(image, true, slow), await used(image, false, slow)];
      t.diagnostic(`${whole} bytes are used of at most ${worstBytes}; after booting ${booted} of at most ${nested}`);
      assert.ok(whole <= worstBytes!, `${whole} bytes are used, ${worstBytes} are the bound`);
      assert.ok(booted <= nested, `${booted} bytes are used after booting, ${nested} are the bound`);
      assert.ok(booted >= least * nested, `${booted} bytes are used, far less than the ${nested} of the bound`);
    });
  }

  for (const engine of ['aot', 'wasm3'] as const) {
    it(`counts what main calls by reference, with engine ${engine}`, async () => {
      const { stack } = await checkFirmware({ firmware: NESTED, board: loadBoard(DISCOVERY), engine });
      const chain = ['first', 'second', 'third', 'fourth', 'fifth'];
      const ofFirmware = (path: readonly string[]): string[] => path.map((name) => name.replace(/^f\d+_/, '')).filter((name) => chain.includes(name));
      assert.deepEqual(ofFirmware(stack!.c.nesting[0].path), chain);
      if (engine === 'wasm3') assert.deepEqual(ofFirmware(stack!.interpreter!.main.nesting[0].path), chain);
    });

    it(`has no bound where main may come to call itself by reference, with engine ${engine}`, async () => {
      const { findings, stack } = await checkFirmware({ firmware: 'tests/check/called-back.as.ts', board: loadBoard(DISCOVERY), engine });
      assert.equal(stack!.c.worstBytes, null);
      assert.deepEqual(findings.map(({ kind, subject, file, line, text }) => [kind, subject, `${file}:${line}`, /count may come to call itself, in main/.test(text)]), [
        ['stack', 'C stack', 'tests/check/called-back.as.ts:15', true],
        ...(engine === 'aot' ? [] : [['stack', "interpreter's main stack", 'tests/check/called-back.as.ts:15', true]]),
      ]);
    });
  }

  it('has a handler of each priority on it, each with the frame that the core pushes', async () => {
    const { stack } = await checkFirmware({ firmware: `${EXAMPLES}/tone.ts`, board: loadBoard(DISCOVERY), engine: 'aot' });
    // 26 words, and one to align it.
    assert.deepEqual(stack!.c.nesting.map(({ context, exceptionBytes }) => [context, exceptionBytes]), [['main', 0], ['PendSV', 108], ['DMA1_Stream5', 108]]);
  });
});
