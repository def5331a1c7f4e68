// SPDX-License-Identifier: MIT
// UART reception by circular DMA up to an idle line, beside a MIDI thru.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { SerialReceiver } from '../../host/devices/serial-receiver.js';
import { Firmware, word } from './firmware.js';

describe('firmware by others: UART reception', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('takes what came at half, full and idle, and passes MIDI on at 31250 baud', () => {
    const board = firmware.board('receive');
    // 5 bytes; then 20, over the ring's middle, its end, and half of it again; then 7, which end on its border.
    const parts = ['hello', 'twenty bytes of text', 'the end'];
    parts.forEach((part, i) => board.at(0.01 + 0.01 * i, () => board.terminal('USART2').type(Buffer.from(part))));
    const midi = [0x90, 60, 100, 0xf8, 60, 0];
    board.at(0.015, () => board.terminal('USART3').type(midi));
    const heard: number[] = [];
    new SerialReceiver(board.machine.timeline, board.time, board.pin('PB10'), 31_250).onCharacter(({ byte }) => heard.push(byte));
    board.run(0.05);
    const text = parts.join('');
    assert.equal(text.length, 32);
    const words = Array.from({ length: 8 }, (_, i) => word(board, 'got', i));
    assert.equal(Buffer.from(new Uint32Array(words).buffer).toString(), text);
    assert.deepEqual(['count', 'idles', 'halves', 'fulls', 'errors', 'thru'].map((name) => word(board, name)), [32, 1 + 3, 2, 2, 0, midi.length], 'the first idle frame is the silence once the receiver is on');
    assert.deepEqual(heard, midi);
    assert.equal(board.terminal('USART3').baud, 31_250);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
