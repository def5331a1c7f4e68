// SPDX-License-Identifier: MIT
// Loops whose own condition makes the bounds checks of their bodies.

import { ByteReader, forEachInstruction } from '../../cpu/wasm/decode.js';
import { readSigned } from './sections.js';

/**
 * A condition `x + add < y` (or <=) at which a loop goes on, x being a base that only moves by multiples of 4 and y a local that the loop leaves alone.
 * It is replaced by x < limit, with a limit computed once before the loop so low that x passes only when the body's accesses are inside of memory and
 * aligned. Where x fails but the condition holds, the body's check would have failed: that is the trap, and it costs nothing while the loop runs.
 */
export interface LoopGuard {
  readonly x: string;
  readonly y: string;
  readonly add: number;
  readonly orEqual: boolean;
  readonly limit: string;
  readonly condition: string;
}

/** How locals are set: by steps that are multiples of 4, or otherwise; those that are not in it are left alone. */
export type LocalSets = ReadonlyMap<number, 'steps' | 'any'>;

/**
 * How a loop's body sets locals: by steps that are multiples of 4 (directly, or as a copy of another local that is always such a sum, and is set in
 * every turn before), or otherwise.
 * @param start first instruction of the body
 */
export function localSets(bytes: Uint8Array, start: number, end: number): LocalSets {
  const sums = new Map<number, number>();
  const copies: [to: number, from: number][] = [];
  const sets = new Map<number, 'steps' | 'any'>();
  let [depth, got, constant, stage] = [1, -1, 0, 0];
  forEachInstruction(bytes, start, end, ({ operator: { name, immediate }, index, offset }) => {
    if (immediate === 'block') depth++;
    if (name === 'end' && --depth === 0) return false;
    if (name === 'local.set' || name === 'local.tee') {
      const isStep = stage === 3 && constant % 4 === 0;
      if (isStep && got !== index && !sets.has(index) && depth === 1) sums.set(index, got);
      else if (sums.get(index) !== got || !isStep) sums.delete(index);
      if (stage === 1 && sums.get(got) === index) copies.push([index, got]);
      const steps = (isStep && got === index) || (stage === 1 && sums.get(got) === index);
      sets.set(index, steps && sets.get(index) !== 'any' ? 'steps' : 'any');
    }
    if (name === 'local.get') [got, stage] = [index, 1];
    else if (name === 'i32.const' && stage === 1) [constant, stage] = [Number(readSigned(new ByteReader(bytes, offset + 1))), 2];
    else stage = name === 'i32.add' && stage === 2 ? 3 : 0;
    return undefined;
  });
  // A local that was set otherwise later on is no sum after all.
  for (const [to, from] of copies) if (sums.get(from) !== to) sets.set(to, 'any');
  return sets;
}
