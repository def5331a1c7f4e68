// SPDX-License-Identifier: MIT
// Tests of a firmware as scenarios: a generator that acts on the board and yields how long to let it run.
//
// The firmware's stack cannot be left and entered again, so a scenario runs inside the machine's time instead of around it: between two
// yields no cycle passes, and everything that it reads is of one instant.

import { resolve } from 'node:path';
import { loadBoard } from '../boards/index.js';
import { compileFirmware, type Firmware } from '../build/compile.js';
import { Watch } from '../check/worst-case/watch.js';
import { prepareCpu } from './create-cpu.js';
import { EmulatedBoard, type EmulationOptions } from './emulated-board.js';

/** What a scenario may yield: let time pass, or wait for a condition. */
export type Step =
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'until'; readonly condition: () => boolean; readonly timeoutSeconds: number; readonly what: string };

export type Scenario = (board: EmulatedBoard) => Generator<Step, void, void>;

export const seconds = (n: number): Step => ({ kind: 'pass', seconds: n });
export const ms = (n: number): Step => seconds(n / 1000);
export const us = (n: number): Step => seconds(n / 1e6);

/**
 * Waits until `condition` holds; looked at after every 10 µs of emulated time.
 * @param what named in the error when it does not come within `timeoutSeconds`
 */
export const until = (condition: () => boolean, what = 'the condition', timeoutSeconds = 1): Step => ({ kind: 'until', condition, timeoutSeconds, what });

const LOOK_EVERY = 10e-6;

/** A condition that a scenario waited for did not come. */
export class ScenarioTimeout extends Error {
  override readonly name = 'ScenarioTimeout';
}

export interface PlayOptions extends Omit<EmulationOptions, 'watch'> {
  /** Name of a board, or path of its JSON. */
  readonly board?: string;
  /** What checks the bounds that the firmware's author has stated, on CPU wasm: made of the firmware unless given. False leaves it out. */
  readonly watch?: Watch | false;
}

const compiled = new Map<string, Promise<Firmware>>();

/** Compiles a firmware once a process, however many scenarios play on it. */
export function firmwareFor(file: string, boardName: string): Promise<Firmware> {
  const key = `${resolve(file)}\0${boardName}`;
  let firmware = compiled.get(key);
  if (!firmware) compiled.set(key, (firmware = compileFirmware(file, loadBoard(boardName))));
  return firmware;
}

const watches = new WeakMap<Firmware, Watch>();

/** The checks of a firmware's stated bounds, made once; undefined when it states none, or runs where nothing can be put in. */
function watchFor(firmware: Firmware, cpu: EmulationOptions['cpu']): Watch | undefined {
  const { loops, lines } = firmware.flowFacts;
  if ((cpu ?? 'wasm') !== 'wasm' || firmware.vectors.length === 0 || loops.length + lines.length === 0) return undefined;
  let watch = watches.get(firmware);
  if (!watch) watches.set(firmware, (watch = Watch.ofHandlers(firmware)));
  return watch;
}

/**
 * Boots a firmware on an emulated board and plays a scenario on it, from reset until the scenario's end.
 * @param file the firmware's TypeScript
 * @returns the board as the scenario left it
 * @throws what the scenario throws (a failed assertion), FirmwareTrap, also when a handler does not keep to a bound that its source states, CompileError, ScenarioTimeout
 */
export async function play(file: string, scenario: Scenario, options: PlayOptions = {}): Promise<EmulatedBoard> {
  const { board = 'stm32f4-discovery', watch, ...rest } = options;
  await prepareCpu(rest);
  const firmware = await firmwareFor(file, board);
  const emulated = new EmulatedBoard(loadBoard(board), firmware, { ...rest, watch: watch === false ? undefined : watch ?? watchFor(firmware, rest.cpu) });
  let thrown: { error: unknown } | undefined;
  emulated.at(0, () => {
    const steps = scenario(emulated);
    const advance = (): number => {
      try {
        const { done, value } = steps.next();
        if (!done) return begin(value);
      } catch (error) {
        // Kept from the machine, which would take it for a trap of the firmware.
        thrown = { error };
      }
      return emulated.end();
    };
    let waiting: Step | undefined;
    let deadline = 0;
    const begin = (step: Step): number => {
      waiting = step.kind === 'until' ? step : undefined;
      if (step.kind === 'pass') return emulated.now + step.seconds;
      deadline = emulated.now + step.timeoutSeconds;
      return emulated.now;
    };
    emulated.at(begin({ kind: 'pass', seconds: 0 }), () => {
      if (waiting?.kind !== 'until') return advance();
      if (waiting.condition()) return advance();
      if (emulated.now < deadline) return emulated.now + LOOK_EVERY;
      thrown = { error: new ScenarioTimeout(`waited ${waiting.timeoutSeconds} s for ${waiting.what}, until ${emulated.now.toFixed(6)} s after reset`) };
      return emulated.end();
    });
  });
  emulated.run();
  if (thrown) throw thrown.error;
  return emulated;
}
