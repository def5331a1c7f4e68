// SPDX-License-Identifier: MIT
// The image that is flashed, on the board's own core: the same sound as from V8, bit for bit, its log, and its traps at their line.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadBoard, resultOf } from '../../host/index.js';
import { buildImage } from '../../host/build/image/image.js';
import type { EngineName } from '../../host/build/image/engine-names.js';
import { EmulationError } from '../../host/emulator/elf-board.js';
import { EmulatedBoard } from '../../host/emulator/emulated-board.js';
import type { FirmwareBoard } from '../../host/emulator/firmware-board.js';
import { ImageBoard } from '../../host/emulator/image-board.js';
import { firmwareFor } from '../../host/emulator/scenario.js';
import { perform } from '../../host/emulator/session.js';
import { without } from '../../host/testing/needs.js';
import { piece } from '../image/demo.js';
import { SYNTH } from './rig.js';

const BOARD = 'stm32f4-discovery';
const TONE = 'assembly/firmware/tone.ts';
const SECONDS = 1.5;

describe('CPU arm', { skip: without('arm-none-eabi-gcc') }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'tonewheel-arm-'));
  after(() => rmSync(directory, { recursive: true, force: true }));
  const image = (firmware: string, engine: EngineName) => buildImage({ board: loadBoard(BOARD), firmware, engine, out: join(directory, engine), onTrap: 'halt' });

  function play<B extends FirmwareBoard>(board: B): B {
    perform(board, SECONDS, piece);
    return board;
  }

  for (const engine of ['aot', 'kernels'] as const) {
    it(`sounds as V8 does, with the image of engine ${engine}`, async () => {
      const usual = resultOf(play(new EmulatedBoard(loadBoard(BOARD), await firmwareFor(SYNTH, BOARD), { midiAlign: true })), null);
      const board = play(new ImageBoard(await image(SYNTH, engine), { midiAlign: true, overclock: engine === 'aot' ? 1 : 4 }));
      await board.check();
      const result = resultOf(board, null);
      assert.equal(result.cpu, 'arm');
      assert.equal(result.audioSha256, usual.audioSha256);
      assert.ok(result.peak > 0.02 && result.frames > 70_000, 'there is something to compare');
      assert.equal(result.lateBlocks, 0);
      assert.deepEqual(result.losses, usual.losses);
      assert.equal(result.gauges.maxVoices, usual.gauges.maxVoices);
      assert.deepEqual(Object.keys(result.isr).sort(), Object.keys(usual.isr).sort());
      assert.equal(result.isr.USART2.count, usual.isr.USART2.count);
      assert.equal(result.isr.USART2.budget, usual.isr.USART2.budget);
    });
  }

  it('sounds as V8 does, all of it interpreted, where that fits the RAM', async () => {
    const usual = resultOf(play(new EmulatedBoard(loadBoard(BOARD), await firmwareFor(TONE, BOARD), { midiAlign: true })), null);
    const board = play(new ImageBoard(await image(TONE, 'wasm3'), { midiAlign: true }));
    const result = resultOf(board, null);
    assert.equal(result.audioSha256, usual.audioSha256);
    assert.ok(result.peak > 0.02 && result.lateBlocks === 0);
  });

  it('counts the same cycles each time, with translated code and without', async () => {
    const cycles = async (interpretOnly: boolean): Promise<unknown> => {
      const board = new ImageBoard(await image(TONE, 'aot'), {});
      board.cpu.interpretOnly = interpretOnly;
      board.run(0.05);
      const { audioSha256, isr } = resultOf(board, null);
      return { cycle: board.cycle, slept: board.sleepCycles, audioSha256, isr, registers: board.registers };
    };
    const first = await cycles(false);
    assert.deepEqual(await cycles(false), first);
    assert.deepEqual(await cycles(true), first);
  });

  it('logs through the ring', async () => {
    const board = new ImageBoard(await image('tests/image/log.as.ts', 'aot'), {});
    board.run(0.05);
    await board.check();
    assert.equal(board.machine.log.map(({ text }) => text).join(''), '012345678\n'.repeat(102), 'of 200 lines those for which the ring of 1 KiB has room');
  });

  it('tells a trap by the line of TypeScript', async () => {
    const board = new ImageBoard(await image('tests/scenarios/trap.as.ts', 'aot'), {});
    board.run(0.1);
    await assert.rejects(board.check(), (error: Error) => error instanceof EmulationError && /The firmware stopped: /.test(error.message) && /trap\.as\.ts:12/.test(error.message));
  });
});
