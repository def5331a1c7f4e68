// SPDX-License-Identifier: MIT
// The generated board module against the STM32F4-Discovery's schematic and RM0090; numbers restated from there.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emulatable, loadBoard, type Stm32Board } from '../boards/index.js';
import { boardSource, driverSource, sampleRateOf } from './board-module.js';

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

  it('has a marker\'s pad by the manual\'s vector name', () => {
    const marked = constants(boardSource({ ...board, markers: { USART2: 'PD0' } }));
    assert.deepEqual([Number(marked.get('MARKER_USART2_PORT')), Number(marked.get('MARKER_USART2_PIN'))], [0x40020c00, 0]);
  });

  it('numbers the interrupts that every board has', () => {
    assert.deepEqual(['AUDIO_DMA_IRQ', 'MIDI_UART_IRQ', 'TICK_TIMER_IRQ'].map(value), [16, 38, 28]);
    assert.equal(value('TICK_TIMER'), 0x40000000);
  });
});

describe('board module of the Black Pill: RM0383, DS10314', () => {
  const found = constants(boardSource(loadBoard('weact-blackpill-f411')));
  const value = (name: string) => Number(found.get(name));

  it('has 48,000 frames a second, PLLI2SM, and both bits of VOS', () => {
    assert.equal(value('SAMPLE_RATE'), 48_000);
    assert.deepEqual(['PLLI2S_M', 'PLLI2S_N', 'PLLI2S_R', 'PWR_CR_VOS'].map(value), [25, 192, 5, 0xc000]);
    assert.deepEqual(['TIMCLK1_HZ', 'PCLK2_HZ'].map(value), [100e6, 100e6]);
  });

  it('has I2S2 on PB12, PB13 and PB15 without MCK, DMA1 stream 4, and USART1 by PCLK2', () => {
    assert.match(boardSource(loadBoard('weact-blackpill-f411')), /^export const I2S_MASTER_CLOCK: bool = false;$/m);
    assert.deepEqual(['I2S_BASE', 'I2S_WS_PIN', 'I2S_CK_PIN', 'I2S_SD_PIN', 'I2S_SD_FUNCTION'].map(value), [0x40003800, 12, 13, 15, 5]);
    assert.deepEqual(['AUDIO_DMA_STREAM', 'AUDIO_DMA_CHANNEL', 'AUDIO_DMA_IRQ', 'MIDI_UART_IRQ', 'MIDI_RX_FUNCTION'].map(value), [4, 0, 15, 37, 7]);
    assert.equal(found.get('MIDI_UART_CLOCK_HZ'), 'PCLK2_HZ');
    assert.deepEqual(['LAMP_PORT', 'LAMP_PIN'].map(value), [0x40020800, 13]);
  });
});

describe('board module of an MPS2: ARM DDI 0479', () => {
  const found = constants(boardSource(loadBoard('mps2-an386')));
  const value = (name: string) => Number(found.get(name));

  it('has the timers, UARTs, the list of characters and the lamps', () => {
    assert.deepEqual(['AUDIO_TIMER_BASE', 'MIDI_TIMER_BASE', 'TIMESTAMP_TIMER_BASE', 'TICK_TIMER'].map(value), [0x40000000, 0x40001000, 0x40002000, 0x40002020]);
    assert.deepEqual(['MIDI_UART_BASE', 'AUDIO_UART_BASE', 'MIDI_EVENTS_ADDRESS'].map(value), [0x40004000, 0x40005000, 0x21000000]);
    assert.deepEqual(['AUDIO_DMA_IRQ', 'MIDI_UART_IRQ', 'TICK_TIMER_IRQ'].map(value), [8, 9, 10]);
    assert.deepEqual(['LAMP_PORT', 'LAMP_PIN', 'BUTTON_USER_PORT', 'BUTTON_USER_PIN'].map(value), [0x40028000, 0, 0x40028008, 0]);
  });
});

describe('driver modules', () => {
  it('hand on those of the board\'s family, and the DAC that the board has', () => {
    assert.match(driverSource('uart', board)!, /export \* from "\.\/stm32\/uart";/);
    assert.match(driverSource('codec', board)!, /"\.\/stm32\/cs43l22"/);
    assert.match(driverSource('codec', loadBoard('weact-blackpill-f411'))!, /"\.\/stm32\/pcm510x"/);
    assert.match(driverSource('codec', { ...board, audio: { ...board.audio, codec: { model: 'none' } } })!, /"\.\/stm32\/no-codec"/);
    assert.match(driverSource('audio-out', loadBoard('mps2-an500'))!, /"\.\/mps2\/audio-out"/);
    assert.equal(driverSource('codec', loadBoard('mps2-an500')), undefined);
    assert.equal(driverSource('dma', board), undefined);
  });
});
