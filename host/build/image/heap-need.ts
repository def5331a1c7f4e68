// SPDX-License-Identifier: MIT
// How much of a board's heap wasm3 takes to boot a firmware: found by booting it in the same wasm3 on this computer, up to the first of its own
// instructions.

import type { Vector } from '../../vectors.js';
import { HostShim, prepareHostShim, type HostCore } from '../../wasm3-host-shim/index.js';
import { CompileError } from '../compile.js';
import type { ImageSizes } from './sizes.js';

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

export interface HeapNeed {
  /** Upper bound of all that booting takes. */
  readonly byteCount: number;
  /** No piece that is given out when code is compiled, or later, is larger: so much may be left over at the end of the first piece of heap. */
  readonly largestPiece: number;
}

/** More than any board has; the system gives memory as it is touched. */
const HEAP_BYTES = 64 << 20;

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
 * Takes milliseconds, and some seconds when wasm3 has to be built for this computer first.
 * @throws ToolMissing without a C compiler, CompileError when wasm3 refuses the module
 */
export async function heapNeed(facts: BootFacts): Promise<HeapNeed> {
  const { firmware, module, memoryBytes, vectors, handlerStackBytes, mainStackBytes, natives } = facts;
  await prepareHostShim('tuned');
  const shim = new HostShim({
    module, natives, mainStackBytes, memoryBytes, memoryAddress: 0, ranges: [], irqLines: 0, priorityBits: 0, heapBytes: HEAP_BYTES,
    vectors: vectors.map(({ irq, priority, exportName }, i) => ({ irq, priority, exportName, stackBytes: handlerStackBytes[i] })),
  }, 'tuned');
  try {
    shim.run(probe(firmware));
  } catch (error) {
    if (!(error instanceof Booted)) throw error;
  }
  const { otherBytes, codeBytes, largestPageBytes } = shim.boardNeed;
  return { byteCount: otherBytes + codeBytes, largestPiece: Math.max(largestPageBytes, ...handlerStackBytes) };
}
