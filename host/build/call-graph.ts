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

interface Calls {
  readonly steps: readonly Step[];
}

/** Every call, indirect call and memory.grow of each function with code. */
function callsOf(module: WasmModule): Map<number, Calls> {
  const graph = new Map<number, Calls>();
  for (const body of module.functions) {
    const steps: Step[] = [];
    forEachInstruction(module.bytes, body.code, body.end, ({ operator, offset, index }) => {
      if (operator.name === 'call') steps.push({ caller: body.index, offset, callee: index });
      else if (operator.name === 'call_indirect' || operator.name === 'memory.grow') steps.push({ caller: body.index, offset });
    });
    graph.set(body.index, { steps });
  }
  return graph;
}

/**
 * Finds, for each root, the shortest kind of each violation: one finding a root and offending function.
 * @param module an unoptimised module with names, so that the paths are those of the source
 */
export function findViolations(module: WasmModule, roots: readonly number[]): Finding[] {
  const graph = callsOf(module);
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
      for (const step of graph.get(index)?.steps ?? []) {
        const { callee } = step;
        if (callee === undefined) {
          const grows = module.bytes[step.offset] === 0x40;
          report(grows ? 'heap' : 'indirect call', index, step);
        } else if (HEAP_FUNCTION.test(module.functionNames.get(callee) ?? '')) report('heap', index, step);
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
