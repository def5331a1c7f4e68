// SPDX-License-Identifier: MIT
// How much of a board's time a firmware takes with an engine: played in the emulator under a chord, by the engine's costs.

import { describeCosts } from '../cpu/wasm/costs.js';
import type { Board } from '../boards/index.js';
import type { Firmware } from '../build/compile.js';
import { EmulatedBoard } from './emulated-board.js';
import { resultOf } from './result.js';

/** So fast that no block is late, whatever the engine: what is wanted is how long the work takes, not how it fails. */
const OVERCLOCK = 64;
const SECONDS = 0.75;
const CHORD_AT = 0.25;
/** Sixteen keys from a low E upwards, a minor third apart: as many voices as instruments of this size have. */
const CHORD = Array.from({ length: 16 }, (_, i) => 40 + 3 * i);

export interface Load {
  /** 99th percentile over blocks of the share of the time that is there; above 1 it does not fit. */
  readonly share: number;
  /** Where the engine's costs come from. */
  readonly source: string;
}

/**
 * @param engine of the core's cost table
 * @returns undefined for a board that has no models, and for a firmware that plays no audio
 * @throws FirmwareTrap when the firmware traps
 */
export function loadOf(board: Board, firmware: Firmware, engine: string): Load | undefined {
  if (board.family !== 'stm32f4') return undefined;
  const emulated = new EmulatedBoard(board, firmware, { engine, overclock: OVERCLOCK });
  emulated.midi.play(CHORD.map((note) => ({ seconds: 0, bytes: [0x90, note, 100] })), CHORD_AT);
  emulated.run(SECONDS);
  const { cyclesPerFrame } = resultOf(emulated, null);
  if (emulated.audio.frames === 0) return undefined;
  return { share: (cyclesPerFrame.p99 * OVERCLOCK) / cyclesPerFrame.budget, source: describeCosts(emulated.costs) };
}
