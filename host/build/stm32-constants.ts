// SPDX-License-Identifier: MIT
// What the drivers of assembly/drivers/stm32 know of a board.

import type { Stm32Board } from '../boards/index.js';
import { constantName, hex, type ModuleText } from './module-text.js';

const RCC_REGISTERS: Readonly<Record<string, number>> = { AHB1ENR: 0x30, AHB2ENR: 0x34, AHB3ENR: 0x38, APB1ENR: 0x40, APB2ENR: 0x44 }; // RM0090 7.3.24

/** Writes clocks, audio, codec, MIDI, lamps and buttons. Timer clocks are twice their bus's when that is divided (RM0090 7.2). */
export function writeStm32Constants(text: ModuleText, board: Stm32Board): void {
  const { clock, audio, midi, oscillators, coreHertz: hclk } = board;
  const timerClock = (divider: number) => (divider === 1 ? hclk : (2 * hclk) / divider);

  /** Base address, clock enable register and bit of a peripheral. */
  const block = (prefix: string, name: string): void => {
    const { base, enable } = text.peripheral(name);
    const [register, bit] = (enable ?? '').split('.');
    if (!(register in RCC_REGISTERS)) throw new Error(`board ${board.name}: ${name} has no clock enable bit (found ${enable})`);
    text.u32(`${prefix}_BASE`, hex(base));
    text.u32(`${prefix}_CLOCK_REGISTER`, hex(text.peripheral('RCC').base + RCC_REGISTERS[register]));
    text.u32(`${prefix}_CLOCK_BIT`, `1 << ${bit}`);
  };
  /** Port base and number of a pad such as "PC7". */
  const pin = (prefix: string, pad: string): void => {
    text.u32(`${prefix}_PORT`, hex(text.peripheral(`GPIO${pad[1]}`).base));
    text.u32(`${prefix}_PIN`, Number(pad.slice(2)));
  };
  /** A pad and the alternate function by which it carries a signal, found by the signal's name. */
  const signalPin = (prefix: string, pad: string, signal: string): void => {
    pin(prefix, pad);
    const alternate = (board.alternateFunctions[pad] ?? []).findIndex((signals) => signals.includes(signal));
    if (alternate < 0) throw new Error(`board ${board.name}: ${pad} cannot carry ${signal}`);
    text.u32(`${prefix}_FUNCTION`, alternate);
  };

  text.section('Clocks, in hertz, and the dividers that give them');
  text.u32('HSE_HZ', oscillators.HSE);
  text.u32('SYSCLK_HZ', clock.sysclk);
  text.u32('HCLK_HZ', hclk);
  text.u32('PCLK1_HZ', hclk / clock.apb1);
  text.u32('PCLK2_HZ', hclk / clock.apb2);
  text.u32('TIMCLK1_HZ', timerClock(clock.apb1));
  text.u32('TIMCLK2_HZ', timerClock(clock.apb2));
  text.u32('PLL_M', clock.pllM);
  text.u32('PLL_N', clock.pllN);
  text.u32('PLL_P', clock.pllP);
  text.u32('PLL_Q', clock.pllQ);
  text.u32('PLLI2S_M', clock.pllI2sM ?? 0); // 0: PLLI2S has no input divider of its own
  text.u32('PLLI2S_N', clock.pllI2sN);
  text.u32('PLLI2S_R', clock.pllI2sR);
  text.u32('AHB_DIVIDER', clock.ahb);
  text.u32('APB1_DIVIDER', clock.apb1);
  text.u32('APB2_DIVIDER', clock.apb2);
  text.u32('FLASH_WAIT_STATES', clock.flashWaitStates);
  text.u32('PWR_CR_VOS', hex(Number(text.peripheral('PWR').config.vos)));

  text.section('Audio: I2S, DMA stream');
  block('I2S', audio.spi);
  text.bool('I2S_MASTER_CLOCK', audio.masterClock);
  text.u32('I2S_DIV', audio.i2sDivider);
  text.u32('I2S_ODD', audio.i2sOdd);
  for (const [signal, pad] of Object.entries(audio.pins)) signalPin(`I2S_${signal}`, pad, `${audio.i2s}_${signal}`);
  if (!audio.masterClock) for (const part of ['PORT', 'PIN', 'FUNCTION']) text.u32(`I2S_MCK_${part}`, 0); // never used, but named by the driver
  block('AUDIO_DMA', audio.dma.controller);
  text.u32('AUDIO_DMA_STREAM', audio.dma.stream);
  text.u32('AUDIO_DMA_CHANNEL', audio.dma.channel);

  const { codec } = audio;
  text.section(`Codec: ${codec.model}`);
  if (codec.model === 'cs43l22' || codec.model === 'wm8731') {
    text.u32('CODEC_ADDRESS', hex(codec.address));
    block('CODEC_I2C', codec.i2c);
    for (const [signal, pad] of Object.entries(codec.pins)) signalPin(`CODEC_${signal}`, pad, `${codec.i2c}_${signal}`);
    if (codec.model === 'cs43l22') pin('CODEC_RESET', codec.reset);
  } else if (codec.model === 'pcm510x') {
    text.bool('CODEC_HAS_MUTE', codec.mute !== undefined);
    if (codec.mute !== undefined) pin('CODEC_MUTE', codec.mute);
    else for (const part of ['PORT', 'PIN']) text.u32(`CODEC_MUTE_${part}`, 0);
  }

  text.section('MIDI');
  block('MIDI_UART', midi.uart);
  text.u32('MIDI_UART_CLOCK_HZ', text.peripheral(midi.uart).clock === 'PCLK2' ? 'PCLK2_HZ' : 'PCLK1_HZ');
  signalPin('MIDI_RX', midi.pins.RX, `${midi.uart}_RX`);
  signalPin('MIDI_TX', midi.pins.TX, `${midi.uart}_TX`);

  text.section('Lamps, buttons, markers');
  for (const [name, pad] of Object.entries(board.leds)) pin(`LED_${constantName(name)}`, pad);
  for (const pad of Object.values(board.leds).slice(0, 1)) pin('LAMP', pad);
  for (const [name, pad] of Object.entries(board.buttons)) pin(`BUTTON_${constantName(name)}`, pad);
  for (const [vector, pad] of Object.entries(board.markers)) pin(`MARKER_${vector}`, pad);
}
