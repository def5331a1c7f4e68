// SPDX-License-Identifier: MIT
// Where a call of an unoptimised module stands in the source. The compiler notes places for most expressions, but none for calls of its own making, as those of an
// array's literal, and those of inlined library code are the library's.

import { forEachInstruction, type WasmModule } from '../cpu/wasm/decode.js';
import type { Step } from './call-graph.js';
import type { Location, SourceMap } from './source-map.js';

const isOwn = (file: string): boolean => !file.startsWith('~lib/');
/** After any of these no value waits for what comes: a statement begins. */
const ENDS_STATEMENT = /^(?:drop|(?:local|global)\.set|(?:i32|i64|f32|f64)\.store\d*|block|loop|if|else|end|br|br_if|br_table|return|nop|memory\.(?:copy|fill))$/;

/** Whether nothing but constants comes before a call in its statement, so that the place before it is that of another statement. */
function beginsStatement(module: WasmModule, { caller, offset }: Step): boolean {
  const { code, end } = module.functions[caller - module.imports.length];
  let begins = true;
  forEachInstruction(module.bytes, code, end, ({ operator: { name }, offset: at, index }) => {
    if (at >= offset) return false;
    if (name.endsWith('.const')) return undefined;
    begins = ENDS_STATEMENT.test(name) || (name === 'call' && returnsNothing(module, index));
    return undefined;
  });
  return begins;
}

function returnsNothing(module: WasmModule, index: number): boolean {
  const type = module.imports[index]?.type ?? module.functions[index - module.imports.length].type;
  return module.types[type].results === 0;
}

/** The place of a call: in a function of the firmware its own line, also where the library's code that has the call is inlined there. */
export function callPlace(step: Step, module: WasmModule, map: SourceMap): Location | undefined {
  const { caller, offset } = step;
  const name = module.functionNames.get(caller) ?? '';
  const { start, end } = module.functions[caller - module.imports.length];
  const here = map.locate(offset, start);
  if (name.startsWith('~lib/')) return here;
  // What a constructor begins with is nobody's line: who calls it takes the memory.
  const isFirst = !name.endsWith('#constructor') && beginsStatement(module, step);
  return map.locate(offset, offset, isOwn) ?? (isFirst ? map.locateNext(offset, end, isOwn) : undefined) ?? map.locate(offset, start, isOwn) ?? here;
}
