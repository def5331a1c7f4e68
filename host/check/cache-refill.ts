// SPDX-License-Identifier: MIT
// What a pre-emption costs the code that it interrupts, beyond the time of the handler itself: the lines of the flash's caches that are gone when it goes on.
//
// A cache that replaces the least recently used line may lose all of them to a handler that touches one: code that goes round in just as many lines as there
// are then misses each in turn (C. Burguière, J. Reineke and S. Altmeyer, "Cache-Related Preemption Delay Computation for Set-Associative Caches: Pitfalls
// and Solutions", WCET 2009). So the handler's size bounds nothing, and every line counts.

import type { Board } from '../boards/index.js';

/** Lines of 128 bits that the STM32F4's accelerator holds: 64 of instructions and 8 of data, each with the least recently used replaced (RM0090, 3.5.2; RM0383, 3.4.2). */
const LINES = 64 + 8;

/** Cycles at most that code which was pre-empted takes longer for it; 0 where flash has no wait states. */
export function refillCyclesOf(board: Board): number {
  if (board.family !== 'stm32f4') return 0;
  const { flashWaitStates } = board.clock;
  // A line is read in a cycle more than there are wait states (RM0090, 3.5.1).
  return flashWaitStates === 0 ? 0 : LINES * (flashWaitStates + 1);
}
