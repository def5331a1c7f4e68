// SPDX-License-Identifier: MIT
// Code between irqMask and irqRestore, and how long it takes at most: for so long every interrupt waits.

import { isFirmwares, type SourceMap } from '../build/source-map.js';
import { featuresOf } from '../cpu/wasm/cost-features.js';
import type { InstructionCosts } from '../cpu/wasm/costs.js';
import { forEachInstruction, type FunctionBody, type WasmModule } from '../cpu/wasm/decode.js';
import type { CriticalSection } from './check-result.js';
import { reachableFrom } from './reach.js';

export interface SectionCosts {
  /** Worst costs of a function's instructions: with native kernels they differ by function. */
  costsOf(functionIndex: number): InstructionCosts;
  /** Whether a function runs as compiled code beside an interpreter. */
  isNative(functionIndex: number): boolean;
  /** Worst time of a whole call, by the function's index; undefined when it has no bound. */
  worstOf(functionIndex: number): number | undefined;
}

/** Where code can be active: a vector, or "main". */
export interface Context {
  readonly name: string;
  readonly exports: readonly string[];
}

interface Span {
  readonly offset: number;
  readonly cycles: number;
}

const maskers = new WeakMap<WasmModule, ReadonlySet<number>>();

/** Functions that mask interrupts themselves: a few, of which each engine asks again. */
function maskersOf(module: WasmModule, mask: number): ReadonlySet<number> {
  let found = maskers.get(module);
  if (!found) {
    const own = new Set<number>();
    if (mask >= 0) for (const { index: owner, code, end } of module.functions) forEachInstruction(module.bytes, code, end, ({ operator: { name }, index }) => { if (name === 'call' && index === mask) own.add(owner); });
    maskers.set(module, found = own);
  }
  return found;
}

/**
 * Sections of one function. Code from the mask to the restore at the mask's block depth or outside of it is summed up as it stands, all branches together:
 * a branch that restores earlier does not end the section for the others. That is an upper bound as long as nothing in it repeats; a loop, or a mask
 * that is never restored here, gives Infinity.
 */
function spansOf(module: WasmModule, body: FunctionBody, { costsOf, worstOf, isNative }: SectionCosts): Span[] {
  const { index: owner, code, end } = body;
  const mask = module.imports.findIndex(({ name }) => name === 'irqMask');
  if (!maskersOf(module, mask).has(owner)) return [];
  const restore = module.imports.findIndex(({ name }) => name === 'irqRestore');
  const costs = costsOf(owner);
  const features = featuresOf(module, body);
  const cyclesAt = (offset: number, callee?: number): number => costs.cycles(features.get(offset), callee !== undefined && isNative(callee) && !isNative(owner));
  const spans: Span[] = [];
  let depth = 0;
  let open: { readonly offset: number; readonly depth: number; cycles: number; nested: number } | undefined;
  forEachInstruction(module.bytes, code, end, ({ operator: { name }, offset, index }) => {
    if (name === 'end') depth--;
    if (open) {
      open.cycles += cyclesAt(offset, name === 'call' ? index : undefined) + (name === 'call' && index >= module.imports.length ? worstOf(index) ?? Infinity : 0);
      if (name === 'loop' || name === 'call_indirect') open.cycles = Infinity;
    }
    if (name === 'call' && index === mask) {
      if (open) open.nested++;
      else open = { offset, depth, cycles: cyclesAt(offset, index), nested: 0 };
    } else if (name === 'call' && index === restore && open) {
      if (open.nested > 0) open.nested--;
      else if (depth <= open.depth) {
        spans.push(open);
        open = undefined;
      }
    }
    if (name === 'block' || name === 'loop' || name === 'if') depth++;
  });
  if (open) spans.push({ ...open, cycles: Infinity });
  return spans;
}

/** All sections that some context can come to: those without a bound, then the longest first. */
export function criticalSections(module: WasmModule, map: SourceMap | undefined, costs: SectionCosts, contexts: readonly Context[]): CriticalSection[] {
  const reached = contexts.map(({ name, exports }) => ({ name, functions: reachableFrom(module, exports) }));
  return module.functions.flatMap((body) => {
    const within = reached.filter(({ functions }) => functions.has(body.index)).map(({ name }) => name);
    if (within.length === 0) return [];
    return spansOf(module, body, costs).map(({ offset, cycles }) => {
      const at = map?.locate(offset, body.start, isFirmwares);
      const functionName = (module.functionNames.get(body.index) ?? `function ${body.index}`).replace(/^.*\//, '');
      return { functionName, file: at?.file ?? '', line: at?.line ?? 0, contexts: within, cycles: cycles === Infinity ? null : cycles };
    });
  }).sort((a, b) => (b.cycles ?? Infinity) - (a.cycles ?? Infinity) || 0);
}
