// SPDX-License-Identifier: MIT
// How often each handler runs: from the chip's registers as the firmware's own set-up leaves them, from the board's data, or from what its author says.

import type { Board } from '../../boards/index.js';
import { sampleRateOf } from '../../build/board-module.js';
import type { Firmware } from '../../build/compile.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { Source } from '../check-result.js';
import { pendsOf } from './pends.js';
import { readSetUp } from './set-up.js';

export interface Rates {
  /** Frames of a block; undefined when nothing plays. */
  readonly blockFrames?: number;
  /** Vector whose interrupt falls once a block, if there is one. */
  readonly blockVector?: string;
  /** Core clock when set-up is over: the board's, unless set-up leaves it alone. */
  readonly coreHertz: number;
  readonly sources: ReadonlyMap<string, readonly Source[]>;
}

/** What the chip or the board says, before pends and annotations. */
export interface HardwareRates {
  readonly blockFrames?: number;
  /** Core clock when set-up is over. */
  readonly coreHertz: number;
  readonly sources: ReadonlyMap<string, readonly Source[]>;
}

export interface RateFacts {
  readonly board: Board;
  readonly firmware: Firmware;
  readonly module: WasmModule;
  /** Frames of a block as a constant of the source says, for boards whose set-up cannot be run. */
  readonly blockFrames?: number;
  /** Cycles from one interrupt to the next, by vector, as the project's file says. */
  readonly projectPeriods: ReadonlyMap<string, number>;
}

/** A board that has no models: the timers that its data gives the roles of audio and MIDI. */
function fromBoard(board: Board, blockFrames: number | undefined): HardwareRates {
  const sources = new Map<string, Source[]>();
  if (board.family !== 'mps2') return { coreHertz: board.coreHertz, sources };
  const { slowdown } = board.audio;
  if (blockFrames !== undefined) {
    sources.set(board.aliases.AUDIO_DMA, [{ what: 'a block played', periodCycles: (blockFrames * board.coreHertz * slowdown) / sampleRateOf(board), jitterCycles: 0, from: 'board' }]);
  }
  sources.set(board.aliases.MIDI_UART, [{ what: "a MIDI character's time", periodCycles: (10 * board.coreHertz * slowdown) / 31_250, jitterCycles: 0, from: 'board' }]);
  return { blockFrames, coreHertz: board.coreHertz, sources };
}

/** @throws FirmwareTrap when the firmware's set-up traps */
export function ratesOf({ board, firmware, module, blockFrames, projectPeriods }: RateFacts): Rates {
  const hardware = board.family === 'stm32f4' ? readSetUp(board, firmware) : fromBoard(board, blockFrames);
  const sources = new Map<string, Source[]>();
  for (const { name, period } of firmware.vectors) {
    const stated = projectPeriods.get(name) ?? period;
    if (stated === undefined) sources.set(name, [...hardware.sources.get(name) ?? []]);
    else sources.set(name, [{ what: 'as stated', periodCycles: stated, jitterCycles: 0, from: projectPeriods.has(name) ? 'project' : 'source' }]);
  }
  // A handler that another one pends runs as often as that one, at most once for each pend.
  const pends = pendsOf(module, firmware.vectors);
  const stated = (vector: string): boolean => sources.get(vector)!.some(({ from }) => from === 'project' || from === 'source');
  for (let round = 0; round < firmware.vectors.length; round++) {
    for (const { by, vector } of pends) {
      if (by === vector || stated(vector)) continue;
      const own = sources.get(vector)!.filter(({ what }) => !what.startsWith(`pended by ${by} `));
      const theirs = (sources.get(by) ?? []).map((source) => ({ ...source, what: `pended by ${by} at ${source.what.replace(/^pended by \S+ at /, '')}`, from: 'pended' as const }));
      sources.set(vector, [...own, ...theirs]);
    }
  }
  const audio = board.aliases.AUDIO_DMA;
  return { blockFrames: hardware.blockFrames, coreHertz: hardware.coreHertz, blockVector: hardware.blockFrames && sources.has(audio) ? audio : undefined, sources };
}
