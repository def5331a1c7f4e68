// SPDX-License-Identifier: MIT
// The firmware transform for as-pect, which wants a module whose default export is the transform class.

import { loadBoard } from '../boards.js';
import { createTransform } from '../build/transform.js';
import type { Vector } from '../vectors.js';

/** The board that as-pect specs run on. */
export const board = loadBoard(process.env.TONEWHEEL_BOARD ?? 'stm32f4-discovery');

/** Vector table of the spec file compiled last: as-pect compiles and runs one file after the other. */
export let vectors: Vector[] = [];

export default createTransform({
  vectors: board.vectors, priorityBits: board.nvic.priorityBits, coreHertz: board.clock.sysclk / board.clock.ahb, onVectors: (v) => (vectors = v),
});
