// SPDX-License-Identifier: MIT
// Refuses a firmware that the interpreter could not load on its board, since the board has no RAM for what it is compiled to at boot.

import { prepareHostShim } from '../../wasm3-host-shim/index.js';
import { CompileError } from '../compile.js';
import type { EngineName } from './engine-names.js';
import { fits, heapNeed, needed, type BootFacts } from './heap-need.js';
import type { ImageSizes } from './sizes.js';

export interface Fit {
  /** Bytes of the heap that booting takes at most; undefined when that is not known. */
  readonly heapUsed?: number;
  /** What the user should know. */
  readonly warnings: readonly string[];
}

const figure = (n: number): string => n.toLocaleString('en');

/**
 * @param facts with all functions that may be compiled ahead of time as natives, whatever the engine
 * @throws CompileError that says how much is missing, and which engine does with less
 */
export async function checkFit(facts: BootFacts, board: string, engine: EngineName, { heapPieces }: Pick<ImageSizes, 'heapPieces'>): Promise<Fit> {
  if (engine === 'aot') return { heapUsed: 0, warnings: [] };
  try {
    await prepareHostShim('tuned');
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return { warnings: [`whether ${facts.firmware} fits the RAM of ${board} was not checked: ${reason.replace(/[.:]$/, '')}`] };
  }
  const needOf = (name: EngineName) => heapNeed(name === 'kernels' ? facts : { ...facts, natives: [] });
  const need = needOf(engine);
  if (fits(need, heapPieces)) return { heapUsed: needed(need), warnings: [] };

  const left = heapPieces[0] + heapPieces[1];
  const pieces = needed(need) <= left ? ` in two pieces, of ${figure(heapPieces[0])} and ${figure(heapPieces[1])}, which its own do not fill` : '';
  const withKernels = engine === 'wasm3' && facts.natives.length > 0 ? `With --engine kernels it needs up to ${figure(needed(needOf('kernels')))}; with` : 'With';
  throw new CompileError(`${facts.firmware} does not fit ${board} with engine ${engine}: wasm3 needs up to ${figure(needed(need))} bytes of RAM for it, `
    + `${figure(left)} are left${pieces}. ${withKernels} --engine aot none.`);
}
