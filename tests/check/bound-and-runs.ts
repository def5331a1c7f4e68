// SPDX-License-Identifier: MIT
// One random function: its bound by the analysis against how long runs of it take by the meter.

import binaryen from 'assemblyscript/binaryen';
import { Unbounded, WorstCaseAnalysis } from '../../host/check/worst-case/worst-case.js';
import type { InstructionCosts } from '../../host/cpu/wasm/costs.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { meter, METER } from '../../host/cpu/wasm/meter.js';
import { randomModule, randomNumbers } from './random-code.js';

export type Exports = Record<string, any>;

/** Cycles at which a run is given up: random loops may go round 2^32. */
const LONGEST = 3_000_000;
/** And where it has gone on for longer than its bound: it may still end in a trap, which the bound is not for. */
const VERY_LONGEST = 2 ** 31 - 1;
export const nothingSaid = { sourceMap: '', natives: [], flowFacts: { loops: [], lines: [], parameters: {} } };

export class TooLong extends Error {}

/** @param named whether functions keep their names */
export function assemble(text: string, optimise: boolean, named = false): Uint8Array {
  binaryen.setDebugInfo(named);
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All & ~binaryen.Features.GC & ~binaryen.Features.SIMD128);
  if (optimise) {
    binaryen.setOptimizeLevel(3);
    module.optimize();
  }
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

/** A metered module, each call of which gives an instance of its own. */
export function metered(wasm: Uint8Array, costs: InstructionCosts): () => Exports {
  const module = new WebAssembly.Module(meter(parseModule(wasm), costs).bytes as BufferSource);
  const imports = { [METER.module]: { [METER.tick]: () => { throw new TooLong(); } } };
  return () => new WebAssembly.Instance(module, imports).exports;
}

/** Cycles that a call of `f` takes by the meter: Infinity when it was given up, undefined when it trapped. */
export function measure(exports: Exports, args: readonly number[], longest = LONGEST): number | undefined {
  exports[METER.setLeft](longest);
  try {
    exports.f(...args);
  } catch (error) {
    if (error instanceof TooLong) return Infinity;
    if (error instanceof WebAssembly.RuntimeError) return undefined;
    throw error;
  }
  return longest - exports[METER.getLeft]();
}

/** Bound of `f`; undefined when there is none, 0 when every way through it traps. */
export function boundOf(wasm: Uint8Array, costs: InstructionCosts): number | undefined {
  try {
    return new WorstCaseAnalysis({ ...nothingSaid, wasm }).of('f', costs).cycles;
  } catch (error) {
    if (error instanceof Unbounded) return undefined;
    if (error instanceof Error && /does not return/.test(error.message)) return 0;
    throw error;
  }
}

export interface Outcome {
  readonly bound: number | undefined;
  /** Runs that came to their end. */
  readonly runs: number;
  /** The longest of them, and its arguments. */
  readonly worst: number;
  readonly args: readonly number[];
  /** Whether a run took longer than the bound. */
  readonly broken: boolean;
}

const EXTREME = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 8, 7, 31, 255] as const;

/** The random function of a seed, run `times` times on random memories with random arguments, against its bound. */
export function boundAgainstRuns(seed: number, optimise: boolean, costs: InstructionCosts, times: number, hasOneLoop = false): Outcome {
  const wasm = assemble(randomModule(seed, hasOneLoop), optimise);
  const bound = boundOf(wasm, costs);
  let [runs, worst, args, broken]: [number, number, readonly number[], boolean] = [0, 0, [], false];
  if (bound === undefined) return { bound, runs, worst, args, broken };
  const fresh = metered(wasm, costs);
  const below = randomNumbers(seed + 1);
  const wild = (): number => [below(2 ** 31 - 1), below(40), -1 - below(40), EXTREME[below(EXTREME.length)]][below(4)];
  for (let run = 0; run < times; run++) {
    const contents = Uint8Array.from({ length: 1024 }, () => (run % 4 === 0 ? 255 : run % 4 === 1 ? below(4) : below(256)));
    const own = [wild(), wild()];
    const runFor = (cycles: number): number | undefined => {
      const exports = fresh();
      new Uint8Array(exports.memory.buffer).set(contents);
      return measure(exports, own, cycles);
    };
    let taken = runFor(LONGEST);
    if (taken === Infinity && bound < LONGEST) taken = runFor(VERY_LONGEST);
    if (taken === undefined || (taken === Infinity && (bound === 0 || bound >= LONGEST))) continue;
    if (taken > bound) broken = true;
    runs++;
    if (taken > worst) [worst, args] = [taken, own];
  }
  return { bound, runs, worst, args, broken };
}
