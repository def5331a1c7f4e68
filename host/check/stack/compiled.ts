// SPDX-License-Identifier: MIT
// The C stack: the shim, the interpreter's operations and compiled firmware, from what the cross compiler says of each function.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineUnits } from '../../build/image/engines.js';
import { imageFlags, shim, shimUnits } from '../../build/image/image.js';
import { callGraphFile, Toolchain } from '../../build/image/toolchain.js';
import { forEachInstruction, type WasmModule } from '../../cpu/wasm/decode.js';
import { ToolMissing } from '../../tools/tools.js';
import type { StackContext } from '../check-result.js';
import { INDIRECT, readCallGraphs, type CFunction } from './call-graph-info.js';
import { placesOf, shortName } from './interpreter.js';
import type { StackFacts } from './stack.js';

/** What the core pushes at exception entry: DDI 0403E, B1.5.6 and B1.5.7, and a word that aligns it. */
const BASIC_FRAME = 32;
const EXTENDED_FRAME = 104;
const ALIGNMENT = 4;
/** tw_run_code (host/build/wasm3/control.ts) pushes six registers by hand. */
const RUN_CODE_BYTES = 24;
/** libgcc and newlib come compiled. The deepest chains in them, of gcc 12.2 and newlib 3.3, were read from their code: sqrt 100, floor and rint 56, 64-bit division 48. */
const LIBRARY = /^(?:__aeabi_\w+|__\w+[ds]i[234]|__ieee754_sqrtf?|mem(?:cpy|set|move|cmp)|str(?:len|cmp)|(?:floor|ceil|trunc|rint|nearbyint|sqrt|fabs|copysign|fmin|fmax)f?|__errno)$/;
const LIBRARY_BYTES = 128;
/** Operations that handlers cannot come to: code is compiled at boot, on a stack of its own, and memory does not grow. */
const NEVER_RUN = new Set(['op_Compile', 'op_MemGrow']);
/** Booting parses the module on this stack before any interrupt is enabled; nothing nests on it. */
const BOOT = 'tw_engine_boot';

interface Depth {
  readonly bytes: number;
  /** Names, outermost first. */
  readonly path: readonly string[];
}

const deeper = (a: Depth, b: Depth): Depth => (b.bytes > a.bytes ? b : a);
const under = (name: string, bytes: number, below: Depth): Depth => ({ bytes: bytes + below.bytes, path: [name, ...below.path] });
const NOTHING: Depth = { bytes: 0, path: [] };

/** Follows calls from a function on. What an indirect call leads to is said by whoever asks; -1 of bytes never occurs: what has no bound is Infinity. */
class CStack {
  readonly unknown = new Set<string>();
  private readonly memo = new Map<string, Depth>();

  constructor(private readonly functions: ReadonlyMap<string, CFunction>) {}

  has(name: string): boolean {
    return this.functions.has(name);
  }

  /** @param indirect of functions whose depth depends on what runs: they are not remembered */
  of(name: string, indirect?: (caller: string) => Depth | undefined, open: ReadonlySet<string> = new Set()): Depth {
    const known = indirect ? undefined : this.memo.get(name);
    if (known) return known;
    const given = indirect?.(name);
    if (given) return given;
    const f = this.functions.get(name);
    if (!f) {
      if (name !== INDIRECT && !LIBRARY.test(name)) this.unknown.add(name);
      return name === INDIRECT ? NOTHING : { bytes: LIBRARY_BYTES, path: [name] };
    }
    if (open.has(name)) return { bytes: Infinity, path: [name] };
    if (!f.isKnown) this.unknown.add(name);
    const inside = new Set(open).add(name);
    let below = NOTHING;
    for (const callee of f.calls) if (callee !== BOOT) below = deeper(below, this.of(callee, indirect, inside));
    const depth = under(f.name, f.bytes, below);
    if (!indirect) this.memo.set(name, depth);
    return depth;
  }

  /** The deepest of the interpreter's operations, which leave by jumps, so that only one of them has a frame at a time. */
  deepestOperation(): Depth {
    let deepest = NOTHING;
    for (const [name] of this.functions) if (name.startsWith('op_') && !NEVER_RUN.has(name)) deepest = deeper(deepest, this.of(name));
    return deepest;
  }
}

/** C stack under interpreted code: a frame of op_Call for each call that is open, and at the end an operation, an import or a native function. */
function interpreted(module: WasmModule, natives: ReadonlySet<number>, stack: CStack): (index: number) => Depth {
  const operation = stack.deepestOperation();
  const memo = new Map<number, Depth>();
  const open = new Set<number>();
  const visit = (index: number): Depth => {
    const known = memo.get(index);
    if (known) return known;
    if (open.has(index)) return { bytes: Infinity, path: [shortName(module, index)] };
    const imported = module.imports[index];
    if (imported || natives.has(index)) {
      const adaptor = imported ? `raw_${imported.name}` : `kernels.c:raw${index}`;
      return under('op_CallRawFunction', stack.of('op_CallRawFunction').bytes, under(shortName(module, index), 0, stack.of(adaptor)));
    }
    open.add(index);
    let below = operation;
    const body = module.functions[index - module.imports.length];
    forEachInstruction(module.bytes, body.code, body.end, ({ operator: { name }, index: callee }) => {
      if (name === 'call') {
        const called = visit(callee);
        const direct = module.imports[callee] !== undefined || natives.has(callee);
        below = deeper(below, direct ? called : { bytes: called.bytes + stack.of('op_Call').bytes, path: called.path });
      } else if (name === 'call_indirect') stack.unknown.add(`an indirect call in ${shortName(module, index)}`);
    });
    open.delete(index);
    const depth = under(shortName(module, index), 0, below);
    memo.set(index, depth);
    return depth;
  };
  return visit;
}

const exportOf = (module: WasmModule, name: string): number => module.exports.find((e) => e.kind === 'func' && e.name === name)!.index;

export interface CompiledStack {
  readonly main: StackContext;
  readonly handlers: readonly StackContext[];
  readonly notes: readonly string[];
  /** Whether the sizes are all that there is. */
  readonly isWhole: boolean;
  /** Function that calls itself, so that nothing bounds the depth. */
  readonly recursive: string | null;
}

async function callGraphs({ board, engine, firmware, module }: StackFacts): Promise<Map<string, CFunction>> {
  const work = await mkdtemp(join(tmpdir(), 'tonewheel-stack-'));
  const flags = imageFlags(board, (module.memory?.initial ?? 0) * 65536, work);
  const units = engineUnits({ engine, wasm3: 'tuned', firmware, module, work, flags, shim });
  try {
    const toolchain = await Toolchain.find(work);
    const objects = await toolchain.compile([...shimUnits(flags), ...await units]);
    return readCallGraphs(await Promise.all(objects.map((object) => readFile(callGraphFile(object), 'utf8'))));
  } finally {
    // They are being written there, also where there is no compiler.
    await units.catch(() => undefined);
    await rm(work, { recursive: true, force: true });
  }
}

/** Stack of main and of each handler on the C stack; what is missing without the cross compiler. */
export async function compiledStack(facts: StackFacts): Promise<CompiledStack | { readonly missing: string }> {
  const { board, engine, firmware, module, map } = facts;
  let functions: Map<string, CFunction>;
  try {
    functions = await callGraphs(facts);
  } catch (error) {
    if (!(error instanceof ToolMissing)) throw error;
    return { missing: `The C side of the stack is not known: ${error.message}` };
  }
  const stack = new CStack(functions);
  const natives = new Set(engine === 'kernels' ? firmware.natives.map(({ index }) => index) : []);
  const interpret = engine === 'aot' ? undefined : interpreted(module, natives, stack);
  /** What runs in a context stands in for the call that cannot be followed. */
  const depthFrom = (root: string, index: number): Depth => stack.of(root, (name) => {
    if (interpret) return name === 'tw_run_code' ? under('tw_run_code', RUN_CODE_BYTES, interpret(index)) : undefined;
    // tw_engine_handle calls through a table; all else that does is firmware, in main alone.
    if (name !== INDIRECT) return undefined;
    return stack.of([...functions.keys()].find((key) => key.startsWith(`firmware.c:f${index}_`)) ?? `the handler f${index}`);
  });
  const frame = (board.core.floatAbi === 'soft' ? BASIC_FRAME : EXTENDED_FRAME) + ALIGNMENT;
  const contextOf = (context: string, priority: number | null, depth: Depth, exceptionBytes: number): StackContext => {
    const indices = depth.path.flatMap((name) => [...module.functionNames].find(([i]) => shortName(module, i) === name || name.startsWith(`f${i}_`))?.[0] ?? []);
    return { context, priority, byteCount: Number.isFinite(depth.bytes) ? depth.bytes + exceptionBytes : 0, exceptionBytes, path: [...depth.path], places: placesOf(module, map, indices) };
  };
  const mains = ['init', 'main'].map((name) => depthFrom('port-cortex-m.c:start', exportOf(module, name)));
  const handlers = firmware.vectors.map(({ name, priority, exportName }) => ({ name, priority, depth: depthFrom('tw_exception', exportOf(module, exportName)) }));
  const main = mains.reduce(deeper);
  const endless = [main, ...handlers.map(({ depth }) => depth)].find(({ bytes }) => bytes === Infinity);
  const notes = stack.unknown.size > 0 ? [`The stack of ${[...stack.unknown].join(', ')} is not known; 128 bytes are taken for it.`] : [];
  return {
    main: contextOf('main', null, main, 0), handlers: handlers.map(({ name, priority, depth }) => contextOf(name, priority, depth, frame)), notes,
    isWhole: stack.unknown.size === 0 && !endless, recursive: endless ? endless.path[endless.path.length - 1] : null,
  };
}
