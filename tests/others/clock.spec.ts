// SPDX-License-Identifier: MIT
// ST's HAL from reset on: clocks, tick, GPIO, UART by polling and by interrupt, reset causes.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { without } from '../../host/testing/needs.js';
import { Firmware, runToExit, textOf, word } from './firmware.js';

describe('firmware by others: clocks and resets', { skip: without('arm-none-eabi-gcc') }, () => {
  const firmware = new Firmware();

  it('starts as ST\'s HAL does, blinks, echoes, and resets itself', () => {
    const board = firmware.board('clock');
    const edges: { pad: string; seconds: number; level: number }[] = [];
    for (const pad of ['PD12', 'PD13']) board.pin(pad).onEdge((level) => edges.push({ pad, seconds: board.now, level }));
    const usart = textOf(board, 'USART2');
    board.terminal('USART2').type(Buffer.from('hello'), 0.08);
    runToExit(board);
    assert.equal(usart.text, 'power\nHELLOsoft\nkept\n');
    assert.equal(Math.round(board.terminal('USART2').baud), 115385, '42 MHz / 364: HAL takes 12 of 12.98 sixteenths');
    assert.equal(board.resetCount, 1);
    // The firmware has cleared the flags of power on (RM0090 7.3.21).
    assert.equal(word(board, 'cause') >>> 25, 0b0001010, 'SFTRST and PINRST');
    assert.equal(word(board, 'overdrive'), 0);
    // A pad that floated may fall when it becomes an output.
    const blinks = (pad: string) => {
      const own = edges.filter((e) => e.pad === pad);
      return own.slice(own.findIndex((e) => e.level === 1)).slice(0, 6);
    };
    const green = blinks('PD12');
    assert.deepEqual(green.map((e) => e.level), [1, 0, 1, 0, 1, 0]);
    assert.deepEqual(blinks('PD13').map((e) => e.level), [1, 0, 1, 0, 1, 0]);
    // HAL_Delay waits for a tick more than it is asked for.
    for (let i = 2; i < 6; i++) assert.ok(Math.abs(green[i].seconds - green[i - 1].seconds - 0.011) < 5e-6, `${green[i].seconds - green[i - 1].seconds}`);
    assert.deepEqual(board.machine.diagnostics, []);
  });
});
