// SPDX-License-Identifier: MIT
// What each voice took: cycles of calls about it, on both CPUs that count code.

import { voiceFunctionsOf } from '../cpu/voice-functions.js';
import type { WasmModule } from '../cpu/wasm/decode.js';
import type { ObjectCycles } from '../cpu/wasm/object-cycles.js';
import type { VoiceCycles } from './profile-result.js';

/** @returns null when there was no call about a voice */
export function voiceCyclesOf(objects: readonly ObjectCycles[], module: WasmModule, codeCycles: number): VoiceCycles | null {
  const classes = voiceFunctionsOf(module);
  const voices = new Map<string, { className: string; object: number; calls: number; cycles: number }>();
  const functions = new Set<string>();
  for (const { functionIndex, object, calls, cycles } of objects) {
    const className = classes.get(functionIndex)!;
    functions.add(module.functionNames.get(functionIndex)!.replace(/^.*\//, ''));
    const key = `${className} ${object}`;
    const known = voices.get(key) ?? { className, object, calls: 0, cycles: 0 };
    voices.set(key, { ...known, calls: known.calls + calls, cycles: known.cycles + cycles });
  }
  if (voices.size === 0) return null;
  const numbers = new Map<string, number>();
  const each = [...voices.values()].sort((a, b) => a.object - b.object).map(({ className, calls, cycles }) => {
    const number = (numbers.get(className) ?? 0) + 1;
    numbers.set(className, number);
    return { name: `${className} ${number}`, calls, cycles, share: cycles / codeCycles };
  });
  return { share: each.reduce((sum, { share }) => sum + share, 0), functions: [...functions].sort(), each };
}
