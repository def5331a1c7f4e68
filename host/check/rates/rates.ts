// SPDX-License-Identifier: MIT
// How often each handler runs: from the chip's registers as the firmware's own set-up leaves them, from the board's data, or from what its author says.

import type { Board } from '../../boards/index.js';
import { sampleRateOf } from '../../build/board-module.js';
import type { Firmware } from '../../build/compile.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { Source } from '../check-result.js';
import { pendsOf } from './pends.js';
import { readSetUp } from './set-up.js';

/** Where received characters come from. */
export interface MidiLine {
  /** Name of the UART, or of the timer in its place. */
  readonly peripheral: string;
  /** Vector of its interrupt. */
  readonly vector: string;
  /** Least time from one character to the next. */
  readonly characterCycles: number;
  /** Whether a handler takes each as soon as it comes; else it waits, as the only one, for whoever looks. */
  readonly interrupts: boolean;
  /** How long one may have come before its interrupt falls. */
  readonly lagCycles: number;
}

export interface Rates {
  /** Frames of a block; undefined when nothing plays. */
  readonly blockFrames?: number;
  /** Vector whose interrupt falls once a block, if there is one. */
  readonly blockVector?: string;
  /** Core clock when set-up is over: the board's, unless set-up leaves it alone. */
  readonly coreHertz: number;
  readonly sources: ReadonlyMap<string, readonly Source[]>;
  /** Undefined when nothing is received. */
  readonly line?: MidiLine;
}

/** What the chip or the board says, before pends and annotations. */
export interface HardwareRates {
  readonly blockFrames?: number;
  /** Core clock when set-up is over. */
  readonly coreHertz: number;
  readonly sources: ReadonlyMap<string, readonly Source[]>;
  /** Undefined when nothing is received. */
  readonly line?: MidiLine;
}

export interface RateFacts {
  readonly board: Board;
  readonly firmware: Firmware;
  readonly module: WasmModule;
  /** Frames of a block as a constant of the source says, for boards whose set-up cannot be run. */
  readonly blockFrames?: number;
  /** Cycles from one interrupt to the next, by vector, as the project's file says. */
  readonly projectPeriods: ReadonlyMap<string, number>;
  /** Whether every way through a handler that returns pends an interrupt, by the handler's export and the interrupt's number. */
  readonly alwaysPends: (exportName: string, irq: number) => boolean;
}

/** A board that has no models: the timers that its data gives the roles of audio and MIDI. */
function fromBoard(board: Board, blockFrames: number | undefined): HardwareRates {
  const sources = new Map<string, Source[]>();
  if (board.family !== 'mps2') return { coreHertz: board.coreHertz, sources };
  const { slowdown } = board.audio;
  const { AUDIO_DMA: audio, MIDI_UART: midi } = board.aliases;
  const regular = { peripheral: null, jitterCycles: 0, always: true, pendedBy: [], from: 'board' } as const;
  if (blockFrames !== undefined) {
    sources.set(audio, [{ ...regular, what: 'a block played', kind: 'ring', periodCycles: (blockFrames * board.coreHertz * slowdown) / sampleRateOf(board), pendedBy: [] }]);
  }
  const characterCycles = (10 * board.coreHertz * slowdown) / 31_250;
  sources.set(midi, [{ ...regular, what: "a MIDI character's time", kind: 'line', peripheral: board.midi.timer, periodCycles: characterCycles, pendedBy: [] }]);
  // The line looks once a character's time for what has come.
  return { blockFrames, coreHertz: board.coreHertz, sources, line: { peripheral: board.midi.timer, vector: midi, characterCycles, interrupts: true, lagCycles: characterCycles } };
}

/** @throws FirmwareTrap when the firmware's set-up traps */
export function ratesOf({ board, firmware, module, blockFrames, projectPeriods, alwaysPends }: RateFacts): Rates {
  const hardware = board.family === 'stm32f4' ? readSetUp(board, firmware) : fromBoard(board, blockFrames);
  const sources = new Map<string, Source[]>();
  for (const { name, period } of firmware.vectors) {
    const stated = projectPeriods.get(name) ?? period;
    if (stated === undefined) sources.set(name, [...hardware.sources.get(name) ?? []]);
    else sources.set(name, [{ what: 'as stated', kind: 'stated', peripheral: null, periodCycles: stated, jitterCycles: 0, always: false, pendedBy: [], from: projectPeriods.has(name) ? 'project' : 'source' }]);
  }
  // A handler that another one pends runs as often as that one, at most once for each pend.
  const pends = pendsOf(module, firmware.vectors, alwaysPends);
  const stated = (vector: string): boolean => sources.get(vector)!.some(({ kind, from }) => kind === 'stated' && from !== 'pended');
  for (let round = 0; round < firmware.vectors.length; round++) {
    for (const { by, vector, always } of pends) {
      if (by === vector || stated(vector)) continue;
      const own = sources.get(vector)!.filter(({ pendedBy }) => pendedBy.at(-1) !== by);
      const theirs = (sources.get(by) ?? []).map((source): Source => ({
        ...source, what: `pended by ${by} at ${source.what.replace(/^pended by \S+ at /, '')}`, always: source.always && always, pendedBy: [...source.pendedBy, by], from: 'pended',
      }));
      sources.set(vector, [...own, ...theirs]);
    }
  }
  const audio = board.aliases.AUDIO_DMA;
  // Without a handler, the UART's interrupt takes nothing.
  const line = hardware.line && { ...hardware.line, interrupts: hardware.line.interrupts && sources.has(hardware.line.vector) };
  return { blockFrames: hardware.blockFrames, coreHertz: hardware.coreHertz, line, blockVector: hardware.blockFrames && sources.has(audio) ? audio : undefined, sources };
}
