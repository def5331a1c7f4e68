// SPDX-License-Identifier: MIT
// Writes a board's numbers as an AssemblyScript module of constants, so that drivers type none of them a second time.

import { join } from 'node:path';
import type { Board, BoardPeripheral } from '../boards/index.js';
import { assemblyDir } from '../paths.js';
import { writeGenerated } from './generated.js';

/** Where the generated module lives; drivers and firmware import it as "…/shim/board". */
const boardModule = join(assemblyDir, 'shim', 'board.ts');

const RCC_REGISTERS: Readonly<Record<string, number>> = { AHB1ENR: 0x30, AHB2ENR: 0x34, AHB3ENR: 0x38, APB1ENR: 0x40, APB2ENR: 0x44 }; // RM0090 7.3.24

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** `AUDIO_DMA` and the like: SNAKE_CASE of a key in the board's JSON. */
const constantName = (key: string): string => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase();

/** True frames a second: the I2S clock, divided for a master clock of 256 times the frame rate (RM0090 28.4.4). */
export function sampleRateOf(board: Board): number {
  const { oscillators, clock, audio } = board;
  return (oscillators.HSE / clock.pllM) * clock.pllI2sN / clock.pllI2sR / (256 * (2 * audio.i2sDivider + audio.i2sOdd));
}

class ModuleText {
  private readonly lines: string[] = [];
  constructor(private readonly board: Board) {}

  section(title: string): void {
    this.lines.push('', `// ${title}`);
  }
  u32(name: string, value: number | string): void {
    this.lines.push(`export const ${name}: u32 = ${value};`);
  }
  i32(name: string, value: number): void {
    this.lines.push(`export const ${name}: i32 = ${value};`);
  }
  f64(name: string, value: number): void {
    this.lines.push(`export const ${name}: f64 = ${Number.isInteger(value) ? value.toFixed(1) : value};`);
  }

  peripheral(name: string): BoardPeripheral {
    const found = this.board.peripherals.find((p) => p.name === name);
    if (!found) throw new Error(`board ${this.board.name} has no peripheral ${name}`);
    return found;
  }

  /** Base address, clock enable register and bit of a peripheral. */
  block(prefix: string, name: string): void {
    const { base, enable } = this.peripheral(name);
    const [register, bit] = (enable ?? '').split('.');
    if (!(register in RCC_REGISTERS)) throw new Error(`board ${this.board.name}: ${name} has no clock enable bit (found ${enable})`);
    this.u32(`${prefix}_BASE`, hex(base));
    this.u32(`${prefix}_CLOCK_REGISTER`, hex(this.peripheral('RCC').base + RCC_REGISTERS[register]));
    this.u32(`${prefix}_CLOCK_BIT`, `1 << ${bit}`);
  }

  /** Port base and number of a pad such as "PC7". */
  pin(prefix: string, pad: string): void {
    this.u32(`${prefix}_PORT`, hex(this.peripheral(`GPIO${pad[1]}`).base));
    this.u32(`${prefix}_PIN`, Number(pad.slice(2)));
  }

  /** A pad and the alternate function by which it carries a signal, found by the signal's name. */
  signalPin(prefix: string, pad: string, signal: string): void {
    this.pin(prefix, pad);
    const alternate = (this.board.alternateFunctions[pad] ?? []).findIndex((signals) => signals.includes(signal));
    if (alternate < 0) throw new Error(`board ${this.board.name}: ${pad} cannot carry ${signal}`);
    this.u32(`${prefix}_FUNCTION`, alternate);
  }

  vector(name: string, vector: string): void {
    if (!(vector in this.board.vectors)) throw new Error(`board ${this.board.name} has no interrupt ${vector}`);
    this.i32(name, this.board.vectors[vector]);
  }

  toString(): string {
    return `// Generated from the board ${this.board.name}; do not edit.\n${this.lines.join('\n')}\n`;
  }
}

/** The AssemblyScript text for a board. Timer clocks are twice their bus's when that is divided (RM0090 7.2). */
export function boardSource(board: Board): string {
  const { clock, audio, midi, oscillators } = board;
  const text = new ModuleText(board);
  const hclk = clock.sysclk / clock.ahb;
  const timerClock = (divider: number) => (divider === 1 ? hclk : (2 * hclk) / divider);

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
  text.u32('PLLI2S_N', clock.pllI2sN);
  text.u32('PLLI2S_R', clock.pllI2sR);
  text.u32('AHB_DIVIDER', clock.ahb);
  text.u32('APB1_DIVIDER', clock.apb1);
  text.u32('APB2_DIVIDER', clock.apb2);
  text.u32('FLASH_WAIT_STATES', clock.flashWaitStates);

  text.section('Audio: true frames a second, I2S, DMA stream');
  text.f64('SAMPLE_RATE', sampleRateOf(board));
  text.block('I2S', audio.spi);
  text.u32('I2S_DIV', audio.i2sDivider);
  text.u32('I2S_ODD', audio.i2sOdd);
  for (const [signal, pad] of Object.entries(audio.pins)) text.signalPin(`I2S_${signal}`, pad, `${audio.i2s}_${signal}`);
  text.block('AUDIO_DMA', audio.dma.controller);
  text.u32('AUDIO_DMA_STREAM', audio.dma.stream);
  text.u32('AUDIO_DMA_CHANNEL', audio.dma.channel);
  text.vector('AUDIO_DMA_IRQ', `${audio.dma.controller}_Stream${audio.dma.stream}`);

  text.section(`Codec: ${audio.codec.model}`);
  text.u32('CODEC_ADDRESS', hex(audio.codec.address));
  text.block('CODEC_I2C', audio.codec.i2c);
  for (const [signal, pad] of Object.entries(audio.codec.pins)) text.signalPin(`CODEC_${signal}`, pad, `${audio.codec.i2c}_${signal}`);
  if (audio.codec.reset !== undefined) text.pin('CODEC_RESET', audio.codec.reset);

  text.section('MIDI');
  const uart = text.peripheral(midi.uart);
  text.block('MIDI_UART', midi.uart);
  text.u32('MIDI_UART_CLOCK_HZ', uart.clock === 'PCLK2' ? 'PCLK2_HZ' : 'PCLK1_HZ');
  text.vector('MIDI_UART_IRQ', midi.uart);
  text.signalPin('MIDI_RX', midi.pins.RX, `${midi.uart}_RX`);
  text.signalPin('MIDI_TX', midi.pins.TX, `${midi.uart}_TX`);

  text.section('Lights and buttons');
  for (const [name, pad] of Object.entries(board.leds)) text.pin(`LED_${constantName(name)}`, pad);
  for (const [name, pad] of Object.entries(board.buttons)) text.pin(`BUTTON_${constantName(name)}`, pad);

  text.section('Interrupt numbers');
  for (const [name, number] of Object.entries(board.vectors)) text.i32(`IRQ_${name}`, number);
  return text.toString();
}

/** Brings `assembly/shim/board.ts` up to date for a board. */
export const writeBoardModule = (board: Board): Promise<void> => writeGenerated(boardModule, boardSource(board));
