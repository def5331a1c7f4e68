// SPDX-License-Identifier: MIT
// What the drivers of assembly/drivers/mps2 know of a board.

import type { Mps2Board } from '../boards/index.js';
import { constantName, hex, type ModuleText } from './module-text.js';

/** FPGA I/O registers: ARM DAI 0386 and 0400, FPGA system control and I/O. A pin is a register's address and a bit. */
const FPGAIO_LED0 = 0x00;
const FPGAIO_BUTTON = 0x08;

/** Writes clock, timers, UARTs, the list of MIDI characters, lamps, buttons and markers. */
export function writeMps2Constants(text: ModuleText, board: Mps2Board): void {
  const { audio, midi } = board;
  const base = (name: string): string => hex(text.peripheral(name).base);
  const pin = (prefix: string, pad: string): void => {
    text.u32(`${prefix}_PORT`, hex(text.peripheral('FPGAIO').base + (pad.startsWith('USERLED') ? FPGAIO_LED0 : FPGAIO_BUTTON)));
    text.u32(`${prefix}_PIN`, Number(pad.at(-1)));
  };

  text.section('Clocks, in hertz, and how many times longer than a second timers take for one');
  text.u32('SYSCLK_HZ', board.clock.sysclk);
  text.u32('HCLK_HZ', board.coreHertz);
  text.u32('SLOWDOWN', audio.slowdown);

  text.section('Audio: the timer that falls once a block, and the UART that the frames go to');
  text.u32('AUDIO_TIMER_BASE', base(audio.timer));
  text.u32('AUDIO_UART_BASE', base(audio.uart));

  text.section('MIDI: the list of characters to come in, the timer that falls once a character, the UART of MIDI OUT');
  text.u32('MIDI_EVENTS_ADDRESS', hex(midi.events));
  text.u32('MIDI_TIMER_BASE', base(midi.timer));
  text.u32('MIDI_UART_BASE', base(midi.uart));

  text.section('Time stamp');
  text.u32('TIMESTAMP_TIMER_BASE', base('DUALTIMER1'));

  text.section('Lamps, buttons, markers');
  for (const [name, pad] of Object.entries(board.leds)) pin(`LED_${constantName(name)}`, pad);
  for (const pad of Object.values(board.leds).slice(0, 1)) pin('LAMP', pad);
  for (const [name, pad] of Object.entries(board.buttons)) pin(`BUTTON_${constantName(name)}`, pad);
  for (const [vector, pad] of Object.entries(board.markers)) pin(`MARKER_${vector}`, pad);
}
