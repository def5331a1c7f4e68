// SPDX-License-Identifier: MIT
// The interpreter's stacks: main's against what the linker gives it, the handlers' regions, which the build makes as large as they need.

import { callsOf } from '../../build/calls.js';
import { stackBounds } from '../../build/image/stack-bound.js';
import { isFirmwares, type SourceMap } from '../../build/source-map.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { Vector } from '../../vectors.js';
import type { StackCheck, StackContext } from '../check-result.js';
import type { PathStep } from '../worst-case/result.js';
import { comesBack } from './chain.js';

/** The functions of a chain that have a place in the source: where each calls the next, and the last one's end, if the chain has one. */
export function placesOf(module: WasmModule, map: SourceMap, functions: readonly number[]): PathStep[] {
  return (comesBack(functions) ? functions.slice(0, -1) : functions).flatMap((index, i) => {
    const body = module.functions[index - module.imports.length];
    if (!body) return [];
    const place = callsOf(module).get(index)!.find(({ callees }) => callees.includes(functions[i + 1]))?.offset ?? body.end - 1;
    const at = map.locate(place, body.start, isFirmwares);
    return at ? [{ functionName: shortName(module, index), file: at.file, line: at.line }] : [];
  });
}

export const shortName = (module: WasmModule, index: number): string =>
  (module.functionNames.get(index) ?? module.imports[index]?.name ?? `function ${index}`).replace(/^.*\//, '');

const indexOf = (module: WasmModule, exported: string): number | undefined => module.exports.find(({ kind, name }) => kind === 'func' && name === exported)?.index;

/** The chain of calls whose bounds are the deepest, from a function on; of one without an end, until it comes to a function again. */
function deepest(module: WasmModule, bounds: ReadonlyMap<number, number>, from: number): number[] {
  const path: number[] = [];
  for (let index: number | undefined = from; index !== undefined;) {
    path.push(index);
    if (comesBack(path)) break;
    let next: number | undefined;
    for (const callee of (callsOf(module).get(index) ?? []).flatMap(({ callees }) => callees)) {
      if (bounds.has(callee) && (next === undefined || bounds.get(callee)! > bounds.get(next)!)) next = callee;
    }
    index = next;
  }
  return path;
}

export function interpreterStack(module: WasmModule, map: SourceMap, vectors: readonly Vector[], mainBytes: number): NonNullable<StackCheck['interpreter']> {
  const bounds = stackBounds(module);
  const contextOf = (context: string, priority: number | null, index: number): StackContext => {
    const bytes = bounds.get(index) ?? 0;
    const chain = deepest(module, bounds, index);
    return {
      context, priority, exceptionBytes: 0, byteCount: Number.isFinite(bytes) ? Math.ceil(bytes / 8) * 8 : 0,
      path: chain.map((i) => shortName(module, i)), places: placesOf(module, map, chain),
    };
  };
  const roots = [indexOf(module, 'init'), indexOf(module, 'main'), module.start].filter((index) => index !== undefined);
  const main = roots.map((index) => ({ bytes: bounds.get(index) ?? 0, context: contextOf('main', null, index) })).sort((a, b) => b.bytes - a.bytes)[0];
  return {
    main: {
      // Nothing else has no bound.
      worstBytes: Number.isFinite(main.bytes) ? main.context.byteCount : null, recursive: Number.isFinite(main.bytes) ? null : main.context.path[main.context.path.length - 1], reserveBytes: mainBytes, nesting: [main.context],
    },
    handlers: vectors.map(({ name, priority, exportName }) => contextOf(name, priority, indexOf(module, exportName)!)),
  };
}
