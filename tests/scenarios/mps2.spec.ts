// SPDX-License-Identifier: MIT
// The demo synth on the MPS2's drivers, which stand for a board in QEMU, sounds as on the emulated STM32F4-Discovery, bit for bit, when the same
// characters come in the same frames.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { loadBoard, type Mps2Board } from '../../host/boards/index.js';
import { compileFirmware, type Firmware } from '../../host/build/compile.js';
import { EmulatedBoard } from '../../host/emulator/emulated-board.js';
import { perform } from '../../host/emulator/session.js';
import { Mps2Bench } from '../../host/testing/mps2-bench.js';
import { compileForRecording, eventsFile, recordStamps, type StampedCharacter } from '../../host/testing/qemu-events.js';
import { piece } from '../image/demo.js';
import { SYNTH } from './rig.js';

const SECONDS = 3;
const BLOCK = 32;
const UART0 = 0x40004000, UART1 = 0x40005000; // ARM DDI 0479, memory map

describe('the synth on the MPS2 drivers', () => {
  let characters: StampedCharacter[];
  let expected: Uint8Array;
  let firmware: Firmware;
  const board = loadBoard('mps2-an386') as Mps2Board;

  before(async () => {
    const discovery = loadBoard('stm32f4-discovery');
    const emulated = new EmulatedBoard(discovery, await compileForRecording(SYNTH, discovery), { midiAlign: true });
    characters = recordStamps(emulated);
    perform(emulated, SECONDS, piece);
    assert.equal(characters.length, emulated.midiByteCount);
    expected = new Uint8Array(emulated.audio.samples().buffer);
    firmware = await compileFirmware(SYNTH, board);
  });

  test('plays the same frames, from frame 0 on, and ends where it is told to', () => {
    const endFrame = (SECONDS - 0.5) * 48_000;
    const bench = new Mps2Bench(board, firmware, eventsFile(characters, endFrame));
    let blocks = 0;
    while (!bench.ended && blocks++ < 10_000) bench.playBlock(3);
    const sent = Uint8Array.from(bench.sent.get(UART1)!);
    assert.equal(sent.length, 4 * BLOCK * Math.ceil(endFrame / BLOCK));
    assert.ok(sent.some((byte, i) => byte !== 0 && i > 4 * 30_000), 'there is something to compare');
    assert.ok(Buffer.from(sent).equals(Buffer.from(expected.subarray(0, sent.length))));
    // MIDI thru: what came in goes out.
    const thru = bench.sent.get(UART0)!;
    assert.deepEqual(thru.slice(0, 60), characters.slice(0, 60).map(({ byte }) => byte));
  });

  test('sounds otherwise when a note comes a frame later', () => {
    const at = characters.findIndex(({ byte, frame }) => (byte & 0xf0) === 0x90 && frame > 20_000);
    const moved = characters.map((c, i) => (i >= at && i < at + 3 ? { ...c, frame: Math.max(c.frame, characters[at + 2].frame) + 1 } : c)).sort((a, b) => a.frame - b.frame);
    const bench = new Mps2Bench(board, firmware, eventsFile(moved, 70_000));
    while (!bench.ended) bench.playBlock(3);
    const sent = Buffer.from(bench.sent.get(UART1)!);
    assert.ok(!sent.equals(Buffer.from(expected.subarray(0, sent.length))));
  });

  test('without a list it plays silence for ever, and says nothing of late blocks', () => {
    const bench = new Mps2Bench(board, firmware, new Uint8Array(64));
    for (let i = 0; i < 200; i++) bench.playBlock(3);
    assert.equal(bench.ended, false);
    assert.deepEqual(new Set(bench.sent.get(UART1)), new Set([0]));
    assert.equal(bench.sent.get(UART1)!.length, 4 * BLOCK * 201);
    assert.equal(bench.counter('lateBlocks'), 0);
    assert.equal(bench.counter('renderedBlocks'), 200);
  });
});

test('a list that the driver would misread is refused', () => {
  assert.throws(() => eventsFile([{ frame: 0, byte: 0 }]), /byte 0 in frame 0/);
  assert.throws(() => eventsFile([{ frame: 9, byte: 1 }, { frame: 8, byte: 1 }]), /frame 8 comes after one of frame 9/);
});

test('the list is pairs of little-endian words, an end of the run and an end of the list', () => {
  assert.deepEqual([...new Uint32Array(eventsFile([{ frame: 7, byte: 0x90 }, { frame: 9, byte: 0x3c }], 8).buffer)], [7, 0x90, 8, 0x100, 0xffffffff, 0xffffffff]);
});
