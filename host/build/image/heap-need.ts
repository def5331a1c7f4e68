// SPDX-License-Identifier: MIT
// How much of a board's heap wasm3 takes to boot a firmware: found by booting it in the same wasm3 on this computer, up to the first of its own
// instructions.

import type { Vector } from '../../vectors.js';
import { HostShim, type HostCore } from '../../wasm3-host-shim/index.js';
import { CompileError } from '../compile.js';

export interface BootFacts {
  readonly firmware: string;
  /** The module as the image has it. */
  readonly module: Uint8Array;
  readonly memoryBytes: number;
  readonly vectors: readonly Vector[];
  readonly handlerStackBytes: readonly number[];
  readonly mainStackBytes: number;
  /** Indices of functions that are compiled ahead of time. */
  readonly natives: readonly number[];
}

/** Sizes of the pieces that booting takes of the heap, in its order; a board's are no larger. */
export type HeapNeed = readonly number[];

export const needed = (need: HeapNeed): number => need.reduce((sum, n) => sum + n, 0);

/** Whether the heap of boards/shim/heap.c can give out `need`: each piece goes to the first of the heap's that has room. */
export function fits(need: HeapNeed, heapPieces: readonly number[]): boolean {
  const left = [...heapPieces];
  return need.every((byteCount) => {
    const piece = left.findIndex((n) => n >= byteCount);
    if (piece >= 0) left[piece] -= byteCount;
    return piece >= 0;
  });
}

/** More than any board has; the system gives memory as it is touched. */
const HEAP_BYTES = 64 << 20;

/** A function and two ends of a stack: boards/shim/engine-wasm3.c. */
const HANDLER_ROW_BYTES = 12;
const wholeSlots = (byteCount: number): number => Math.ceil(byteCount / 8) * 8;

class Booted extends Error {}

/** Ends the run at the first thing that comes after booting: a handler's priority, or an operation of the firmware. */
function probe(firmware: string): HostCore {
  const end = (): never => { throw new Booted(); };
  let log = '';
  return {
    load8: end, load16: end, load32: end, store8: end, store16: end, store32: end, irqEnable: end, irqDisable: end, irqPend: end, irqPriority: end,
    waitForInterrupt: end, tick: end, irqMask: () => 0, irqRestore: () => {}, cycleCounter: () => 0,
    log: (bytes) => { log += new TextDecoder().decode(bytes); },
    end: ({ cause }) => {
      throw new CompileError(`wasm3 cannot load ${firmware}: ${log.trim() || `the shim gave up, cause ${cause}`}. Build with --engine aot.`);
    },
  };
}

/**
 * Takes milliseconds. For after `prepareHostShim('tuned')`.
 * @throws CompileError when wasm3 refuses the module
 */
export function heapNeed(facts: BootFacts): HeapNeed {
  const { firmware, module, memoryBytes, vectors, handlerStackBytes, mainStackBytes, natives } = facts;
  const shim = new HostShim({
    module, natives, mainStackBytes, memoryBytes, memoryAddress: 0, ranges: [], irqLines: 0, priorityBits: 0, heapBytes: HEAP_BYTES,
    vectors: vectors.map(({ irq, priority, exportName }, i) => ({ irq, priority, exportName, stackBytes: handlerStackBytes[i] })),
  }, 'tuned');
  try {
    shim.run(probe(firmware));
  } catch (error) {
    if (!(error instanceof Booted)) throw error;
  }
  // Last come the shim's own: the table of handlers, with pointers of this computer's, and the handlers' stacks.
  const stacks = handlerStackBytes.map(wholeSlots);
  return [...shim.boardNeed.slice(0, -1), wholeSlots(HANDLER_ROW_BYTES * vectors.length + 1), ...stacks];
}
