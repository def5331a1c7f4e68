// SPDX-License-Identifier: MIT
// What has no bound, in words, with the calls that lead there.

import type { Finding } from '../../build/call-graph.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import { opsOf, type CodeNode, type FunctionCode, type Op } from './code.js';
import type { Context, Problem } from './interpret.js';
import type { LongestPath } from './longest-path.js';
import type { Arguments, Places } from './places.js';
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

/** A call on the way, or its end: the place of an instruction. */
function stepAt(places: Places, module: WasmModule, code: FunctionCode, at: number): PathStep {
  const here = code.loops.has(at) ? places.locateLoop(code, at) : places.locateAround(code, at);
  return { functionName: functionName(module, code.index), file: here?.file ?? '', line: here?.line ?? 0 };
}

/** All that a function reaches, each once, with the calls that lead there first. */
function forEachContext(root: Context, stepOf: (code: FunctionCode, at: number) => PathStep, visit: (context: Context, path: readonly PathStep[]) => void): void {
  const seen = new Set<Context>();
  const walk = (context: Context, path: readonly PathStep[]): void => {
    if (seen.has(context)) return;
    seen.add(context);
    visit(context, path);
    for (const { at, contexts } of context.calls.values()) for (const callee of contexts.values()) walk(callee, [...path, stepOf(context.code, at)]);
  };
  walk(root, []);
}

/** Everything without a bound in reach, each place once, by the first path that leads to it. */
export function problemsOf(places: Places, module: WasmModule, codeOf: (index: number) => FunctionCode, recursion: readonly Finding[], root: Context | undefined): Described[] {
  const found = new Map<string, Described>();
  const step = (code: FunctionCode, at: number): PathStep => stepAt(places, module, code, at);
  const add = (kind: Problem['kind'], path: PathStep[], said?: UnboundedPlace['said']): void => {
    const { file, line } = path[path.length - 1];
    const key = `${kind} ${file}:${line}`;
    if (found.has(key)) return;
    const way = path.map((s) => `${s.functionName} (${s.file}:${s.line})`).join(' -> ');
    found.set(key, { message: `${file}:${line}: ${WHAT[kind]}. Path: ${way}`, place: { kind, file, line, path, said } });
  };
  for (const { path } of recursion) add('recursion', path.map(({ caller, offset }) => step(codeOf(caller), offset)));
  if (root) {
    forEachContext(root, step, (context, path) => {
      const { code, args, problems } = context;
      for (const { kind, at } of problems) add(kind, [...path, step(code, at)], kind === 'loop' ? places.unknownBound(code, at, args) : undefined);
    });
  }
  return [...found.values()];
}

/** Turns that a loop makes in no firmware in one call of a handler, if not by a mistake. */
const FAR_TOO_MANY = 2 ** 24;
/** What a counter of 16 bits runs through, with its sign and without. */
const WIDTHS = [2 ** 15, 2 ** 16];

/** Loops in reach, each once, whose bound is what their counter can be: nothing is said of them, and no constant is near that could be their limit. */
export function wideLoops(places: Places, module: WasmModule, root: Context): UnboundedPlace[] {
  const found = new Map<string, UnboundedPlace>();
  const step = (code: FunctionCode, at: number): PathStep => stepAt(places, module, code, at);
  forEachContext(root, step, ({ code, turns, args }, path) => {
    for (const [at, most] of turns) {
      const isWide = most >= FAR_TOO_MANY || WIDTHS.some((width) => most <= width && most >= width - 2);
      if (!isWide || places.turns(code, at, args) !== undefined || isCounted(code, args, most)) continue;
      const place = step(code, at);
      found.set(`${place.file}:${place.line}`, { kind: 'loop', file: place.file, line: place.line, path: [...path, place] });
    }
  });
  return [...found.values()];
}

/**
 * Whether code has a constant, or is passed one, to which a loop of so many turns may count, by ones or more. A mask is none: it is what makes a counter or an
 * argument narrow.
 */
function isCounted(code: FunctionCode, args: Arguments, turns: number): boolean {
  const ops = opsOf(code.nodes);
  const written = ops.filter((_, i) => !/\.(?:and|extend)/.test(ops[i + 1]?.name ?? '')).map(({ value = 0 }) => value);
  const passed = args.flatMap(([low, high]) => (low === high ? [low] : []));
  return [...written, ...passed].some((value) => value > 0 && [-1, 0, 1].some((off) => value % (turns + off) === 0));
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
  return [stepAt(places, module, code, last.op.at), ...(last.callee ? trapPath(places, module, paths, last.callee) : [])];
}
