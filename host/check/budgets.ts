// SPDX-License-Identifier: MIT
// The limits that source and project set, against what was found.

import type { Vector } from '../vectors.js';
import type { BlockCheck, BudgetCheck, HandlerCheck, StackCheck, VoicesCheck } from './check-result.js';
import type { Project } from './project.js';
import type { CallNode } from './worst-case/result.js';

export interface Found {
  readonly handlers: readonly HandlerCheck[];
  readonly stack: StackCheck;
  readonly block: BlockCheck | null;
  readonly voices: VoicesCheck | null;
  /** Worst case of one call of a function by its name; null when it has none or there is no such function. */
  readonly worstOfFunction: (name: string) => { readonly cycles: number | null; readonly file?: string; readonly line?: number };
}

/** Least time of a budget is 0, and what is not known holds to nothing. */
const within = (actual: number | null, limit: number): boolean => actual !== null && actual <= limit;

export function budgetsOf(vectors: readonly Vector[], { file = '', budgets }: Project, { handlers, stack, block, voices, worstOfFunction }: Found): BudgetCheck[] {
  const worst = (vector: string): number | null => handlers.find((h) => h.vector === vector)?.worstCycles ?? null;
  const handler = (name: string, limit: number, from: string, place: { file: string; line: number } | undefined): BudgetCheck =>
    ({ kind: 'handler', name, unit: 'cycles', limit, actual: worst(name), holds: within(worst(name), limit), from, ...place });
  const checks: BudgetCheck[] = vectors.flatMap(({ name, budget, file: source, line }) => (budget === undefined ? [] : [handler(name, budget, '@isr', { file: source, line })]));
  for (const [name, limit] of budgets.handlers) checks.push(handler(name, limit, file, undefined));
  for (const [name, limit] of budgets.functions) {
    const { cycles, ...place } = worstOfFunction(name);
    checks.push({ kind: 'function', name, unit: 'cycles', limit, actual: cycles, holds: within(cycles, limit), from: file, ...place });
  }
  if (budgets.stackBytes !== undefined) {
    checks.push({ kind: 'stack', name: 'C', unit: 'bytes', limit: budgets.stackBytes, actual: stack.c.worstBytes, holds: within(stack.c.worstBytes, budgets.stackBytes), from: file });
  }
  if (budgets.headroom !== undefined) {
    const limit = 100 * budgets.headroom;
    const actual = block?.headroom == null ? null : 100 * block.headroom;
    checks.push({ kind: 'headroom', name: block?.vector ?? 'block', unit: 'percent', limit, actual, holds: actual !== null && actual >= limit, from: file });
  }
  for (const [engine, limit] of Object.entries(budgets.voices)) {
    const fits = voices?.engines.find((v) => v.engine === engine)?.fits ?? null;
    checks.push({ kind: 'voices', name: engine, unit: 'voices', limit, actual: fits, holds: fits !== null && fits >= limit, from: file });
  }
  return checks;
}

/** The dearest node of a function's name in a call tree, if it is on the path. */
export function nodeOf(tree: CallNode | null, name: string): CallNode | undefined {
  if (!tree) return undefined;
  const found = [...(tree.functionName === name ? [tree] : []), ...tree.children.flatMap((child) => nodeOf(child, name) ?? [])];
  return found.sort((a, b) => b.cycles / b.times - a.cycles / a.times)[0];
}
