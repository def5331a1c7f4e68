// SPDX-License-Identifier: MIT
// What an instruction costs: tables in boards/costs, one for each core, with an entry for each engine.

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { boardsDir } from '../../paths.js';
import { entryOf, IMPORT, type Feature } from './cost-features.js';
import type { WasmModule } from './decode.js';
import { operatorNames } from './opcodes.js';

/** Cycles of the pieces of a firmware, in core cycles. */
export interface CostTable {
  /** By instruction name, or that of all that the core does not tell from it (`entryOf`), or by a pattern that ends in "*"; the longest that fits counts. Kinds of an instruction, and what comes on top, by their feature (cost-features.ts). */
  readonly instructions: Readonly<Record<string, number>>;
  /** By name of the imported function; `/static` behind it: of a call with an address that the code holds. */
  readonly imports: Readonly<Record<string, number>>;
  /** From the core's exception entry to a handler's first instruction, and back: what the shim's dispatcher adds. */
  readonly dispatch: number;
}

/** How far a table is from what was measured, on firmware that it was not fitted to; percent, null where nothing was measured. */
export interface CostError {
  /** Of the mean cycles of a handler. */
  readonly handlerPercent: number | null;
  /** Of the mean cycles of a block. */
  readonly blockPercent: number | null;
  /** The firmwares. */
  readonly validatedOn: readonly string[];
  /** What measures it again. */
  readonly command: string;
}

/** One engine's costs on one core: the table itself is the typical case, the best fit to what was measured. */
export interface EngineCosts extends CostTable {
  /** Where the numbers come from, for reports. */
  readonly source: string;
  /** An upper envelope: no measured piece of code took longer than these say. None of its entries is below the typical one. */
  readonly worst: CostTable;
  readonly error: CostError;
  /** Of an interpreter: cycles of one of its operations, for the CPU that counts these. */
  readonly operation?: number;
  /** Costs of the `@native` functions, where these run as compiled code and the rest is interpreted. */
  readonly native?: EngineCosts;
}

export interface CoreCosts {
  readonly core: string;
  readonly engines: Readonly<Record<string, EngineCosts>>;
}

const UNKNOWN_ERROR: CostError = { handlerPercent: null, blockPercent: null, validatedOn: [], command: 'npm run calibrate' };

/** An estimated table's envelope, for want of a measured one: so many times the estimate. */
const ESTIMATED_WORST = 2;

type StoredCosts = Omit<EngineCosts, 'worst' | 'error' | 'native'> & Partial<Pick<EngineCosts, 'worst' | 'error'>>;
type StoredCore = { core: string; engines: Record<'aot' | 'wasm3', StoredCosts>; errors?: { kernels: CostError } } | { core: string; inherits: string; source: string };

/**
 * The table of a core; one that is estimated by another core's names it, and says so in every engine's source.
 * @throws Error when there is no table for the core
 */
export function loadCoreCosts(core: string): CoreCosts {
  let costs = loaded.get(core);
  if (!costs) loaded.set(core, costs = readCoreCosts(core));
  return costs;
}

const loaded = new Map<string, CoreCosts>();

function readCoreCosts(core: string): CoreCosts {
  const own = JSON.parse(readFileSync(join(boardsDir, 'costs', `${core}.json`), 'utf8')) as StoredCore;
  if (!('inherits' in own)) {
    const [aot, wasm3] = [complete(own.engines.aot), complete(own.engines.wasm3)];
    return { core, engines: { aot, wasm3, kernels: kernelsOf(wasm3, aot, own.errors?.kernels ?? UNKNOWN_ERROR) } };
  }
  const engines = Object.entries(loadCoreCosts(own.inherits).engines).map(([name, costs]) => [name, { ...costs, source: `${own.source}: ${costs.source}`, error: UNKNOWN_ERROR }]);
  return { core, engines: Object.fromEntries(engines) };
}

/** Gives an estimate the envelope that it lacks, and says so. */
function complete(costs: StoredCosts): EngineCosts {
  const { worst, error } = costs;
  if (worst && error) return { ...costs, worst, error };
  const scaled = (table: Readonly<Record<string, number>>) => Object.fromEntries(Object.entries(table).map(([name, cycles]) => [name, cycles * ESTIMATED_WORST]));
  return {
    ...costs,
    source: `${costs.source}; worst cases are ${ESTIMATED_WORST} times the estimate`,
    worst: { instructions: scaled(costs.instructions), imports: scaled(costs.imports), dispatch: costs.dispatch * ESTIMATED_WORST },
    error: UNKNOWN_ERROR,
  };
}

/** @throws Error when the engine has no costs on the core */
function engineCosts(core: string, engine: string): EngineCosts {
  const { engines } = loadCoreCosts(core);
  if (!engines[engine]) throw new Error(`no costs for engine "${engine}" on ${core}; there are ${Object.keys(engines).join(', ')}`);
  return engines[engine];
}

/** An engine with its worst costs as if they were its typical ones: what counts with these takes as long as it can. */
export function atWorst(costs: EngineCosts): EngineCosts {
  return { ...costs, ...costs.worst, ...(costs.native && { native: atWorst(costs.native) }) };
}

/** Where cycles come from and how wrong they are, for a report. @param costs without an error where they are no table's */
export function describeCosts({ source, error }: { readonly source: string; readonly error?: CostError }): string {
  if (!error) return source;
  const parts = [[error.handlerPercent, 'a handler'], [error.blockPercent, 'a block']].filter(([percent]) => percent !== null).map(([percent, what]) => `${percent} % of ${what}'s mean cycles`);
  if (parts.length === 0) return `${source}; error: not measured`;
  return `${source}; error: ${parts.join(', ')}, on firmware that the costs were not fitted to (${error.validatedOn.map((file) => basename(file)).join(', ')}; ${error.command})`;
}

/** Typical costs of an engine's instructions on a core, such as "cortex-m4f". @throws Error when there are none */
export function costsOf(core: string, engine: string): InstructionCosts {
  const costs = engineCosts(core, engine);
  return new InstructionCosts(costs, costs.native && new InstructionCosts(costs.native));
}

/** The upper envelope of what an engine's instructions take on a core. @throws Error when there is none */
export function worstCostsOf(core: string, engine: string): InstructionCosts {
  const { worst, native } = engineCosts(core, engine);
  return new InstructionCosts(worst, native && new InstructionCosts(native.worst, undefined, true), true);
}

/** Engine "kernels" is of both kinds: what is native costs as ahead of time, the rest as interpreted. */
export function kernelsOf({ operation: _, ...interpreted }: EngineCosts, aot: EngineCosts, error = interpreted.error): EngineCosts {
  return { ...interpreted, error, native: aot, source: `native functions: ${aot.source}; the rest: ${interpreted.source}` };
}

/** Features that come in addition to an instruction's own: a table without them charges nothing for them. */
const EXTRA = /^(?:cold|enter)(?:\/|$)|\/(?:argument|chained|second)$/;

/** What sums of costs with two decimals are off by at most, and less than these. */
const ROUNDING_ERROR = 1e-6;

/** Costs resolved for every instruction there is. */
export class InstructionCosts {
  private readonly byName = new Map<string, number>();
  private readonly byFeature = new Map<string, number>();
  private readonly dearest = new Map<string, number>();

  /**
   * @param native costs of `@native` functions, where these differ
   * @param isWorst whether these are worst costs, so that nothing may be rounded away
   * @throws Error when an instruction has no cost: a table with a hole would count it as free
   */
  constructor(private readonly table: CostTable, readonly native?: InstructionCosts, private readonly isWorst = false) {
    const { instructions } = table;
    const patterns = Object.keys(instructions).filter((pattern) => pattern.endsWith('*')).sort((a, b) => b.length - a.length);
    for (const name of new Set([...operatorNames, ...operatorNames.map(entryOf)])) {
      const cycles = instructions[name] ?? instructions[entryOf(name)] ?? instructions[patterns.find((pattern) => name.startsWith(pattern.slice(0, -1))) ?? ''];
      if (cycles === undefined) throw new Error(`the cost table has no entry for ${name}`);
      this.byName.set(name, cycles);
    }
  }

  /** Whole cycles of a basic block: a counter has no others. */
  whole(cycles: number): number {
    return this.isWorst ? Math.ceil(cycles - ROUNDING_ERROR) : Math.round(cycles);
  }

  /** Cycles that the shim's dispatcher adds to a handler: see `CostTable.dispatch`. */
  get dispatch(): number {
    return this.table.dispatch;
  }

  /** Cycles of an instruction of which no more than the name is known: the dearest of its kind. `call` is asked for by `call`. */
  instruction(name: string): number {
    if (name === 'call') return 0;
    let cycles = this.dearest.get(name);
    if (cycles === undefined) {
      const kinds = Object.entries(this.table.instructions).filter(([kind]) => kind.startsWith(`${entryOf(name)}/`) && !EXTRA.test(kind));
      this.dearest.set(name, (cycles = Math.max(this.byName.get(name)!, ...kinds.map(([, c]) => c))));
    }
    return cycles;
  }

  /** Cycles of a call of which no more than the function is known: an import has a cost of its own, in the imports' table. */
  call(index: number, module: WasmModule): number {
    const imported = module.imports[index];
    return (imported && this.table.imports[imported.name]) ?? this.byName.get('call')!;
  }

  /**
   * Cycles of an instruction by its features, as `featuresOf` gives them.
   * @param native whether it calls a `@native` function that runs as compiled code, from code that is interpreted
   */
  cycles(features: readonly Feature[] | undefined, native = false): number {
    let sum = 0;
    // By index: this runs for every instruction, and mostly in code that V8 has not optimized.
    for (let i = 0; i < (features?.length ?? 0); i++) {
      const name = features![i][0];
      sum += features![i][1] * this.feature(native && name.startsWith('call') && !name.endsWith('/argument') ? 'call/native' : name);
    }
    return sum;
  }

  private feature(name: string): number {
    let cycles = this.byFeature.get(name);
    if (cycles === undefined) this.byFeature.set(name, (cycles = this.find(name)));
    return cycles;
  }

  /** A feature without an entry costs what the one costs of which it is a kind. */
  private find(name: string): number {
    const { instructions, imports } = this.table;
    if (name.startsWith(IMPORT)) {
      const kind = name.slice(IMPORT.length);
      return imports[kind] ?? imports[kind.slice(0, kind.lastIndexOf('/'))] ?? this.byName.get('call')!;
    }
    if (EXTRA.test(name)) return instructions[name] ?? 0;
    for (let kind = name; ; kind = kind.slice(0, kind.lastIndexOf('/'))) {
      const found = instructions[kind] ?? this.byName.get(kind);
      if (found !== undefined) return found;
    }
  }
}
