// SPDX-License-Identifier: MIT
// What a handler can reach: walks the calls of a module and finds what may not be there: heap, recursion, indirect calls.

import { forEachInstruction, type WasmModule } from '../cpu/wasm/decode.js';

export type Violation = 'heap' | 'recursion' | 'indirect call';

/** One step of a path: who calls, and the byte offset of the call. */
export interface Step {
  readonly caller: number;
  readonly offset: number;
  /** Undefined for an indirect call and for memory.grow. */
  readonly callee?: number;
}

export interface Finding {
  readonly violation: Violation;
  readonly root: number;
  /** From the root to the offending instruction. */
  readonly path: readonly Step[];
}

/** Functions of AssemblyScript's runtime that take memory or give it back: whoever reaches one of them uses the heap. */
export const HEAP_FUNCTION = /^~lib\/rt\/(?:stub|tlsf|itcms|tcms|arc|index-\w+)\/(?:__alloc|__realloc|__free|__new|__renew|maybeGrowMemory|allocateBlock)$/;

/** Whether one of them gives memory back. */
export const isFreeing = (name: string): boolean => name.endsWith('/__free');

interface Way {
  readonly step: Step;
  /** What is wrong with a step that has no callee. */
  readonly violation?: Violation;
}

/** Every call, indirect call and memory.grow of each function with code, in order. Where an indirect one leads is no matter here (as in calls.ts): it is a violation. */
function waysOf(module: WasmModule): Map<number, Way[]> {
  const graph = new Map<number, Way[]>();
  for (const { index: caller, code, end } of module.functions) {
    const ways: Way[] = [];
    forEachInstruction(module.bytes, code, end, ({ operator: { name }, offset, index: callee }) => {
      if (name === 'call') ways.push({ step: { caller, offset, callee } });
      else if (name === 'call_indirect') ways.push({ step: { caller, offset }, violation: 'indirect call' });
      else if (name === 'memory.grow') ways.push({ step: { caller, offset }, violation: 'heap' });
    });
    graph.set(caller, ways);
  }
  return graph;
}

/**
 * Finds, for each root, the shortest kind of each violation: one finding a root and offending function.
 * @param module an unoptimised module with names, so that the paths are those of the source
 */
export function findViolations(module: WasmModule, roots: readonly number[]): Finding[] {
  const graph = waysOf(module);
  const findings: Finding[] = [];
  for (const root of roots) {
    const finished = new Set<number>();
    const reported = new Set<string>();
    const path: Step[] = [];
    const report = (violation: Violation, key: number, step: Step): void => {
      const id = `${violation} ${key}`;
      if (reported.has(id)) return;
      reported.add(id);
      findings.push({ violation, root, path: [...path, step] });
    };
    const walk = (index: number, open: ReadonlySet<number>): void => {
      const inside = new Set(open).add(index);
      for (const { step, violation } of graph.get(index) ?? []) {
        const { callee } = step;
        if (callee === undefined) report(violation!, index, step);
        else if (HEAP_FUNCTION.test(module.functionNames.get(callee) ?? '')) report('heap', index, step);
        else if (inside.has(callee)) report('recursion', callee, step);
        else if (!finished.has(callee)) {
          path.push(step);
          walk(callee, inside);
          path.pop();
        }
      }
      finished.add(index);
    };
    walk(root, new Set());
  }
  return findings;
}
