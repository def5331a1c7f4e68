// SPDX-License-Identifier: MIT
// Which functions of a module are about one voice: methods of a class that is called so. Their first argument, `this`, says which voice.

import type { WasmModule } from './wasm/decode.js';

/** `firmware/synth/voice/Voice#renderTo`, `DrumVoice<f32>#tick`; a constructor is about none yet. */
const METHOD = /(?:^|\/)(\w*Voice)(?:<.*>)?#(?!constructor$)[\w:]+$/;

/** Names of the classes, by the functions' indices: of those that the compiler has not put into their callers. */
export function voiceFunctionsOf(module: WasmModule): Map<number, string> {
  const found = new Map<number, string>();
  for (const { index, type } of module.functions) {
    const className = METHOD.exec(module.functionNames.get(index) ?? '')?.[1];
    if (className !== undefined && module.types[type].parameters > 0) found.set(index, className);
  }
  return found;
}
