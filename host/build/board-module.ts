// SPDX-License-Identifier: MIT
// Writes a board's numbers as an AssemblyScript module of constants, so that drivers type none of them a second time; and the modules by whose
// names firmware imports the drivers of whichever family its board is of.

import { toNumber } from '../machine/fraction.js';
import type { Board, Family } from '../boards/index.js';
import { trueSampleRate } from '../boards/checks.js';
import { hex, ModuleText } from './module-text.js';
import { writeMps2Constants } from './mps2-constants.js';
import { writeStm32Constants } from './stm32-constants.js';

/** Frames a second, exact or the nearest double: what the clock tree gives, or what a board without audio hardware reckons with. */
export function sampleRateOf(board: Board): number {
  return board.family === 'stm32f4' ? toNumber(trueSampleRate(board)) : board.audio.sampleRate;
}

/** The text of assembly/shim/board.ts for a board. */
export function boardSource(board: Board): string {
  const text = new ModuleText(board);
  text.section('Frames a second, as they truly are');
  text.f64('SAMPLE_RATE', sampleRateOf(board));
  if (board.family === 'stm32f4') writeStm32Constants(text, board);
  else writeMps2Constants(text, board);

  text.section('The timer for tempo and the like');
  text.u32('TICK_TIMER', hex(text.peripheral(board.tick.timer).base));

  text.section('Interrupt numbers');
  for (const alias of Object.keys(board.aliases)) text.vector(`${alias}_IRQ`, alias);
  for (const [name, number] of Object.entries(board.vectors)) text.i32(`IRQ_${name}`, number);
  return text.toString();
}

/** Directory of assembly/drivers by family. */
const DRIVERS: Readonly<Record<Family, string>> = { stm32f4: 'stm32', mps2: 'mps2' };
/** What every family has (assembly/drivers/README.md says what is in them). */
const DRIVER_MODULES = ['audio-out', 'board', 'clock', 'gpio', 'timer', 'uart'];

/** The text of assembly/drivers/NAME.ts for a board, which hands on the family's own; undefined when no family's drivers have the name. */
export function driverSource(name: string, board: Board): string | undefined {
  const from = (module: string): string => `// Generated for the board ${board.name}; do not edit.\nexport * from "./${DRIVERS[board.family]}/${module}";\n`;
  if (DRIVER_MODULES.includes(name)) return from(name);
  return name === 'codec' && board.audio.kind === 'i2s' ? from(board.audio.codec.model === 'none' ? 'no-codec' : board.audio.codec.model) : undefined;
}
