// SPDX-License-Identifier: MIT
// What several scenarios need: straps, the frame at a cycle, sums over counters.

import { ms, resultOf, until, type EmulatedBoard, type RunResult, type Step } from '../../host/index.js';

export const VOICE = 'tests/scenarios/voice.as.ts';
export const SYNTH = 'assembly/firmware/synth.ts';

/** Block sizes of the voice fixture, by its straps. */
export const BLOCK_SIZES = [8, 32, 64, 256] as const;
export const STRAPS_OF_32 = 1;

/** Core clock of the board, in hertz, and cycles of one frame: 168 MHz, and 256 master clocks of 86 MHz / 7 (RM0090 28.4.4). */
export const CORE_HERTZ = 168_000_000;
export const FRAME_CYCLES = 150_528 / 43;
export const CHARACTER_CYCLES = 53_760;

/** Sets a fixture's straps; call before the firmware's first instruction. */
export function strap(board: EmulatedBoard, value: number): void {
  for (let bit = 0; bit < 4; bit++) board.pin(`PE${bit}`).set(((value >> bit) & 1) as 0 | 1);
}

/** The frame that was on the wire at a cycle, as a fraction of frames since frame 0. */
export function framesAt(board: EmulatedBoard, cycle: number): number {
  let low = 0;
  let high = board.audio.frames - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (board.audio.cycleOf(middle) <= cycle) low = middle;
    else high = middle - 1;
  }
  return low + (cycle - board.audio.cycleOf(low)) / FRAME_CYCLES;
}

/** The cycle at which the last bit of the n-th received byte ended; negative n count from the end. */
export function byteEnd(board: EmulatedBoard, n: number): number {
  return board.recorder.midi().endCycles.at(n)!;
}

/** Loss counters that are not 0. */
export function losses(board: EmulatedBoard): Partial<RunResult['losses']> {
  return Object.fromEntries(Object.entries(resultOf(board, null).losses).filter(([, count]) => count !== 0));
}

/** Numbers from 0 to 1, the same on every run: a linear congruential generator (Numerical Recipes). */
export function* pseudoRandom(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Waits until audio runs and the firmware listens. */
export function* started(board: EmulatedBoard): Generator<Step, void> {
  yield until(() => board.audio.nextBoundary(0) !== undefined, 'the first frame');
  yield ms(5);
}
