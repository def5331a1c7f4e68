// SPDX-License-Identifier: MIT
// How deep the stacks can get, with one handler of each priority active at once, against what is reserved.

import { DEFAULT_MAIN_STACK, DEFAULT_STACK } from '../../build/image/image.js';
import type { EngineName } from '../../build/image/engine-names.js';
import type { Firmware } from '../../build/compile.js';
import type { SourceMap } from '../../build/source-map.js';
import type { Board } from '../../boards/index.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { StackCheck, StackContext } from '../check-result.js';
import { compiledStack } from './compiled.js';
import { interpreterStack } from './interpreter.js';

export interface StackFacts {
  readonly board: Board;
  readonly engine: EngineName;
  readonly firmware: Firmware;
  readonly module: WasmModule;
  readonly map: SourceMap;
  readonly stackBytes?: number;
  readonly mainStackBytes?: number;
  /** Whether handlers may have other priorities than their @isr says. */
  readonly changesPriorities: boolean;
}

/** Of handlers of one priority only one is active at a time: the deepest counts. Where priorities change, all may be. */
export function worstNesting(main: StackContext, handlers: readonly StackContext[], changesPriorities: boolean): StackContext[] {
  if (changesPriorities) return [main, ...handlers];
  const levels = new Map<number, StackContext>();
  for (const handler of handlers) {
    const deepest = levels.get(handler.priority!);
    if (!deepest || handler.byteCount > deepest.byteCount) levels.set(handler.priority!, handler);
  }
  return [main, ...[...levels.values()].sort((a, b) => b.priority! - a.priority!)];
}

export async function stackOf(facts: StackFacts): Promise<StackCheck> {
  const { engine, module, map, firmware, changesPriorities, stackBytes = DEFAULT_STACK[engine], mainStackBytes = DEFAULT_MAIN_STACK } = facts;
  const interpreter = engine === 'aot' ? null : interpreterStack(module, map, firmware.vectors, mainStackBytes);
  const compiled = await compiledStack(facts);
  if ('missing' in compiled) return { c: { worstBytes: null, recursive: null, reserveBytes: stackBytes, nesting: [] }, boot: null, interpreter, missing: [compiled.missing] };
  const nesting = worstNesting(compiled.main, compiled.handlers, changesPriorities);
  const sum = nesting.reduce((bytes, { byteCount }) => bytes + byteCount, 0);
  return { c: { worstBytes: compiled.isWhole ? Math.max(sum, compiled.boot.byteCount) : null, recursive: compiled.recursive, reserveBytes: stackBytes, nesting }, boot: compiled.boot, interpreter, missing: [...compiled.notes] };
}
