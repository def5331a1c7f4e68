// SPDX-License-Identifier: MIT
// What each voice took: cycles of calls about it, on both CPUs that count code, and of what the compiler has put into its callers, on CPU wasm.

import { voiceFunctionsOf, type InlinedMethod } from '../cpu/voice-functions.js';
import type { WasmModule } from '../cpu/wasm/decode.js';
import type { ObjectCycles } from '../cpu/wasm/object-cycles.js';
import type { VoiceCycles } from './profile-result.js';

/** Above it are no addresses, but what stands for code whose object is not told. */
const LAST_ADDRESS = 0x7fffffff;

/** @param inlined methods that were put into their callers, by their numbers @returns null when nothing about a voice was called */
export function voiceCyclesOf(objects: readonly ObjectCycles[], module: WasmModule, inlined: readonly InlinedMethod[], codeCycles: number): VoiceCycles | null {
  const classes = voiceFunctionsOf(module);
  const methodOf = ({ of, index }: ObjectCycles): InlinedMethod => (
    of === 'inlined' ? inlined[index] : { className: classes.get(index)!, name: module.functionNames.get(index)!.replace(/^.*\//, '') });
  const voices = new Map<string, { className: string; object: number; calls: number; cycles: number }>();
  const [functions, within] = [new Set<string>(), new Set<string>()];
  for (const each of objects) {
    const { className, name } = methodOf(each);
    const { of, object, calls, cycles } = each;
    (of === 'inlined' ? within : functions).add(name);
    const key = `${className} ${object}`;
    const known = voices.get(key) ?? { className, object, calls: 0, cycles: 0 };
    voices.set(key, { ...known, calls: known.calls + calls, cycles: known.cycles + cycles });
  }
  if (voices.size === 0) return null;
  const numbers = new Map<string, number>();
  const told = [...voices.values()].filter(({ object }) => object <= LAST_ADDRESS).sort((a, b) => a.object - b.object);
  const each = told.map(({ className, calls, cycles }) => {
    const number = (numbers.get(className) ?? 0) + 1;
    numbers.set(className, number);
    return { name: `${className} ${number}`, calls, cycles, share: cycles / codeCycles };
  });
  const all = [...voices.values()].reduce((sum, { cycles }) => sum + cycles, 0);
  return {
    share: all / codeCycles, untold: all - told.reduce((sum, { cycles }) => sum + cycles, 0), functions: [...functions].sort(), inlined: [...within].sort(), each,
  };
}
