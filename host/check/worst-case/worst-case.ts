// SPDX-License-Identifier: MIT
// Worst-case cycles of a function of a compiled firmware: no run takes longer, whatever comes in.
//
// The bound is of the bytes that ship, in the costs that the meter charges for them. interpret.ts finds how often loops can turn and which ways cannot be
// taken, longest-path.ts the dearest way through what is left, relaxation.ts reckons with limits.

import type { Firmware } from '../../build/compile.js';
import { findViolations } from '../../build/call-graph.js';
import { isFirmwares, SourceMap } from '../../build/source-map.js';
import type { InstructionCosts } from '../../cpu/wasm/costs.js';
import { parseModule, type WasmModule } from '../../cpu/wasm/decode.js';
import { afterStart, isObject, wordAt, type AfterStart } from './after-start.js';
import { readCode, type FunctionCode } from './code.js';
import { globalRanges } from './globals.js';
import { Interpreter, type Context } from './interpret.js';
import { Charges, LongestPath } from './longest-path.js';
import { MustPass, type Passage } from './must-pass.js';
import { Places } from './places.js';
import { problemsOf, trapPath, wideLoops } from './problems.js';
import { NeverReturns, Unbounded, type CallNode, type Drains, type ReceivedLoop, type WorstCase } from './result.js';
import { callTree } from './tree.js';
import { ANY } from './values.js';

export * from './result.js';

/** Names of the limits on received characters, assembly/drivers/common/received.ts, and on blocks that are due, audio-out.ts of each family. */
const RECEIVED = 'received';
const BLOCKS = 'blocks';
/** Bytes of an `i32.const` at most. */
const LONGEST_CONSTANT = 6;
/** Bytes of an `i32.load` at most. */
const LONGEST_LOAD = 11;
const STATIC_ARRAY = '~lib/staticarray.ts';

interface RootContext {
  readonly context: Context | undefined;
  readonly problems: ReturnType<typeof problemsOf>;
}

/** A firmware read for its worst cases; asked for several functions it reads what they share once. */
export class WorstCaseAnalysis {
  readonly module: WasmModule;
  readonly places: Places;
  readonly interpreter: Interpreter;
  /** Undefined for a firmware without one. */
  readonly sourceMap: SourceMap | undefined;
  private readonly natives: ReadonlySet<number>;
  private readonly arraysStay: boolean;
  private readonly codes = new Map<number, FunctionCode>();
  private readonly roots = new Map<number, RootContext>();
  private readonly byCosts = new Map<InstructionCosts, { readonly charges: Charges; readonly found: Map<number, WorstCase> }>();

  constructor(firmware: Pick<Firmware, 'wasm' | 'sourceMap' | 'flowFacts' | 'natives'>) {
    this.module = parseModule(firmware.wasm);
    this.natives = new Set(firmware.natives.map(({ index }) => index));
    this.sourceMap = firmware.sourceMap ? new SourceMap(firmware.sourceMap) : undefined;
    this.places = new Places(firmware.flowFacts, this.sourceMap, (index) => this.module.functionNames.get(index));
    this.arraysStay = firmware.flowFacts.arraysStay ?? false;
    const start = firmware.flowFacts.lengthsStay && this.sourceMap ? afterStart(this.module) : undefined;
    const globals = globalRanges(this.module);
    for (const [index, value] of start?.globals ?? []) globals.set(index, [value, value]);
    this.interpreter = new Interpreter(this.module, (index) => this.codeOf(index), globals, {
      word: (at, address) => start && this.fixedWord(start, at, address),
      turns: (code, at, args) => this.places.turns(code, at, args),
      shown: (code, at) => this.places.shown(code, at),
      isSum: (code, at) => this.places.of(code).sums.has(at),
    });
  }

  /**
   * A word that never changes, where a load of it belongs to a line of the compiler's library that reads how long a StaticArray or a string is: the length in the header
   * of an object that was made at start, which nothing but the runtime writes; or, in front of that, a field that such an array is in, if no array takes the place of
   * another one. Loads of fields have no place of their own, but that of their address, which is so many bytes long at most;
   * and where the address of a header is a constant that the optimiser has reckoned out, it is what is done with the length that has one.
   */
  private fixedWord(start: AfterStart, at: number, address: number): number | undefined {
    const word = wordAt(start, address);
    if (word === undefined) return undefined;
    const isLength = (place: ReturnType<SourceMap['lineOf']>): boolean => place !== undefined && !isFirmwares(place.file) && place.text.includes('.rtSize');
    const own = this.sourceMap?.lineOf(at, LONGEST_CONSTANT);
    if (isObject(start, address + 4)) return isLength(own) || isLength(this.sourceMap?.lineAfter(at, LONGEST_LOAD)) ? word : undefined;
    return this.arraysStay && isLength(own) && own!.file === STATIC_ARRAY && isObject(start, word) ? word : undefined;
  }

  private codeOf(index: number): FunctionCode {
    let code = this.codes.get(index);
    if (!code) this.codes.set(index, code = readCode(this.module, this.module.functions[index - this.module.imports.length]));
    return code;
  }

  /** Index of a function by the name of an export, or by the end of its name in the source ("renderStretch", "Synth#render"). */
  private indexOf(name: string): number {
    const exported = this.module.exports.find((e) => e.kind === 'func' && e.name === name);
    if (exported) return exported.index;
    const named = [...this.module.functionNames].filter(([index, own]) => index >= this.module.imports.length && (own === name || own.endsWith(`/${name}`)));
    if (named.length !== 1) {
      throw new Error(named.length === 0 ? `the module has no function "${name}": the compiler may have inlined it` : `several functions are called "${name}": ${named.map(([, own]) => own).join(', ')}`);
    }
    return named[0][0];
  }

  /**
   * The worst case of a function, in the costs of one engine.
   * @param name of an export, or of a function as the source has it
   * @throws Unbounded when something in reach has no bound; NeverReturns when every way ends in a trap; Error when there is no such function
   */
  of(name: string, costs: InstructionCosts): WorstCase {
    const index = this.indexOf(name);
    const { charges, found } = this.withCosts(costs);
    let worst = found.get(index);
    if (!worst) found.set(index, worst = this.find(index, charges));
    return worst;
  }

  /** Reads a function before its worst case is asked for: that depends on no costs. @throws Error when there is no such function */
  read(name: string): void {
    this.contextOf(this.indexOf(name));
  }

  private find(index: number, charges: Charges): WorstCase {
    const context = this.boundedContext(index);
    const paths = new LongestPath(this.module, charges, this.places, context);
    const relaxed = paths.bound();
    if (!relaxed) throw new NeverReturns(this.module.functionNames.get(index)!, trapPath(this.places, this.module, paths, context));
    const { module, places } = this;
    const received = this.receivedIn(context);
    let tree: CallNode | undefined;
    return {
      cycles: Math.ceil(relaxed.bound - 1e-6),
      wide: wideLoops(this.places, this.module, context),
      get tree() { return (tree ??= callTree(module, places, paths, context, relaxed)); },
      ...(received && { received }),
    };
  }

  /** The loop that finds most characters, of those that nothing but the drivers' word for it bounds. */
  private receivedIn(root: Context): ReceivedLoop | undefined {
    let found: Omit<ReceivedLoop, 'drains'> | undefined;
    for (const { code, turns, asSaid } of this.reachedFrom([root])) {
      for (const at of asSaid) {
        const loop = this.places.of(code).loops.get(at);
        const most = turns.get(at)!;
        if (loop?.asks?.limit !== RECEIVED || (found && found.most >= most)) continue;
        found = { most, capacity: loop.asks.most, file: loop.file, line: loop.from.line };
      }
    }
    return found && { ...found, drains: this.drainsOf(root) };
  }

  private drainsOf(root: Context): Drains {
    const asksUntilNo = (limit: string) => (code: FunctionCode, at: number): boolean => {
      const asks = this.places.of(code).loops.get(at)?.asks;
      return asks?.limit === limit && asks.untilNo;
    };
    const isDrain = asksUntilNo(RECEIVED);
    const drains = (goesBack: Passage['goesBack']): boolean | undefined => this.mustPass(root, { isPassed: (code, { kind, at }) => kind === 'loop' && isDrain(code, at), goesBack });
    return drains(() => false) ? 'always' : drains(asksUntilNo(BLOCKS)) ? 'with a block' : 'unsure';
  }

  private mustPass(root: Context, passage: Omit<Passage, 'isAbort'>): boolean | undefined {
    return new MustPass({ ...passage, isAbort: (index) => this.module.imports[index]?.name === 'abort' }).of(root);
  }

  /** Whether every call of an export that returns pends an interrupt by its number, a constant in front of the call. */
  alwaysPends(exportName: string, irq: number): boolean {
    const pend = this.module.imports.findIndex(({ name }) => name === 'irqPend');
    const { context } = this.contextOf(this.indexOf(exportName));
    return pend >= 0 && context !== undefined && this.mustPass(context, {
      isPassed: (_, node, before) => node.kind === 'op' && node.name === 'call' && node.index === pend && before?.kind === 'op' && before.name === 'i32.const' && before.value === irq,
      goesBack: () => false,
    }) === true;
  }

  private withCosts(costs: InstructionCosts): { charges: Charges; found: Map<number, WorstCase> } {
    let known = this.byCosts.get(costs);
    if (!known) this.byCosts.set(costs, known = { charges: new Charges(this.module, costs, this.natives, this.places), found: new Map() });
    return known;
  }

  /** A function read for whatever arguments: how control flows does not depend on costs. */
  private contextOf(index: number): RootContext {
    let read = this.roots.get(index);
    if (!read) {
      const recursion = findViolations(this.module, [index]).filter(({ violation }) => violation === 'recursion');
      const context = recursion.length > 0 ? undefined : this.interpreter.context(index, this.parametersOf(index).map(() => ANY));
      this.roots.set(index, read = { context, problems: problemsOf(this.places, this.module, (i) => this.codeOf(i), recursion, context) });
    }
    return read;
  }

  /** @throws Unbounded */
  private boundedContext(index: number): Context {
    const { context, problems } = this.contextOf(index);
    if (!context || problems.length > 0) throw new Unbounded(problems.map(({ message }) => message).join('\n'), problems.map(({ place }) => place));
    return context;
  }

  /** Everything that these functions reach, each with what it is called with. */
  contextsOf(names: readonly string[]): Context[] {
    return this.reachedFrom(names.map((name) => {
      const index = this.indexOf(name);
      return this.interpreter.context(index, this.parametersOf(index).map(() => ANY));
    }));
  }

  private reachedFrom(roots: readonly Context[]): Context[] {
    const found = new Set<Context>();
    const walk = (context: Context): void => {
      if (found.has(context)) return;
      found.add(context);
      for (const { contexts } of context.calls.values()) for (const callee of contexts.values()) walk(callee);
    };
    roots.forEach(walk);
    return [...found];
  }

  /** All functions of the module. */
  functions(): FunctionCode[] {
    return this.module.functions.map(({ index }) => this.codeOf(index));
  }

  private parametersOf(index: number): unknown[] {
    return Array.from({ length: this.codeOf(index).parameters });
  }
}

/**
 * Worst-case cycles of one function of a firmware.
 * @param firmware what `compileFirmware` gives
 * @param exportName an export (a vector's `exportName`), or a function by its name in the source
 * @throws Unbounded when something in reach has no bound; NeverReturns when every way ends in a trap; Error when there is no such function
 */
export function worstCaseOf(firmware: Pick<Firmware, 'wasm' | 'sourceMap' | 'flowFacts' | 'natives'>, exportName: string, costs: InstructionCosts): WorstCase {
  return new WorstCaseAnalysis(firmware).of(exportName, costs);
}
