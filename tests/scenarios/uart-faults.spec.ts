// SPDX-License-Identifier: MIT
// What goes wrong on the MIDI cable: each kind is counted in its own counter, and the message after it is understood.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, type EmulatedBoard, type Step } from '../../host/index.js';
import { losses, started, strap, STRAPS_OF_32, VOICE } from './rig.js';

const DEAF = 21;
/** Bytes that come back from the firmware's parser by way of thru. */
const thru = (board: EmulatedBoard): number[] => board.midiOut.characters.map(({ byte }) => byte);

function scenario(act: (board: EmulatedBoard) => Iterable<Step>): Promise<EmulatedBoard> {
  return play(VOICE, function* (board) {
    strap(board, STRAPS_OF_32);
    yield* started(board);
    yield* act(board);
  });
}

test('a bad stop bit: the byte is dropped, its message too, and no running status is relied on', async () => {
  const board = await scenario(function* ({ midi }) {
    midi.raw([0x90, 60]);
    midi.sender.send(100, { fault: { kind: 'bad-stop' } });
    midi.raw([62, 100]);
    midi.noteOn(0, 64, 101);
    yield ms(10);
  });
  assert.deepEqual(losses(board), { uartFraming: 1, midiOrphanData: 2 });
  assert.deepEqual(thru(board), [0x90, 64, 101]);
});

test('noise: the byte that most samples gave stands', async () => {
  const board = await scenario(function* ({ midi }) {
    midi.raw([0x90]);
    for (const bit of [1, 5, 8]) midi.sender.send(60 + bit, { fault: { kind: 'glitch', bit } });
    midi.raw([100, 64, 101]);
    yield ms(10);
  });
  assert.deepEqual(losses(board), { uartNoise: 3 });
  assert.deepEqual(thru(board), [0x90, 61, 65, 0x90, 68, 100, 0x90, 64, 101]);
});

test('a spike on an idle line is no byte', async () => {
  const board = await scenario(function* (board) {
    const rx = board.pin('PA3');
    rx.set(0);
    yield ms(0.004); // an eighth of a bit
    rx.set(1);
    yield ms(1);
    board.midi.noteOn(0, 64, 101);
    yield ms(4);
  });
  assert.deepEqual(losses(board), {});
  assert.deepEqual(thru(board), [0x90, 64, 101]);
});

test('a break, short or long, counts once and is no data', async () => {
  for (const bits of [10, 11, 25, 3125]) {
    const board = await scenario(function* ({ midi }) {
      midi.noteOn(0, 60, 100);
      midi.sender.sendBreak(bits);
      midi.noteOn(0, 64, 101);
      yield ms(10 + bits * 0.032);
    });
    assert.deepEqual(losses(board), { uartBreak: 1 }, `${bits} bits`);
    assert.deepEqual(thru(board), [0x90, 60, 100, 0x90, 64, 101]);
  }
});

test('a fault inside a SysEx aborts it', async () => {
  const board = await scenario(function* ({ midi }) {
    midi.raw([0xf0, 0x7d, 1, 2]);
    midi.sender.send(3, { fault: { kind: 'bad-stop' } });
    midi.raw([4, 0xf7]);
    midi.noteOn(0, 64, 101);
    yield ms(10);
  });
  assert.deepEqual(losses(board), { uartFraming: 1, sysexAborted: 1, midiOrphanData: 1, midiStrayEox: 1 });
  assert.deepEqual(thru(board), [0x90, 64, 101]);
});

test('interrupts kept out for some characters: one overrun, counted, and the next message is understood', async () => {
  const expected: number[] = [0xb0, DEAF, 12];
  const board = await scenario(function* ({ midi }) {
    midi.controlChange(0, DEAF, 12); // 1.2 ms, nearly four characters, in a line that is never idle
    for (let i = 0; i < 8; i++) {
      midi.noteOn(i, 60 + i, 100 + i);
      expected.push(0x90 | i, 60 + i, 100 + i);
    }
    yield ms(20);
  });
  // One flag, however many characters were lost while it was set.
  assert.equal(losses(board).uartOverrun, 1);
  const found = thru(board);
  assert.ok(found.length < expected.length && found.length >= expected.length - 6, found.join(' '));
  assert.deepEqual(found.slice(-3), expected.slice(-3));
  const messages = (bytes: number[]) => Array.from({ length: bytes.length / 3 }, (_, i) => bytes.slice(3 * i, 3 * i + 3).join(' '));
  for (const message of messages(found)) assert.ok(messages(expected).includes(message), `${message} was never sent`);
});

test('a keyboard whose clock is 2 % off loses nothing', async () => {
  for (const deviation of [-2, 2]) {
    const expected: number[] = [];
    const board = await scenario(function* ({ midi }) {
      midi.sender.deviationPercent = deviation;
      for (let i = 0; i < 100; i++) {
        midi.noteOn(i & 15, i, 127 - i);
        expected.push(0x90 | (i & 15), i, 127 - i);
      }
      yield ms(110);
    });
    assert.deepEqual(losses(board), {});
    assert.deepEqual(thru(board), expected);
  }
});
