// SPDX-License-Identifier: MIT
// What a `@native` function may do: it runs outside of the interpreter, so it touches its arguments and memory, and calls only its like.

import { ByteReader, forEachInstruction, SECTION, type WasmModule } from '../cpu/wasm/decode.js';
import { HEAP_FUNCTION, type Step } from './call-graph.js';
import { MARK } from './marks.js';

export type NativeViolation = 'global' | 'import' | 'heap' | 'indirect call' | 'call';

export interface NativeFinding {
  readonly violation: NativeViolation;
  readonly root: number;
  /** From the native function to the offending instruction. */
  readonly path: readonly Step[];
  /** Name of the global, or of the function called. */
  readonly what: string;
}

/**
 * Functions that nobody can mark: accessors, which are methods, and the standard library. They count as part of whoever calls them, and have to obey the
 * same rules.
 */
const PART_OF_CALLER = /#[gs]et:|^~lib\//;

/** Indices of globals that change after they got their initial value. */
function mutableGlobals(module: WasmModule): ReadonlySet<number> {
  const written = new Set<number>();
  for (const body of module.functions) {
    forEachInstruction(module.bytes, body.code, body.end, ({ operator, index }) => {
      if (operator.name === 'global.set') written.add(index);
    });
  }
  // Set while the optimiser is at work alone.
  written.delete(module.exports.find(({ name }) => name === MARK)?.index ?? -1);
  return written;
}

/** Names of globals, from subsection 7 of the name section. */
function globalNames(module: WasmModule): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const section = module.sections.find((s) => s.id === SECTION.custom && s.name === 'name');
  if (!section) return names;
  const r = new ByteReader(module.bytes, section.contents, section.end);
  r.name();
  while (!r.done) {
    const kind = r.u8();
    const end = r.u32() + r.offset;
    if (kind === 7) for (let count = r.u32(); count > 0; count--) names.set(r.u32(), r.name());
    r.offset = end;
  }
  return names;
}

/**
 * Breaches of the rules, one for each native function and instruction in it that leads to one. Behind a call of something that is not native the search
 * goes on, so that the path ends at what cannot be made native either; if there is nothing such, the call itself is the breach.
 * @param module an unoptimised module with names
 * @param natives indices of the native functions
 */
export function findNativeViolations(module: WasmModule, natives: ReadonlySet<number>): NativeFinding[] {
  const mutable = mutableGlobals(module);
  const globals = globalNames(module);
  const firstOwn = module.imports.length;
  const nameOf = (index: number): string => module.functionNames.get(index) ?? `function ${index}`;
  const findings: NativeFinding[] = [];
  /** What is wrong in one function, in order; `open` are functions that the search is in already. */
  const search = (index: number, open: ReadonlySet<number>): Omit<NativeFinding, 'root'>[] => {
    const found: Omit<NativeFinding, 'root'>[] = [];
    const body = module.functions[index - firstOwn];
    forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, index: operand, offset }) => {
      const here: Step = { caller: index, offset };
      const add = (violation: NativeViolation, step: Step, what: string) => void found.push({ violation, path: [step], what });
      if (name.startsWith('global.') && mutable.has(operand)) add('global', here, globals.get(operand) ?? `global ${operand}`);
      else if (name === 'call_indirect') add('indirect call', here, '');
      else if (name === 'memory.grow') add('heap', here, name);
      else if (name === 'call' && !natives.has(operand) && !open.has(operand)) {
        const step = { ...here, callee: operand };
        if (operand < firstOwn) add('import', step, module.imports[operand].name);
        else if (HEAP_FUNCTION.test(nameOf(operand))) add('heap', step, nameOf(operand));
        else {
          const deeper = search(operand, new Set(open).add(operand))[0];
          const isPart = PART_OF_CALLER.test(nameOf(operand));
          if (deeper && (isPart || deeper.violation !== 'call')) found.push({ ...deeper, path: [step, ...deeper.path] });
          else if (!isPart) add('call', step, nameOf(operand));
        }
      }
    });
    return found;
  };
  for (const root of natives) for (const finding of search(root, new Set([root]))) findings.push({ ...finding, root });
  return findings;
}
