// SPDX-License-Identifier: MIT
// The generated board module against the STM32F4-Discovery's schematic and RM0090; numbers restated from there.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emulatable, loadBoard, type Stm32Board } from '../boards/index.js';
import { boardSource, sampleRateOf } from './board-module.js';

const board = emulatable(loadBoard('stm32f4-discovery'));

function constants(source: string): Map<string, string> {
  return new Map([...source.matchAll(/^export const (\w+): (?:u32|i32|f64) = (.*);$/gm)].map((m) => [m[1], m[2]]));
}

describe('board module', () => {
  const found = constants(boardSource(board));
  const value = (name: string) => Number(found.get(name));

  it('derives the true sample rate: 8 MHz / 8 x 258 / 3 = 86 MHz, over 256 x 7', () => {
    assert.ok(Math.abs(sampleRateOf(board) - 86e6 / 1792) < 1e-9);
    assert.ok(Math.abs(value('SAMPLE_RATE') - 47991.0714) < 1e-4);
  });

  it('derives bus and timer clocks', () => {
    assert.equal(value('PCLK1_HZ'), 42_000_000);
    assert.equal(value('PCLK2_HZ'), 84_000_000);
    assert.equal(value('TIMCLK1_HZ'), 84_000_000);
    assert.equal(value('TIMCLK2_HZ'), 168_000_000);
  });

  it('finds addresses, clock bits, alternate functions and interrupts by name', () => {
    assert.equal(value('I2S_BASE'), 0x40003c00);
    assert.equal(value('MIDI_UART_BASE'), 0x40004400);
    assert.equal(value('MIDI_UART_CLOCK_REGISTER'), 0x40023840);
    assert.equal(found.get('MIDI_UART_CLOCK_BIT'), '1 << 17');
    assert.deepEqual([value('I2S_MCK_PORT'), value('I2S_MCK_PIN'), value('I2S_MCK_FUNCTION')], [0x40020800, 7, 6]);
    assert.deepEqual([value('MIDI_RX_PORT'), value('MIDI_RX_PIN'), value('MIDI_RX_FUNCTION')], [0x40020000, 3, 7]);
    assert.deepEqual([value('CODEC_SDA_PORT'), value('CODEC_SDA_PIN'), value('CODEC_SDA_FUNCTION')], [0x40020400, 9, 4]);
    assert.equal(value('CODEC_ADDRESS'), 0x4a);
    assert.equal(value('AUDIO_DMA_IRQ'), 16);
    assert.equal(value('MIDI_UART_IRQ'), 38);
    assert.equal(value('LED_BLUE_PIN'), 15);
  });

  it('refuses a pad that cannot carry its signal', () => {
    const wrong: Stm32Board = { ...board, midi: { ...board.midi, pins: { RX: 'PA0', TX: 'PA2' } } };
    assert.throws(() => boardSource(wrong), /PA0 cannot carry USART2_RX/);
  });
});
