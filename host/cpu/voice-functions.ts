// SPDX-License-Identifier: MIT
// Which code of a module is about one voice: methods of a class that is called so, as functions of their own or put into their callers. `this` says which voice.

import type { SourceMap } from '../build/source-map.js';
import type { SourceFunctions } from '../profile/source-functions.js';
import { forEachInstruction, type FunctionBody, type WasmModule } from './wasm/decode.js';
import type { InlinedCode } from './wasm/inlined-code.js';

/** `firmware/synth/voice/Voice#renderTo`, `DrumVoice<f32>#tick`; a constructor is about none yet. */
const METHOD = /(?:^|[/.])(\w*Voice)(?:<.*>)?#(?!constructor$)[\w:]+$/;
const THIS = /^this\b/;

/** Names of the classes, by the functions' indices: of those that the compiler has not put into their callers. */
export function voiceFunctionsOf(module: WasmModule): Map<number, string> {
  const found = new Map<number, string>();
  for (const { index, type } of module.functions) {
    const className = METHOD.exec(module.functionNames.get(index) ?? '')?.[1];
    if (className !== undefined && module.types[type].parameters > 0) found.set(index, className);
  }
  return found;
}

/** A method that the compiler has put into its callers. */
export interface InlinedMethod {
  readonly className: string;
  /** As the source has it: `Voice#renderTo`. */
  readonly name: string;
}

export interface InlinedVoices {
  /** By the index of the function that they were put into. */
  readonly code: ReadonlyMap<number, InlinedCode>;
  /** By the numbers that the code has them by. */
  readonly methods: readonly InlinedMethod[];
}

/**
 * Finds methods of voices within functions that are none, by the source's places of the instructions. An optimiser leaves such a method in one stretch; what
 * stands between two instructions of it counts for it too, being what it calls, unless it was written in the function that it is in. The object is in the local
 * whose reading was written as `this`.
 */
export function inlinedVoicesOf(module: WasmModule, sourceMap: SourceMap, sources: SourceFunctions): InlinedVoices {
  const methods: InlinedMethod[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (name: string, className: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, methods.length);
    return methods.push({ className, name }) - 1;
  };
  const voices = voiceFunctionsOf(module);
  const code = new Map<number, InlinedCode>();
  for (const body of module.functions) {
    if (voices.has(body.index)) continue;
    const found = inlinedIn(module, body, sourceMap, sources, numberOf);
    if (found.has.size > 0) code.set(body.index, found);
  }
  return { code, methods };
}

function inlinedIn(
  module: WasmModule, body: FunctionBody, sourceMap: SourceMap, sources: SourceFunctions, numberOf: (name: string, className: string) => number,
): InlinedCode {
  const owner = sources.named(module.functionNames.get(body.index) ?? '');
  const has = new Set<number>();
  const begins = new Map<number, number | undefined>();
  const tells = new Map<number, number>();
  /** Locals that got something else than the object from a voice's code: a field that is read once and kept, and is then read as `this.field` was written. */
  const others = new Set<number>();
  /** Where the stretch began, and whether its object has been told. */
  let [stretch, isTold] = [-1, true];
  /** Since the last instruction of a voice: those that may be of what it calls; undefined outside of its stretch. */
  let between: number[] | undefined;
  forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, offset, index }) => {
    const at = sourceMap.locate(offset, body.start);
    const of = at && sources.at(at.file, at.line, at.column);
    const className = of && METHOD.exec(of.name)?.[1];
    const isThis = className !== undefined && sourceMap.locate(offset, offset) !== undefined && THIS.test(sources.textAt(at!.file, at!.line, at!.column));
    if (name === 'local.set' || name === 'local.tee') {
      if (className !== undefined && !isThis) others.add(index);
      else others.delete(index);
    }
    if (className === undefined) {
      if (of === owner || of === undefined) between = undefined;
      else between?.push(offset);
      return;
    }
    if (between) for (const each of between) has.add(each);
    else {
      [stretch, isTold] = [offset, false];
      begins.set(offset, numberOf(of!.name, className));
    }
    between = [];
    has.add(offset);
    if (!isThis || (name !== 'local.get' && name !== 'local.tee') || others.has(index)) return;
    tells.set(offset, numberOf(of!.name, className));
    if (!isTold) begins.set(stretch, undefined);
    isTold = true;
  });
  return { has, begins, tells };
}
