// SPDX-License-Identifier: MIT
// How long received characters gather while a firmware sets itself up: from when they are taken from the UART, to when a handler runs, and on to its next run.

import type { Stm32Board } from '../../boards/index.js';
import type { Firmware } from '../../build/compile.js';
import type { EngineName } from '../../build/image/engine-names.js';
import { atWorst, loadCoreCosts } from '../../cpu/wasm/costs.js';
import { FirmwareTrap } from '../../cpu/wasm/trap.js';
import { WasmCpu } from '../../cpu/wasm/cpu.js';
import { EmulatedBoard } from '../../emulator/emulated-board.js';
import { chipOf } from './chip.js';
import type { MidiLine } from './rates.js';
import { LONGEST_MAIN_SECONDS } from './set-up.js';
import { midiLine } from './uart.js';

export interface WaitInSetUp {
  /** Of the handler that takes the characters. */
  readonly vector: string;
  readonly line: MidiLine;
  /** Vector of the interrupt at each block, if runs take characters only after that. */
  readonly afterBlock: string | undefined;
  /** From one of its runs to the next when the set-up is over; undefined when the characters themselves have it run. */
  readonly periodCycles: number | undefined;
}

/** Stretches without a run, in core cycles. */
export interface Waits {
  /** From when characters are taken from the UART to the handler's first interrupt. */
  readonly first: number;
  /** For how long the UART had listened by then. */
  readonly listening: number;
  /** The longest from one interrupt of the handler to the next, until the set-up is over and one has come; 0 without. */
  readonly between: number;
}

/** How often is looked whether the UART listens. */
const GLANCE_CYCLES = 2000;
/** What takes longer than this on the emulated board is taken to have no end. */
const LONGEST_SECONDS = 10;
/** Periods after the set-up within which the handler is waited for. */
const PERIODS_AFTER = 2;

/**
 * With the engine's worst costs; nothing is received meanwhile.
 * @returns undefined when the handler does not come to run
 */
export function waitsInSetUp(board: Stm32Board, firmware: Firmware, engine: EngineName, { vector, line, afterBlock, periodCycles }: WaitInSetUp): Waits | undefined {
  const costs = atWorst(loadCoreCosts(board.lineage[board.lineage.length - 1]).engines[engine]);
  const emulated = new EmulatedBoard(board, firmware, { engine, costs });
  const { machine: { timeline, observers }, cpu } = emulated;
  const chip = chipOf(emulated, board);
  let listensSince: number | undefined;
  let takenSince: number | undefined;
  let first: number | undefined;
  let between = 0;
  let lastRun = 0;
  let isBlockDue = afterBlock === undefined;
  let lastGlance = 0;
  let end: number | undefined;
  const glance = (): void => {
    const { now } = timeline;
    const isListening = midiLine(chip) !== undefined;
    if (isListening) listensSince ??= lastGlance;
    if (isListening && (!line.interrupts || chip.isEnabled(line.vector))) takenSince ??= lastGlance;
    // A handler that the characters themselves have run does so as soon as its own interrupt is enabled too.
    if (periodCycles === undefined && takenSince !== undefined && chip.isEnabled(vector)) first ??= takenSince === lastGlance ? 0 : now - takenSince;
    lastGlance = now;
  };
  const setUpIsOver = (): void => {
    if (end !== undefined) return;
    glance();
    end = timeline.now;
    timeline.at(Math.ceil(end + (periodCycles ?? 0) * PERIODS_AFTER), () => emulated.end());
  };
  const ran = (cycle: number): void => {
    glance();
    if (takenSince === undefined) return;
    if (first === undefined) first = Math.max(0, cycle - takenSince);
    else between = Math.max(between, cycle - lastRun);
    lastRun = cycle;
    if (end !== undefined) timeline.at(timeline.now, () => emulated.end());
  };
  const glanceAgain = (): void => {
    glance();
    const main = cpu instanceof WasmCpu ? cpu.mainAt : undefined;
    if (main !== undefined && emulated.now > LONGEST_MAIN_SECONDS + emulated.time.secondsAt(main)) setUpIsOver();
    if (end === undefined) timeline.at(timeline.now + GLANCE_CYCLES, glanceAgain);
  };
  let depth = 0;
  observers.add({
    exceptionEnter: (entered, _, pendedAt) => {
      depth++;
      if (entered === afterBlock) isBlockDue = true;
      if (entered !== vector || !isBlockDue || periodCycles === undefined) return;
      isBlockDue = afterBlock === undefined;
      ran(pendedAt);
    },
    exceptionExit: () => void depth--,
    sleep: () => { if (depth === 0 && cpu instanceof WasmCpu && cpu.mainAt !== undefined) timeline.at(timeline.now, setUpIsOver); },
    blockBoundary() {},
    midiByte() {},
  });
  timeline.at(0, glanceAgain);
  try {
    emulated.run(LONGEST_SECONDS);
  } catch (error) {
    if (!(error instanceof FirmwareTrap)) throw error;
    if (end === undefined) return undefined;
  }
  if (end === undefined || takenSince === undefined || first === undefined || (periodCycles !== undefined && lastRun < end)) return undefined;
  return { first, listening: takenSince - listensSince!, between };
}
