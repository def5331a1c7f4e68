// SPDX-License-Identifier: MIT
// What has no bound, in words, with the calls that lead there.

import type { Finding } from '../../build/call-graph.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { CodeNode, FunctionCode, Op } from './code.js';
import type { Context, Problem } from './interpret.js';
import type { LongestPath } from './longest-path.js';
import type { Places } from './places.js';
import type { PathStep, UnboundedPlace } from './result.js';

const WHAT = {
  loop: 'this loop has no bound that the code shows. Give it one that can be seen, as `for (let i = 0; i < 16 && …; i++)`, or say it: // @bound(16) above the loop, which tests then check',
  recursion: 'a function calls itself here, so that nothing bounds its depth; make it a loop',
  'indirect call': 'an indirect call, whose target is unknown; use a switch over direct calls',
} as const;

/** Short name of a function: without its file. */
export const functionName = (module: WasmModule, index: number): string => (module.functionNames.get(index) ?? `function ${index}`).replace(/^.*\//, '');

interface Described {
  readonly message: string;
  readonly place: UnboundedPlace;
}

/** Everything without a bound in reach, each place once, by the first path that leads to it. */
export function problemsOf(places: Places, module: WasmModule, codeOf: (index: number) => FunctionCode, recursion: readonly Finding[], root: Context | undefined): Described[] {
  const found = new Map<string, Described>();
  const step = (code: FunctionCode, at: number): PathStep => {
    const here = code.loops.has(at) ? places.locateLoop(code, at) : places.locateAround(code, at);
    return { functionName: functionName(module, code.index), file: here?.file ?? '', line: here?.line ?? 0 };
  };
  const add = (kind: Problem['kind'], path: PathStep[]): void => {
    const { file, line } = path[path.length - 1];
    const key = `${kind} ${file}:${line}`;
    if (found.has(key)) return;
    const way = path.map((s) => `${s.functionName} (${s.file}:${s.line})`).join(' -> ');
    found.set(key, { message: `${file}:${line}: ${WHAT[kind]}. Path: ${way}`, place: { kind, file, line, path } });
  };
  for (const { path } of recursion) add('recursion', path.map(({ caller, offset }) => step(codeOf(caller), offset)));
  const seen = new Set<Context>();
  const walk = (context: Context, path: PathStep[]): void => {
    if (seen.has(context)) return;
    seen.add(context);
    for (const { kind, at } of context.problems) add(kind, [...path, step(context.code, at)]);
    for (const { at, contexts } of context.calls.values()) for (const callee of contexts.values()) walk(callee, [...path, step(context.code, at)]);
  };
  if (root) walk(root, []);
  return [...found.values()];
}

/** Calls from a function that never returns to the trap that ends it: the last one of its code, since those before may be passed by. */
export function trapPath(places: Places, module: WasmModule, paths: LongestPath, root: Context): PathStep[] {
  const { code } = root;
  let last: { readonly op: Op; readonly callee?: Context } | undefined;
  const walk = (nodes: readonly CodeNode[]): void => {
    for (const node of nodes) {
      if (node.kind !== 'op') {
        walk(node.body);
        walk(node.otherwise);
        continue;
      }
      const callee = node.name === 'call' ? [...root.calls.get(node.at)?.contexts.values() ?? []].find((context) => !paths.of(context)) : undefined;
      // What stands behind a call that does not return is never reached.
      if (callee || (node.name === 'call' && paths.isAbort(node.index))) last = { op: node, callee };
      else if (node.name === 'unreachable' && !last) last = { op: node };
    }
  };
  walk(code.nodes);
  if (!last) return [];
  const here = places.locateAround(code, last.op.at);
  const step = { functionName: functionName(module, code.index), file: here?.file ?? '', line: here?.line ?? 0 };
  return [step, ...(last.callee ? trapPath(places, module, paths, last.callee) : [])];
}
