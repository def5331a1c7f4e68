// SPDX-License-Identifier: MIT
// Puts a cycle count and a deadline check into every basic block of a module, so that interrupts fall where the cycles say.
//
// The module's own bytes are rewritten, not an optimiser's idea of them: each block is charged for the very instructions that ship, and
// each rewritten instruction knows where it was (docs/adr/0001-metering-rewrites-bytes.md).

import type { CallContext, Contexts } from './contexts.js';
import { featuresOf } from './cost-features.js';
import type { InstructionCosts } from './costs.js';
import { ByteReader, forEachInstruction, SECTION, type FunctionBody, type Instruction, type WasmModule } from './decode.js';
import { InlinedCounting, inlinedParts, type InlinedCode, type InlinedParts } from './inlined-code.js';
import { appendToVector, ByteWriter, copyConstantExpression } from './writer.js';

/** Names by which a metered module meets its host. */
export const METER = {
  module: 'meter', tick: 'tick', getLeft: 'meter:getLeft', setLeft: 'meter:setLeft', start: 'meter:start',
  /** Of a counting meter: the import that keeps counters, the export that hands them to it, and the firmware's globals by their index. */
  keep: 'keep', dump: 'meter:dump', global: 'meter:global:',
  /** Of a counting meter: the imports that are told of calls about an object. */
  began: 'began', ended: 'ended', met: 'met', spent: 'spent', within: 'within',
} as const;

export interface MeteredModule {
  readonly bytes: Uint8Array;
  /** Offset in the original module of the instruction at an offset of the metered one. */
  originalOffset(meteredOffset: number): number;
  /** Of a counting meter: what each counter counts, in order. */
  readonly counted?: { readonly blocks: readonly CountedBlock[]; readonly contexts: Contexts };
}

/** A basic block in a calling context. */
export interface CountedBlock {
  /** Index in `Contexts.all`. */
  readonly context: number;
  /** Offset in the module of its first instruction. */
  readonly offset: number;
  /** Cycles that it is charged each time. */
  readonly cost: number;
}

/** What a counting meter needs besides. */
export interface Counting {
  readonly contexts: Contexts;
  /** The context that an export enters, by its index in `Contexts.all`; undefined for those that are not entered by the shim. */
  readonly entryOf: (exportName: string, functionIndex: number) => number | undefined;
  /** Indices of functions whose calls are about an object, their first argument: `meter.began(object, function)` and `meter.ended()` are told of those from others. */
  readonly about: ReadonlySet<number>;
  /** By the index of a function, code in it that is about objects too: `meter.met`, `meter.spent` and `meter.within` are told of it (inlined-code.ts). */
  readonly inlined: ReadonlyMap<number, InlinedCode>;
}

/** Counters that one call of the import `meter.keep` takes, after the byte offset at which they are wanted. */
export const KEPT_AT_ONCE = 8;
/** Copies of all counters that are kept at a time. */
export const KEPT_COPIES = 2;
/** Bytes of a copy: the last call may have fewer left. */
export const copyBytesOf = (counters: number): number => 8 * (counters + KEPT_AT_ONCE - 1);

const OP = { if: 0x04, end: 0x0b, call: 0x10, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41, i32LtS: 0x48, i32Sub: 0x6b, i32Add: 0x6a, i32Mul: 0x6c, i32And: 0x71, i32Xor: 0x73, i32Shl: 0x74, i64Const: 0x42, i64Add: 0x7c } as const;
const I32 = 0x7f;
const I64 = 0x7e;
const F64 = 0x7c;
const VOID_BLOCK = 0x40;

export interface NativeCosts {
  /** Function indices. */
  readonly functions: ReadonlySet<number>;
  readonly costs: InstructionCosts;
}

/** Code put into a module besides the meter, which costs nothing: i32 globals and locals, and what is done before an instruction. */
export interface Probes {
  /** Names under which the globals are exported. */
  readonly globals: readonly string[];
  /** How many locals a function gets. */
  locals(functionIndex: number): number;
  /** Code before an instruction, which leaves the operands as they are; undefined for none. */
  before(functionIndex: number, offset: number, firstLocal: number, firstGlobal: number): Uint8Array | undefined;
}

/**
 * Adds to a module: a counter of cycles left until the next deadline, charged at the head of each basic block with the block's cost; a call of
 * the import `meter.tick` when it falls below zero; and the exports to read and set it. A call ends a block, so that a callee, a register
 * access among them, sees the exact cycle. The start function becomes an export, so that it too runs with the meter and a host that knows the memory.
 * @param native functions that cost otherwise
 * @param counting also counts how often each basic block ran, by calling context, in globals that `meter:dump(copy)` hands to `meter.keep`
 * @param probes code to be put in besides
 */
export function meter(module: WasmModule, costs: InstructionCosts, native?: NativeCosts, counting?: Counting, probes?: Probes): MeteredModule {
  const { bytes, sections } = module;
  const tick = module.imports.length;
  const addedImports = counting ? 7 : 1;
  const contexts = counting?.contexts.all ?? module.functions.map(({ index }): CallContext => ({ functionIndex: index, parent: -1, site: 0, root: undefined }));
  const firstContext = tick + addedImports;
  const firstAdded = firstContext + contexts.length;
  const left = module.globalCount;
  const shifted = (index: number): number => (index >= tick ? index + addedImports : index);
  const section = (id: number) => sections.find((s) => s.id === id);
  const types = module.types.length;
  const map: number[] = [];
  const counted: CountedBlock[] = [];
  const costsOf = (index: number): InstructionCosts => (native?.functions.has(index) ? native.costs : costs);
  const blocksOf = memoized((index: number) => basicBlocks(module, module.functions[index - tick], costsOf(index), native?.functions));
  const inlinedOf = memoized((index: number) => {
    const inlined = counting?.inlined.get(index);
    return inlined && { code: inlined, parts: inlinedParts(module, module.functions[index - tick], costsOf(index), native?.functions, inlined) };
  });
  const about = counting && callsAbout(counting);
  const entered = (name: string, index: number): number => firstContext + (counting?.entryOf(name, index) ?? index - tick);
  const code = codeSection(module, {
    contexts, firstContext, blocksOf, shifted, tick, left, firstFlag: left + 1 + (probes?.globals.length ?? 0), map, probes, counted: counting && counted,
    isAbout: (context) => about?.[context]?.isAbout ?? false,
    inlinedOf: (context) => (about?.[context].isOutside && contexts[context].root !== undefined ? inlinedOf(contexts[context].functionIndex) : undefined),
    callee: (context, site, index) => (index < tick ? index : firstContext + (counting?.contexts.callee(context, site, index) ?? index - tick)),
  });

  const rewritten = new Map<number, ByteWriter>([
    [SECTION.type, appendToVector(bytes, section(SECTION.type), counting ? 6 : 3, (out) => {
      out.u8(0x60).u32(0).u32(0); // tick, ended: () -> ()
      out.u8(0x60).u32(0).u32(1).u8(I32); // getLeft: () -> i32
      out.u8(0x60).u32(1).u8(I32).u32(0); // setLeft, dump, within: i32 -> ()
      if (!counting) return;
      out.u8(0x60).u32(1 + KEPT_AT_ONCE).u8(I32); // keep: i32, i64 … -> ()
      for (let i = 0; i < KEPT_AT_ONCE; i++) out.u8(I64);
      out.u32(0);
      out.u8(0x60).u32(2).u8(I32).u8(I32).u32(0); // began, met: i32, i32 -> ()
      out.u8(0x60).u32(2).u8(I32).u8(F64).u32(0); // spent: i32, f64 -> ()
    })],
    [SECTION.import, appendToVector(bytes, section(SECTION.import), addedImports, (out) => {
      out.name(METER.module).name(METER.tick).u8(0).u32(types);
      if (!counting) return;
      out.name(METER.module).name(METER.keep).u8(0).u32(types + 3);
      out.name(METER.module).name(METER.began).u8(0).u32(types + 4).name(METER.module).name(METER.ended).u8(0).u32(types);
      out.name(METER.module).name(METER.met).u8(0).u32(types + 4).name(METER.module).name(METER.spent).u8(0).u32(types + 5).name(METER.module).name(METER.within).u8(0).u32(types + 2);
    })],
    [SECTION.function, functionSection(module, contexts, [types + 1, types + 2, ...(counting ? [types + 2] : [])])],
    [SECTION.global, rewriteGlobals(module, shifted, (probes?.globals.length ?? 0) + (counting ? contexts.length : 0), counted.length)],
    [SECTION.export, rewriteExports(module, entered, firstAdded, counting !== undefined, probes)],
  ]);
  if (section(SECTION.element)) rewritten.set(SECTION.element, rewriteElements(module, shifted));

  const out = new ByteWriter().bytes(bytes, 0, 8);
  const order = [SECTION.type, SECTION.import, SECTION.function, SECTION.table, SECTION.memory, SECTION.global, SECTION.export, SECTION.element, SECTION.dataCount, SECTION.code, SECTION.data];
  for (const id of order) {
    const own = section(id);
    if (id === SECTION.code) {
      out.section(id, code);
      const contents = out.length - code.length;
      for (let i = 0; i < map.length; i += 2) map[i] += contents;
    } else if (rewritten.has(id)) out.section(id, rewritten.get(id)!);
    else if (own) out.bytes(bytes, own.start, own.end);
  }
  return { bytes: out.take().slice(), originalOffset: (offset) => lookUp(map, offset), counted: counting && { blocks: counted, contexts: counting.contexts } };
}

/** Of each context, whether its function is called about an object, and whether no part of the path to it is about one. */
function callsAbout({ contexts: { all }, about, inlined }: Counting): { readonly isAbout: boolean; readonly isOutside: boolean }[] {
  const found: { readonly isAbout: boolean; readonly isOutside: boolean }[] = [];
  for (const { parent, functionIndex, site } of all) {
    const isWithin = parent >= 0 && (!found[parent].isOutside || inlined.get(all[parent].functionIndex)?.has.has(site) === true);
    const isAbout = parent >= 0 && !isWithin && about.has(functionIndex);
    found.push({ isAbout, isOutside: !isWithin && !isAbout });
  }
  return found;
}

function memoized<T>(of: (key: number) => T): (key: number) => T {
  const known = new Map<number, T>();
  return (key) => {
    if (!known.has(key)) known.set(key, of(key));
    return known.get(key)!;
  };
}

function functionSection(module: WasmModule, contexts: readonly CallContext[], added: readonly number[]): ByteWriter {
  const out = new ByteWriter().u32(contexts.length + added.length);
  for (const { functionIndex } of contexts) out.u32(module.functions[functionIndex - module.imports.length].type);
  for (const type of added) out.u32(type);
  return out;
}

function rewriteGlobals(module: WasmModule, shifted: (index: number) => number, words: number, counters: number): ByteWriter {
  const section = module.sections.find((s) => s.id === SECTION.global);
  const out = new ByteWriter().u32(module.globalCount - module.importedGlobals + 1 + words + counters);
  if (section) {
    const r = new ByteReader(module.bytes, section.contents, section.end);
    for (let count = r.u32(); count > 0; count--) {
      out.u8(r.u8()).u8(r.u8());
      copyConstantExpression(r, out, shifted);
    }
  }
  for (let i = 0; i <= words; i++) out.u8(I32).u8(1).u8(OP.i32Const).s32(0).u8(OP.end);
  for (let i = 0; i < counters; i++) out.u8(I64).u8(1).u8(OP.i64Const).s32(0).u8(OP.end);
  return out;
}

function rewriteExports(module: WasmModule, entered: (name: string, index: number) => number, firstAdded: number, counts: boolean, probes: Probes | undefined): ByteWriter {
  const kinds = ['func', 'table', 'memory', 'global'];
  const { start } = module;
  const out = new ByteWriter().u32(module.exports.length + 2 + (start === undefined ? 0 : 1) + (counts ? 1 + module.globalCount : 0) + (probes?.globals.length ?? 0));
  if (start !== undefined) out.name(METER.start).u8(0).u32(entered(METER.start, start));
  for (const { name, kind, index } of module.exports) {
    out.name(name).u8(kinds.indexOf(kind)).u32(kind === 'func' && index >= module.imports.length ? entered(name, index) : index);
  }
  out.name(METER.getLeft).u8(0).u32(firstAdded).name(METER.setLeft).u8(0).u32(firstAdded + 1);
  for (const [i, name] of (probes?.globals ?? []).entries()) out.name(name).u8(3).u32(module.globalCount + 1 + i);
  if (!counts) return out;
  out.name(METER.dump).u8(0).u32(firstAdded + 2);
  for (let i = 0; i < module.globalCount; i++) out.name(`${METER.global}${i}`).u8(3).u32(i);
  return out;
}

/** Element segments in all eight forms of the binary format (Core Specification 2.0, 5.5.12). */
function rewriteElements(module: WasmModule, shifted: (index: number) => number): ByteWriter {
  const section = module.sections.find((s) => s.id === SECTION.element)!;
  const r = new ByteReader(module.bytes, section.contents, section.end);
  const count = r.u32();
  const out = new ByteWriter().u32(count);
  for (let i = 0; i < count; i++) {
    const flags = r.u32();
    const passive = (flags & 1) !== 0;
    const explicit = (flags & 2) !== 0;
    const expressions = (flags & 4) !== 0;
    out.u32(flags);
    if (!passive && explicit) out.u32(r.u32());
    if (!passive) copyConstantExpression(r, out, shifted);
    if (passive || explicit) out.u8(r.u8());
    const elements = r.u32();
    out.u32(elements);
    for (let e = 0; e < elements; e++) {
      if (expressions) copyConstantExpression(r, out, shifted);
      else out.u32(shifted(r.u32()));
    }
  }
  return out;
}

interface CodeContext {
  readonly contexts: readonly CallContext[];
  /** Of a function, by its index: see `basicBlocks`. */
  readonly blocksOf: (functionIndex: number) => ReadonlyMap<number, number>;
  /** Index in the metered module of what a call calls. */
  readonly callee: (context: number, site: number, functionIndex: number) => number;
  /** That of the first context. */
  readonly firstContext: number;
  readonly shifted: (index: number) => number;
  readonly tick: number;
  readonly left: number;
  /** Of the globals that tell, one for each context, in which copies its counters are out of date, a bit for each copy; the counters stand behind them. */
  readonly firstFlag: number;
  /** Pairs (offset in the code section's contents, original offset), ascending. */
  readonly map: number[];
  /** Whether a context's function is called about an object. */
  readonly isAbout: (context: number) => boolean;
  /** Code about objects that is in a context's function, and what it takes. */
  readonly inlinedOf: (context: number) => { readonly code: InlinedCode; readonly parts: InlinedParts } | undefined;
  /** Receives the counters, when there are any. */
  readonly counted: CountedBlock[] | undefined;
  readonly probes: Probes | undefined;
}

function codeSection(module: WasmModule, context: CodeContext): ByteWriter {
  const { contexts, firstFlag, map, counted, tick, left } = context;
  const code = new ByteWriter().u32(contexts.length + (counted ? 3 : 2));
  for (const [index, { functionIndex }] of contexts.entries()) {
    const bodyMap: number[] = [];
    const rewritten = meterBody(module, index, module.functions[functionIndex - module.imports.length], context, bodyMap);
    code.u32(rewritten.length);
    for (let i = 0; i < bodyMap.length; i += 2) map.push(bodyMap[i] + code.length, bodyMap[i + 1]);
    code.bytes(rewritten.take());
  }
  const getLeft = new ByteWriter().u32(0).u8(OP.globalGet).u32(left).u8(OP.end);
  const setLeft = new ByteWriter().u32(0).u8(OP.localGet).u32(0).u8(OP.globalSet).u32(left).u8(OP.end);
  const added = [getLeft, setLeft];
  if (counted) added.push(dumpBody(firstFlag, firstFlag + contexts.length, counted, tick + 1));
  for (const body of added) code.u32(body.length).bytes(body.take());
  return code;
}

/** Brings a copy of all counters up to date: `keep` gets those of the contexts that have run since they went into it, some at a time. In a block of audio most have not. */
function dumpBody(firstFlag: number, firstCounter: number, counted: readonly CountedBlock[], keep: number): ByteWriter {
  const [copy, flag] = [0, 1];
  const out = new ByteWriter().u32(1).u32(1).u8(I32);
  out.u8(OP.i32Const).s32(1).u8(OP.localGet).u32(copy).u8(OP.i32Shl).u8(OP.localSet).u32(flag);
  out.u8(OP.localGet).u32(copy).u8(OP.i32Const).s32(copyBytesOf(counted.length)).u8(OP.i32Mul).u8(OP.localSet).u32(copy); // from here on its offset
  for (let from = 0, to = 0; from < counted.length; from = to) {
    const { context } = counted[from];
    while (to < counted.length && counted[to].context === context) to++;
    out.u8(OP.globalGet).u32(firstFlag + context).u8(OP.localGet).u32(flag).u8(OP.i32And).u8(OP.if).u8(VOID_BLOCK);
    out.u8(OP.globalGet).u32(firstFlag + context).u8(OP.localGet).u32(flag).u8(OP.i32Xor).u8(OP.globalSet).u32(firstFlag + context);
    for (let i = from; i < to; i += KEPT_AT_ONCE) {
      out.u8(OP.localGet).u32(copy).u8(OP.i32Const).s32(8 * i).u8(OP.i32Add);
      // The last ones may be other contexts', as they are now.
      for (let k = i; k < i + KEPT_AT_ONCE; k++) {
        if (k < counted.length) out.u8(OP.globalGet).u32(firstCounter + k);
        else out.u8(OP.i64Const).s32(0);
      }
      out.u8(OP.call).u32(keep);
    }
    out.u8(OP.end);
  }
  return out.u8(OP.end);
}

function meterBody(module: WasmModule, index: number, body: FunctionBody, context: CodeContext, map: number[]): ByteWriter {
  const { bytes } = module;
  const { blocksOf, callee, shifted, tick, left, counted, probes, isAbout, inlinedOf, firstContext, firstFlag } = context;
  const out = new ByteWriter();

  // One more local: the counter while this body runs. Others see it in the global, so it goes there before they run and comes back after.
  const r = new ByteReader(bytes, body.start, body.end);
  const groups = r.u32();
  let local = module.types[body.type].parameters;
  const declarations = r.offset;
  for (let i = 0; i < groups; i++) { local += r.u32(); r.u8(); }
  const inlined = inlinedOf(index);
  const wanted = 1 + (probes?.locals(body.index) ?? 0);
  out.u32(groups + (inlined ? 2 : 1)).bytes(bytes, declarations, body.code).u32(wanted + (inlined ? 1 : 0)).u8(I32);
  if (inlined) out.u32(1).u8(F64);
  const objects = inlined && new InlinedCounting(out, inlined.code, inlined.parts, { met: tick + 4, spent: tick + 5, within: tick + 6 }, local + wanted, local + wanted + 1);
  const flush = (): void => void out.u8(OP.localGet).u32(local).u8(OP.globalSet).u32(left);
  const reload = (): void => {
    out.u8(OP.globalGet).u32(left).u8(OP.localSet).u32(local);
    // Copies are made while others run: what is counted from here on is in none.
    if (counted) out.u8(OP.i32Const).s32((1 << KEPT_COPIES) - 1).u8(OP.globalSet).u32(firstFlag + index);
  };
  const charge = (cost: number): void => {
    out.u8(OP.localGet).u32(local).u8(OP.i32Const).s32(cost).u8(OP.i32Sub).u8(OP.localTee).u32(local).u8(OP.i32Const).s32(0).u8(OP.i32LtS);
    out.u8(OP.if).u8(VOID_BLOCK);
    flush();
    out.u8(OP.call).u32(tick);
    reload();
    out.u8(OP.end);
  };

  /** One more, before the block's time passes and others run. */
  const count = (offset: number, cost: number): void => {
    if (!counted) return;
    const counter = firstFlag + context.contexts.length + counted.length;
    counted.push({ context: index, offset, cost });
    out.u8(OP.globalGet).u32(counter).u8(OP.i64Const).s32(1).u8(OP.i64Add).u8(OP.globalSet).u32(counter);
  };

  const charges = blocksOf(body.index);
  if (isAbout(index)) out.u8(OP.localGet).u32(0).u8(OP.i32Const).s32(body.index).u8(OP.call).u32(tick + 2);
  if (charges.size > 0) reload();
  let depth = 0;
  /** Whether an instruction may leave the body, by a branch to its outermost label among others. */
  const leaves = ({ operator: { name }, offset, end, index }: Instruction): boolean => {
    switch (name) {
      case 'return': case 'unreachable': return true;
      case 'br': case 'br_if': return index === depth;
      case 'br_table': return labelsOf(bytes, offset, end).includes(depth);
      case 'end': return depth === 0;
      default: return false;
    }
  };
  forEachInstruction(bytes, body.code, body.end, (instruction) => {
    const { operator, offset, end, index: operand } = instruction;
    const cost = charges.get(offset);
    if (cost) {
      count(offset, cost);
      charge(cost);
    }
    const calls = operator.name === 'call' || operator.name === 'call_indirect';
    const probe = probes?.before(body.index, offset, local + 1, left + 1);
    if (probe) out.bytes(probe);
    objects?.before(offset);
    if (charges.size > 0 && (calls || leaves(instruction))) flush();
    if (leaves(instruction)) objects?.tell();
    const about = calls && (operator.name !== 'call' || operand >= tick) && objects?.has(offset) ? objects : undefined;
    about?.call();
    if (operator.immediate === 'block') depth++;
    else if (operator.name === 'end') depth--;
    map.push(out.length, offset);
    if (operator.name === 'call') {
      const called = callee(index, offset, operand);
      out.u8(OP.call).u32(called);
      if (isAbout(called - firstContext)) out.u8(OP.call).u32(tick + 3);
    }
    else if (operator.immediate === 'func') out.u8(bytes[offset]).u32(shifted(operand));
    else out.bytes(bytes, offset, end);
    if (about) out.u8(OP.call).u32(tick + 3);
    objects?.behind(offset, operand);
    if (charges.size > 0 && calls) reload();
  });
  return out;
}

/** All labels of a `br_table`, the default one last. */
function labelsOf(bytes: Uint8Array, offset: number, end: number): number[] {
  const r = new ByteReader(bytes, offset + 1, end);
  return Array.from({ length: r.u32() + 1 }, () => r.u32());
}

/**
 * Cost of each basic block of a body, by the offset of its first instruction; blocks that cost nothing are left out.
 * @param natives functions that run as compiled code while others are interpreted
 * @param each told of each instruction, with the offset of its block and its own cost, which need not be whole
 */
export function basicBlocks(
  module: WasmModule, body: FunctionBody, costs: InstructionCosts, natives?: ReadonlySet<number>, each?: (block: number, offset: number, cost: number) => void,
): Map<number, number> {
  const { bytes } = module;
  const features = featuresOf(module, body);
  /** Calls of native functions from code that is not: that is another way than among the like. */
  const interpreted = natives !== undefined && !natives.has(body.index);
  const charges = new Map<number, number>();
  /** Of each open construct: whether its end can be reached by a branch, so that a block begins there. */
  const joins: boolean[] = [false];
  let blockStart = body.code;
  let cost = 0;
  const close = (next: number): void => {
    const rounded = costs.whole(cost);
    if (rounded > 0) charges.set(blockStart, rounded);
    blockStart = next;
    cost = 0;
  };
  const loops: boolean[] = [false];
  const target = (depth: number): void => {
    const at = joins.length - 1 - depth;
    if (at >= 0 && !loops[at]) joins[at] = true;
  };
  forEachInstruction(bytes, body.code, body.end, ({ operator, offset, end, index }) => {
    const own = costs.cycles(features.get(offset), interpreted && operator.name === 'call' && natives.has(index));
    cost += own;
    each?.(blockStart, offset, own);
    switch (operator.name) {
      case 'block': joins.push(false); loops.push(false); break;
      case 'loop': close(end); joins.push(false); loops.push(true); break;
      case 'if': close(end); joins.push(true); loops.push(false); break;
      case 'else': close(end); break;
      case 'end': loops.pop(); if (joins.pop()) close(end); break;
      case 'br': target(index); close(end); break;
      case 'br_if': target(index); close(end); break;
      case 'br_table':
        for (const depth of labelsOf(bytes, offset, end)) target(depth);
        close(end);
        break;
      case 'call': case 'call_indirect': case 'return': case 'unreachable': close(end); break;
    }
  });
  close(body.end);
  return charges;
}

function lookUp(map: readonly number[], offset: number): number {
  let low = 0;
  let high = map.length / 2;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (map[2 * middle] <= offset) low = middle;
    else high = middle;
  }
  return map[2 * low + 1];
}
