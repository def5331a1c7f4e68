// SPDX-License-Identifier: MIT
// The C stack: the shim, the interpreter's operations and compiled firmware, from what the cross compiler says of each function.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callsOf } from '../../build/calls.js';
import { engineUnits } from '../../build/image/engines.js';
import { imageFlags, shim, shimUnits } from '../../build/image/image.js';
import { callGraphFile, Toolchain } from '../../build/image/toolchain.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import { ToolMissing } from '../../tools/tools.js';
import type { StackContext } from '../check-result.js';
import { CStack, deeper, NOTHING, under, type Depth } from './c-stack.js';
import { readCallGraphs, type CFunction } from './call-graph-info.js';
import { placesOf, shortName } from './interpreter.js';
import { referencesOf, translationsOf } from './references.js';
import type { StackFacts } from './stack.js';

/** What the core pushes at exception entry: DDI 0403E, B1.5.6 and B1.5.7, and a word that aligns it. */
const BASIC_FRAME = 32;
const EXTENDED_FRAME = 104;
const ALIGNMENT = 4;
/** Operations that handlers cannot come to: code is compiled at boot, on a stack of its own, and memory does not grow. */
const NEVER_RUN = new Set(['op_Compile', 'op_MemGrow']);
/** What code pushes that is written in assembler: host/build/wasm3/control.ts, boards/shim/port-cortex-m.c. */
const RUN_CODE_BYTES = 24;
const CALL_ON_BYTES = 8;
/** From reset to what the engine does. */
const START = ['port-cortex-m.c:start', 'tw_run'] as const;
const BOOT = 'tw_engine_boot';

/** C stack under interpreted code: a frame of op_Call for each call that is open, and at the end an operation, an import or a native function. */
function interpreted(module: WasmModule, natives: ReadonlySet<number>, stack: CStack, operations: readonly string[]): (index: number) => Depth {
  // Operations leave by jumps, so that only one of them has a frame at a time.
  const operation = stack.deepestOf(operations.filter((name) => !NEVER_RUN.has(name)));
  const memo = new Map<number, Depth>();
  const open = new Set<number>();
  const isForeign = (index: number): boolean => module.imports[index] !== undefined || natives.has(index);
  const visit = (index: number): Depth => {
    const known = memo.get(index);
    if (known) return known;
    if (open.has(index)) return { bytes: Infinity, path: [shortName(module, index)] };
    if (isForeign(index)) {
      const adaptor = module.imports[index] ? `raw_${module.imports[index].name}` : `kernels.c:raw${index}`;
      return under('op_CallRawFunction', stack.own('op_CallRawFunction'), under(shortName(module, index), 0, stack.of(adaptor)));
    }
    open.add(index);
    let below = operation;
    for (const { isIndirect, callees } of callsOf(module).get(index)!) {
      for (const callee of callees) {
        const { bytes, path } = visit(callee);
        const frame = isIndirect ? stack.own('op_CallIndirect') : isForeign(callee) ? 0 : stack.own('op_Call');
        below = deeper(below, { bytes: bytes + frame, path });
      }
    }
    open.delete(index);
    const depth = under(shortName(module, index), 0, below);
    memo.set(index, depth);
    return depth;
  };
  return visit;
}

export interface CompiledStack {
  readonly main: StackContext;
  readonly handlers: readonly StackContext[];
  /** Booting, which nothing interrupts before it runs the top level of the sources; that is in `main` too. */
  readonly boot: StackContext;
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

/** Puts in what the compiler cannot know. */
function complete(functions: Map<string, CFunction>, module: WasmModule): void {
  const add = (name: string, bytes: number): void => {
    const f = functions.get(name);
    if (f) functions.set(name, { ...f, bytes: f.bytes + bytes, isKnown: true });
  };
  add('tw_port_call_on', CALL_ON_BYTES);
  // It has an array of one byte more than a type has parameters.
  add('ParseSection_Type', 8 * Math.ceil((Math.max(0, ...module.types.map(({ parameters }) => parameters)) + 1) / 8));
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
  complete(functions, module);
  const names = [...functions.keys()];
  const stack = new CStack(functions, referencesOf(module, names));
  const natives = new Set(engine === 'kernels' ? firmware.natives.map(({ index }) => index) : []);
  const interpret = engine === 'aot' ? undefined : interpreted(module, natives, stack, names.filter((name) => name.startsWith('op_')));
  const indexOf = (name: string): number => module.exports.find((e) => e.kind === 'func' && e.name === name)!.index;
  /** Calls of the functions above, and of what the engine then runs. */
  const through = (callers: readonly string[], below: Depth): Depth => callers.reduceRight((depth, name) => under(functions.get(name)!.name, stack.own(name), depth), below);
  /** From a C function on, which comes to run a function of the module. */
  const running = (root: string, index: number): Depth => (interpret
    ? stack.of(root, new Map([['tw_run_code', under('tw_run_code', RUN_CODE_BYTES, interpret(index))]]))
    : stack.of(root, new Map([['tw_engine_handle', through(['tw_engine_handle'], stack.deepestOf(translationsOf(names, index)))]])));
  const starting = module.start === undefined ? NOTHING : interpret ? through([BOOT], under('tw_run_code', RUN_CODE_BYTES, interpret(module.start))) : through([BOOT], stack.of('tw_aot_start'));
  const mains = [starting, running('tw_engine_init', indexOf('init')), running('tw_engine_main', indexOf('main'))].map((depth) => through(START, depth));
  const boot = through(START, module.start === undefined || !interpret ? stack.of(BOOT) : running(BOOT, module.start));
  const handlers = firmware.vectors.map(({ name, priority, exportName }) => ({ name, priority, depth: running('tw_exception', indexOf(exportName)) }));

  const frame = (board.core.floatAbi === 'soft' ? BASIC_FRAME : EXTENDED_FRAME) + ALIGNMENT;
  const contextOf = (context: string, priority: number | null, depth: Depth, exceptionBytes: number): StackContext => {
    const indices = depth.path.flatMap((name) => [...module.functionNames].find(([i]) => shortName(module, i) === name || name.startsWith(`f${i}_`))?.[0] ?? []);
    return { context, priority, byteCount: Number.isFinite(depth.bytes) ? depth.bytes + exceptionBytes : 0, exceptionBytes, path: [...depth.path], places: placesOf(module, map, indices) };
  };
  const main = mains.reduce(deeper);
  const endless = [main, ...handlers.map(({ depth }) => depth)].find(({ bytes }) => bytes === Infinity);
  const notes = stack.unknown.size > 0 ? [`The stack of ${[...stack.unknown].join(', ')} is not known; 128 bytes are taken for it.`] : [];
  return {
    main: contextOf('main', null, main, 0), handlers: handlers.map(({ name, priority, depth }) => contextOf(name, priority, depth, frame)), boot: contextOf('boot', null, boot, 0), notes,
    isWhole: stack.unknown.size === 0 && !endless, recursive: endless ? endless.path[endless.path.length - 1].replace(/^f\d+_/, '') : null,
  };
}
