// SPDX-License-Identifier: MIT
// What an instruction costs: tables in boards/costs, one for each core, with an entry for each engine.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { boardsDir } from '../../paths.js';
import type { WasmModule } from './decode.js';
import { operatorNames } from './opcodes.js';

/** One engine's costs on one core, in core cycles. */
export interface EngineCosts {
  /** Where the numbers come from, for reports. */
  readonly source: string;
  /** By instruction name or by a pattern that ends in "*"; the longest that fits counts. */
  readonly instructions: Readonly<Record<string, number>>;
  /** By name of the imported function. */
  readonly imports: Readonly<Record<string, number>>;
  /** From the core's exception entry to a handler's first instruction, and back: what the shim's dispatcher adds. */
  readonly dispatch: number;
  /** Of an interpreter: cycles of one of its operations, for the CPU that counts these. */
  readonly operation?: number;
  /** Costs of the `@native` functions, where these run as compiled code and the rest is interpreted. */
  readonly native?: EngineCosts;
}

export interface CoreCosts {
  readonly core: string;
  readonly engines: Readonly<Record<string, EngineCosts>>;
}

/**
 * The table of a core; one that is estimated by another core's names it, and says so in every engine's source.
 * @throws Error when there is no table for the core
 */
export function loadCoreCosts(core: string): CoreCosts {
  const own = JSON.parse(readFileSync(join(boardsDir, 'costs', `${core}.json`), 'utf8')) as CoreCosts | { core: string; inherits: string; source: string };
  if (!('inherits' in own)) return { ...own, engines: withKernels(own.engines) };
  const engines = Object.entries(loadCoreCosts(own.inherits).engines).map(([name, costs]) => [name, { ...costs, source: `${own.source}: ${costs.source}` }]);
  return { core, engines: Object.fromEntries(engines) };
}

/** Engine "kernels" is of both kinds: what is native costs as ahead of time, the rest as interpreted. */
function withKernels(engines: CoreCosts['engines']): CoreCosts['engines'] {
  const { wasm3, aot } = engines;
  const { operation: _, ...interpreted } = wasm3;
  return { ...engines, kernels: { ...interpreted, native: aot, source: `native functions: ${aot.source}; the rest: ${wasm3.source}` } };
}

/** Costs resolved for every instruction there is. */
export class InstructionCosts {
  private readonly byName = new Map<string, number>();

  /** @throws Error when an instruction has no cost: a table with a hole would count it as free */
  constructor(private readonly engine: EngineCosts) {
    const patterns = Object.entries(engine.instructions).sort(([a], [b]) => b.length - a.length);
    for (const name of operatorNames) {
      const found = patterns.find(([p]) => p === name) ?? patterns.find(([p]) => p.endsWith('*') && name.startsWith(p.slice(0, -1)));
      if (!found) throw new Error(`the cost table has no entry for ${name}`);
      this.byName.set(name, found[1]);
    }
  }

  /** Cycles of an instruction; `call` is asked for by `call`. */
  instruction(name: string): number {
    return name === 'call' ? 0 : this.byName.get(name)!;
  }

  /** Cycles of a call: an import has a cost of its own, in the imports' table. */
  call(index: number, module: WasmModule): number {
    const imported = module.imports[index];
    return (imported && this.engine.imports[imported.name]) ?? this.byName.get('call')!;
  }
}
