// SPDX-License-Identifier: MIT
// Whom C calls by reference, which the compiler's call graph does not say: translated firmware through its table, wasm3 through its own.

import { callsOf } from '../../build/calls.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';

/**
 * Whom wasm3 calls by reference (its m3_parse.c, m3_env.c, m3_compile.c). Functions are compiled on a stack of their own; on this one only the values that
 * globals and segments begin with, which are constant expressions (Core Specification, 3.3.10).
 */
const OF_WASM3: readonly (readonly [caller: RegExp, callee: RegExp])[] = [
  // An operation's jump to the next one; its calls are those of the firmware.
  [/^op_/, /^$/],
  [/^(?:m3_ParseModule|ParseModuleSection)$/, /^ParseSection_/],
  // Nobody asks for custom sections.
  [/^ParseSection_Custom$/, /^$/],
  [/^ForEachModule$/, /^v_FindFunction$/],
  [/^CompileBlockStatements$/, /^m3_compile\.c:Compile_(?:Const_\w+|GetSetGlobal|End)$/],
];

/** Index of the function of a module that is run by an entry point of its translation. */
const ofEntry = (module: WasmModule, entry: string): number | undefined =>
  (entry === 'start' ? module.start : module.exports.find(({ kind, name }) => kind === 'func' && name === entry)?.index);

/** Names of a function's translation: itself, and the pieces and copies that the compiler makes of it. */
export const translationsOf = (names: Iterable<string>, index: number): string[] => [...names].filter((name) => name.startsWith(`firmware.c:f${index}_`));

/** All that a function calls by name, itself included. */
function calledByName(module: WasmModule, index: number, found = new Set<number>()): ReadonlySet<number> {
  if (found.has(index)) return found;
  found.add(index);
  for (const { isIndirect, callees } of callsOf(module).get(index) ?? []) if (!isIndirect) calledByName(module, callees[0], found);
  return found;
}

/**
 * Of a translated function all count that it, or whatever it calls by name, may call by reference, since the compiler makes functions a part of their callers.
 * @param names of all C functions
 * @returns undefined for a caller of which nothing is known
 */
export function referencesOf(module: WasmModule, names: readonly string[]): (caller: string) => readonly string[] | undefined {
  return (caller) => {
    const [, entry, index] = /^(?:tw_aot_(init|main|start)|firmware\.c:f(\d+)_.*)$/.exec(caller) ?? [];
    const own = entry === undefined ? index : ofEntry(module, entry);
    if (own === undefined) {
      const known = OF_WASM3.find(([from]) => from.test(caller));
      return known && names.filter((name) => known[1].test(name));
    }
    const callees = new Set([...calledByName(module, Number(own))].flatMap((i) => callsOf(module).get(i) ?? []).filter(({ isIndirect }) => isIndirect).flatMap((call) => call.callees));
    return [...callees].flatMap((callee) => (module.imports[callee] ? [`tw_abi_${module.imports[callee].name}`] : translationsOf(names, callee)));
  };
}
