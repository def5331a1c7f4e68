// SPDX-License-Identifier: MIT
// Reads the code of a function without running it: which ways can be taken, how often each loop can turn, and with what each function is called.
//
// A function is read anew for each combination of ranges that its arguments may have, so that a limit given as an argument is a limit. A loop is read
// twice: first with nothing known of the locals that it sets, which shows how they move from turn to turn and what stays true, then with the ranges
// that follow from how often it turns.

import type { WasmModule } from '../../cpu/wasm/decode.js';
import type { Construct, CodeNode, FunctionCode, Op } from './code.js';
import { binary, unary } from './operations.js';
import { turnsOf } from './turns.js';
import { ANY, ANY32, fits, HIGH, hull, intersect, isNeverZero, isTruth, isZero, join, not, number, State, Symbols, truth, type Condition, type Range, type Value } from './values.js';

/** Something in a function that has no bound. */
export interface Problem {
  readonly kind: 'loop' | 'recursion' | 'indirect call';
  readonly at: number;
}

/** A call on the way from the root to a place. */
export interface Call {
  readonly at: number;
  /** What is called; for a call whose argument is limited in sum, one context for each value of the argument. */
  readonly contexts: ReadonlyMap<number, Context>;
  /** Index of that argument; -1 without. */
  readonly counting: number;
}

/** A function with what is known of its arguments. */
export interface Context {
  readonly code: FunctionCode;
  readonly args: readonly Range[];
  /** Most times that each loop goes back to its head, by the loop's offset. */
  readonly turns: Map<number, number>;
  /** Loops that have fewer turns by what is said of them than the code shows. */
  readonly asSaid: Set<number>;
  readonly calls: Map<number, Call>;
  /** Which outcomes each conditional branch may have: bit 0 not taken, bit 1 taken. */
  readonly outcomes: Map<number, number>;
  /** Which of its labels each `br_table` may go to. */
  readonly targets: Map<number, Set<number>>;
  readonly problems: Problem[];
  /** Ranges of its results; undefined when it does not return. */
  results?: Range[];
}

/** What a firmware's author has said of places in the code. */
export interface Said {
  /** Most times that a loop goes back to its head each time it is entered. */
  turns(code: FunctionCode, loopAt: number, args: readonly Range[]): number | undefined;
  /** As many turns as the code shows of a loop at most for that to count, and not what is said. */
  shown(code: FunctionCode, loopAt: number): number;
  /** Whether the sum of a call's counting argument is limited. */
  isSum(code: FunctionCode, callAt: number): boolean;
  /** What a word of memory always holds, where a load of it reads what does not change. */
  word(loadAt: number, address: number): number | undefined;
}

/** Values of a counting argument for which a function is read one by one. */
const MOST_VALUES = 257;
/** Combinations of arguments for which a function is read, before it is read for any. */
const MOST_CONTEXTS = 120;
/** WebAssembly Core Specification 2.0, 4.2.8; and as many pages as there can be. */
const PAGE_BYTES = 65_536;
const PAGES = 65_536;
/** Arguments further from 0 are addresses, and nothing is to be gained from them. */
const FARTHEST = 2 ** 24;

interface Label {
  readonly arity: number;
  readonly height: number;
  arrived?: State;
}

/** Reads functions of one module; keeps what it has read. */
export class Interpreter {
  private readonly contexts = new Map<string, Context>();
  private readonly perFunction = new Map<number, number>();
  private readonly open = new Set<number>();

  constructor(
    private readonly module: WasmModule,
    private readonly codeOf: (index: number) => FunctionCode,
    private readonly globals: ReadonlyMap<number, Range>,
    private readonly said: Said,
  ) {}

  /** A function read for arguments within ranges. */
  context(index: number, args: readonly Range[]): Context {
    const rounded = args.map(roundArgument);
    const count = this.perFunction.get(index) ?? 0;
    let key = `${index} ${rounded.join(' ')}`;
    if (!this.contexts.has(key) && count >= MOST_CONTEXTS) {
      rounded.fill(ANY);
      key = `${index} ${rounded.join(' ')}`;
    }
    const known = this.contexts.get(key);
    if (known) return known;
    this.perFunction.set(index, count + 1);
    const code = this.codeOf(index);
    const context: Context = { code, args: rounded, turns: new Map(), asSaid: new Set(), calls: new Map(), outcomes: new Map(), targets: new Map(), problems: [] };
    this.contexts.set(key, context);
    this.open.add(index);
    new Reader(this, context).run();
    this.open.delete(index);
    return context;
  }

  isOpen(index: number): boolean {
    return this.open.has(index);
  }
  get wasm(): WasmModule {
    return this.module;
  }
  /** Most bytes that linear memory has. */
  get memoryBytes(): number {
    return (this.module.memory?.maximum ?? PAGES) * PAGE_BYTES;
  }
  globalRange(index: number): Range {
    return this.globals.get(index) ?? ANY;
  }
  get annotations(): Said {
    return this.said;
  }
}

function roundArgument([low, high]: Range): Range {
  return Math.abs(low) <= FARTHEST && Math.abs(high) <= FARTHEST ? [low, high] : low >= 0 && low <= 1 && high === ANY32[1] ? [low, high] : ANY;
}

/** What an import gives, of those that give less than any word. */
const IMPORT_RANGES: Readonly<Record<string, Range>> = { load8: [0, 255], load16: [0, 65535] };

class Reader {
  private labels: Label[] = [];
  private readonly symbols = new Symbols();
  private recording = true;
  private returned?: Label;

  constructor(private readonly owner: Interpreter, private readonly context: Context) {}

  run(): void {
    const { code } = this.context;
    const locals: Value[] = [];
    const state = new State(this.symbols, locals, [], new Map(), []);
    for (let i = 0; i < code.locals; i++) locals.push(i < code.parameters ? state.unknown(this.context.args[i]) : number(0));
    this.returned = { arity: code.results, height: 0 };
    this.labels = [this.returned];
    const end = this.sequence(code.nodes, state);
    if (end) this.arrive(this.returned, end);
    const { arrived } = this.returned;
    if (arrived) this.context.results = arrived.stack.map((v) => arrived.whole(v));
  }

  private arrive(label: Label, state: State): void {
    const there = state.clone();
    there.stack = [...state.stack.slice(0, label.height), ...(label.arity > 0 ? state.stack.slice(-label.arity) : [])];
    label.arrived = join(label.arrived, there);
  }

  private branch(depth: number, state: State): void {
    this.arrive(this.labels[this.labels.length - 1 - depth], state);
  }

  private sequence(nodes: readonly CodeNode[], start: State): State | undefined {
    let state: State | undefined = start;
    for (const node of nodes) {
      if (!state) return undefined;
      state = node.kind === 'op' ? this.op(node, state) : this.construct(node, state);
    }
    return state;
  }

  private construct(node: Construct, state: State): State | undefined {
    if (node.kind === 'loop') return this.loop(node, state);
    const condition = node.kind === 'if' ? truth(state.stack.pop()!) : undefined;
    const label: Label = { arity: node.results, height: state.stack.length - node.parameters };
    this.labels.push(label);
    if (condition) {
      const other = state.clone();
      const taken = state.assume(condition);
      const skipped = other.assume(not(condition));
      this.record(node.at, (skipped ? 1 : 0) | (taken ? 2 : 0));
      const end = taken ? this.sequence(node.body, state) : undefined;
      if (end) this.arrive(label, end);
      const otherEnd = skipped ? this.sequence(node.otherwise, other) : undefined;
      if (otherEnd) this.arrive(label, otherEnd);
    } else {
      const end = this.sequence(node.body, state);
      if (end) this.arrive(label, end);
    }
    this.labels.pop();
    return label.arrived;
  }

  private record(at: number, outcomes: number): void {
    if (this.recording) this.context.outcomes.set(at, (this.context.outcomes.get(at) ?? 0) | outcomes);
  }

  private loop(node: Construct, entry: State): State | undefined {
    const said = this.owner.annotations.turns(this.context.code, node.at, this.context.args);
    const height = entry.stack.length - node.parameters;
    const readBody = (head: State): { back?: State; end?: State } => {
      const label: Label = { arity: node.parameters, height };
      this.labels.push(label);
      const end = this.sequence(node.body, head);
      this.labels.pop();
      return { back: label.arrived, end };
    };
    const operands = (state: State): Value[] => state.stack.map((v, i) => (i >= height ? state.unknown() : v));

    // First with nothing known of what moves, and without a trace.
    const first = entry.clone();
    first.stack = operands(first);
    const heads = new Map<number, number>();
    for (const local of node.sets) {
      const symbol = this.symbols.fresh();
      heads.set(local, symbol);
      first.locals[local] = { symbol, low: 0, high: 0 };
    }
    const [labels, recording] = [this.labels, this.recording];
    this.labels = labels.map(({ arity, height: h }) => ({ arity, height: h }));
    this.recording = false;
    const { back } = readBody(first);
    [this.labels, this.recording] = [labels, recording];

    for (const [local, symbol] of heads) if (this.symbols.addresses.has(symbol)) this.isAddress(entry.locals[local]);

    let shown = back ? turnsOf(entry, heads, back) : 0;
    const most = said === undefined || shown <= this.owner.annotations.shown(this.context.code, node.at) ? Infinity : said;
    let turns = Math.min(shown, most);
    const second = entry.clone();
    second.stack = operands(second);
    const movedHeads = new Map<number, number>();
    for (const [local, symbol] of heads) {
      if (!back) continue;
      const step = stepFrom(back, back.locals[local], symbol);
      if (step && step[0] === 0 && step[1] === 0) continue;
      const value = headValue(entry, second, back, local, step, turns, symbol);
      second.locals[local] = value;
      if (value.symbol !== 0) movedHeads.set(local, value.symbol);
    }
    const { back: again, end } = readBody(second);
    shown = Math.min(shown, again ? turnsOf(entry, movedHeads, again) : 0);
    turns = Math.min(shown, most);
    if (recording) {
      if (turns < shown) this.context.asSaid.add(node.at);
      if (turns === Infinity) this.context.problems.push({ kind: 'loop', at: node.at });
      else this.context.turns.set(node.at, Math.max(turns, this.context.turns.get(node.at) ?? 0));
    }
    return end;
  }

  private op(op: Op, state: State): State | undefined {
    const { stack } = state;
    const { name } = op;
    switch (name) {
      case 'nop': return state;
      case 'unreachable': return undefined;
      case 'drop': stack.pop(); return state;
      case 'local.get': stack.push(state.locals[op.index]); return state;
      case 'local.set': state.locals[op.index] = stack.pop()!; return state;
      case 'local.tee': state.locals[op.index] = stack[stack.length - 1]; return state;
      case 'i32.const': case 'i64.const': stack.push(op.value === undefined ? state.unknown() : number(op.value)); return state;
      case 'f32.const': case 'f64.const': case 'ref.null': case 'ref.func': stack.push(state.unknown()); return state;
      case 'global.get': stack.push(state.unknown(this.owner.globalRange(op.index))); return state;
      case 'global.set': stack.pop(); return state;
      case 'br': this.branch(op.index, state); return undefined;
      case 'return': this.arrive(this.returned!, state); return undefined;
      case 'br_if': return this.branchIf(op, state);
      case 'br_table': return this.branchTable(op, state);
      case 'select': case 'select_t': return this.select(state);
      case 'call': return this.call(op, state);
      case 'call_indirect': {
        this.context.problems.push({ kind: 'indirect call', at: op.at });
        const type = this.owner.wasm.types[op.index];
        stack.length -= type.parameters + 1;
        for (let i = 0; i < type.results; i++) stack.push(state.unknown());
        return state;
      }
      case 'memory.size': stack.push(state.unknown([0, 65536])); return state;
      case 'memory.copy': case 'memory.fill': case 'memory.init': case 'table.init': case 'table.copy': case 'table.fill': stack.length -= 3; return state;
      case 'table.set': stack.length -= 2; return state;
      case 'table.grow': stack.length -= 2; stack.push(state.unknown()); return state;
      case 'table.size': stack.push(state.unknown()); return state;
      case 'elem.drop': case 'data.drop': return state;
    }
    const sort = sortOf(name);
    switch (sort.kind) {
      case 'store':
        stack.pop();
        return this.access(state, stack.pop()!) ? state : undefined;
      case 'load': {
        const address = stack.pop()!;
        if (!this.access(state, address)) return undefined;
        stack.push(this.fixed(op, state, address) ?? state.unknown(sort.range));
        return state;
      }
      case 'unary': stack.push(unary(state, name, stack.pop()!)); return state;
      default: {
        const b = stack.pop()!;
        stack.push(binary(state, name, stack.pop()!, b));
        return state;
      }
    }
  }

  /** @returns false when the access traps */
  private access(state: State, address: Value): boolean {
    this.isAddress(address);
    const { memoryBytes } = this.owner;
    return memoryBytes > HIGH || state.within(address, [0, memoryBytes - 1]);
  }

  /** A word that does not change, as the length of an array that is known. */
  private fixed({ at, name, value: offset }: Op, state: State, address: Value): Value | undefined {
    if (name !== 'i32.load') return undefined;
    const [low, high] = state.range(address);
    const word = low === high ? this.owner.annotations.word(at, low + offset!) : undefined;
    return word === undefined ? undefined : number(word);
  }

  private isAddress(v: Value): void {
    for (let s = v.symbol; s !== 0; s = this.symbols.of(s).base) this.symbols.addresses.add(s);
  }

  private branchIf(op: Op, state: State): State | undefined {
    const condition = truth(state.stack.pop()!);
    const taken = state.clone();
    const goes = taken.assume(condition);
    if (goes) this.branch(op.index, taken);
    const stays = state.assume(not(condition));
    this.record(op.at, (stays ? 1 : 0) | (goes ? 2 : 0));
    return stays ? state : undefined;
  }

  private branchTable(op: Op, state: State): undefined {
    const selector = state.stack.pop()!;
    const [low, high] = state.range(selector);
    const last = op.depths!.length - 1;
    const targets = new Set(this.context.targets.get(op.at));
    for (const [i, depth] of op.depths!.entries()) {
      const there = state.clone();
      const possible = i < last ? low <= i && i <= high && there.assume({ kind: 'compare', op: 'eq', bits: 32, a: selector, b: number(i) }) : low < 0 || high >= last;
      if (!possible) continue;
      targets.add(i);
      this.branch(depth, there);
    }
    if (this.recording) this.context.targets.set(op.at, targets);
    return undefined;
  }

  private select(state: State): State {
    const { stack } = state;
    const condition = truth(stack.pop()!);
    const b = stack.pop()!;
    const a = stack.pop()!;
    const whenTrue = state.clone();
    const whenFalse = state.clone();
    const first = whenTrue.assume(condition);
    const second = whenFalse.assume(not(condition));
    if (!first || !second) stack.push(first ? a : b);
    else {
      const says = chosen(condition, a, b);
      const range = hull(whenTrue.whole(a), whenFalse.whole(b));
      const value = a.symbol === b.symbol ? { symbol: a.symbol, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) } : says && isTruth(range) ? number(...range) : state.unknown(range);
      stack.push(says ? { ...value, condition: says } : value);
    }
    return state;
  }

  private call(op: Op, state: State): State | undefined {
    const { wasm } = this.owner;
    const imported = wasm.imports[op.index];
    const type = wasm.types[imported ? imported.type : wasm.functions[op.index - wasm.imports.length].type];
    const { stack } = state;
    const args = type.parameters > 0 ? stack.splice(-type.parameters) : [];
    if (imported) {
      if (imported.name === 'abort') return undefined;
      for (let i = 0; i < type.results; i++) stack.push(state.unknown(IMPORT_RANGES[imported.name] ?? ANY32));
      return state;
    }
    if (this.owner.isOpen(op.index)) {
      this.context.problems.push({ kind: 'recursion', at: op.at });
      for (let i = 0; i < type.results; i++) stack.push(state.unknown());
      return state;
    }
    const ranges = args.map((v) => state.whole(v));
    const contexts = new Map<number, Context>();
    const counting = this.owner.annotations.isSum(this.context.code, op.at) ? countingArgument(ranges) : -1;
    if (counting < 0) contexts.set(0, this.owner.context(op.index, ranges));
    else {
      for (const [from, to] of countGroups(ranges[counting])) contexts.set(from, this.owner.context(op.index, ranges.map((r, i) => (i === counting ? [from, to] : r))));
    }
    if (this.recording) this.context.calls.set(op.at, { at: op.at, contexts, counting });
    let results: Range[] | undefined;
    for (const { results: own } of contexts.values()) if (own) results = results ? results.map((r, i) => hull(r, own[i])) : own;
    if (!results) return undefined;
    for (const range of results) stack.push(state.unknown(range));
    return state;
  }
}

/** A local at the head of a loop, in whatever turn. */
function headValue(entry: State, head: State, back: State, local: number, step: Range | undefined, turns: number, symbol: number): Value {
  const before = entry.locals[local];
  const now = back.locals[local];
  const drift: Range | undefined = step && [step[0] < 0 ? turns * step[0] : 0, step[1] > 0 ? turns * step[1] : 0];
  const isAddress = (symbol: number): boolean => symbol !== 0 && (head.symbols.addresses.has(symbol) || isAddress(head.symbols.of(symbol).base));
  const [low, high] = entry.whole(before);
  const [stopLow, stopHigh] = step ? stopsOf(back, symbol, step, [low, high]) : ANY;
  const moved: Range = drift ? [Math.max(low + drift[0], stopLow), Math.min(high + drift[1], stopHigh)] : ANY;
  const isNumber = drift && (fits(moved, 32) || back.isExact(now));
  // Addresses are told by their distances from each other, numbers by how great they are.
  const isDistance = isAddress(before.symbol) && !(fits(moved, 32) && isHeldAgainstNumber(back, symbol));
  if (drift && before.symbol !== 0 && drift[1] - drift[0] < ANY32[1] && (isDistance || !isNumber)) {
    return { symbol: head.symbols.fresh([before.low + drift[0], before.high + drift[1]], before.symbol), low: 0, high: 0 };
  }
  const either = hull(entry.whole(before), back.whole(now));
  // Where no turn wraps round, what goes down only stays below where it began.
  return head.unknown(isNumber ? intersect(either, moved) : either);
}

/** Whether a loop goes on by what its counter is to a number, as one that counts what is left to copy: that is an index, also where it is added to an address. */
function isHeldAgainstNumber(back: State, symbol: number): boolean {
  const asks = (fact: Condition): boolean => {
    if (fact.kind !== 'compare') return fact.kind !== 'either' && fact.parts.some(asks);
    return (fact.a.symbol === symbol && fact.b.symbol === 0) || (fact.b.symbol === symbol && fact.a.symbol === 0);
  };
  return back.facts.some(asks);
}

/** What goes one by one never passes a number that it is not when the loop goes back. */
function stopsOf(back: State, symbol: number, [least, most]: Range, [low, high]: Range): Range {
  let stops: Range = ANY;
  const ask = (fact: Condition): void => {
    if (fact.kind === 'both' || (fact.kind === 'implies' && fact.holds)) return fact.parts.forEach(ask);
    if (fact.kind !== 'compare' || fact.op !== 'ne') return;
    for (const [v, n] of [[fact.a, fact.b], [fact.b, fact.a]] as const) {
      if (v.symbol !== symbol || v.low !== v.high || n.symbol !== 0 || n.low !== n.high) continue;
      const stop = n.low - v.low;
      if (least >= -1 && most <= 0 && low >= stop) stops = intersect(stops, [stop, Infinity]);
      if (least >= 0 && most <= 1 && high <= stop) stops = intersect(stops, [-Infinity, stop]);
    }
  };
  back.facts.forEach(ask);
  return stops;
}

/** What it says of a choice that it is not 0, or that it is: where one of the two is known to be so or not, the other one was chosen. */
function chosen(condition: Condition, a: Value, b: Value): Condition | undefined {
  if (isZero(b)) return { kind: 'implies', holds: true, parts: [condition, truth(a)] };
  if (isZero(a)) return { kind: 'implies', holds: true, parts: [not(condition), truth(b)] };
  if (isNeverZero(b)) return { kind: 'implies', holds: false, parts: [condition, not(truth(a))] };
  if (isNeverZero(a)) return { kind: 'implies', holds: false, parts: [not(condition), not(truth(b))] };
  return undefined;
}

/** The argument that counts: the only one of which limits are known, and that is not one number alone. @returns its index, or -1 */
export function countingArgument(ranges: readonly Range[]): number {
  const candidates = ranges.flatMap(([low, high], i) => (low >= 0 && high < MOST_VALUES ? [{ i, fixed: low === high }] : []));
  const open = candidates.filter(({ fixed }) => !fixed);
  return open.length === 1 ? open[0].i : -1;
}

/** Values of a counting argument that are told apart. */
const MOST_COUNTS = 16;

/** Values of a counting argument in groups, of which each costs what its dearest value does, and counts as its least. They begin at multiples of their size, so that ranges share them. */
function countGroups([low, high]: Range): Range[] {
  const size = 2 ** Math.max(0, Math.ceil(Math.log2((high - low) / MOST_COUNTS)));
  const groups: Range[] = [];
  for (let from = low; from <= high; from = groups.at(-1)![1] + 1) groups.push([from, Math.min((Math.floor(from / size) + 1) * size - 1, high)]);
  return groups;
}

/** By how much a value differs from a symbol that it is a sum of. */
export function stepFrom(state: State, v: Value, symbol: number): Range | undefined {
  let x = v;
  while (x.symbol !== symbol && x.symbol !== 0) x = state.lower(x);
  return x.symbol === symbol && Number.isFinite(x.low) && Number.isFinite(x.high) ? [x.low, x.high] : undefined;
}

type Sort = { readonly kind: 'store' | 'unary' | 'binary' } | { readonly kind: 'load'; readonly range: Range };

const UNARY = /\.(?:eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|wrap_i64|extend\w*|trunc_\w+|convert_\w+|demote_f64|promote_f32|reinterpret_\w+)$|^ref\.is_null$|^table\.get$|^memory\.grow$/;
const sorts = new Map<string, Sort>();

/** What an instruction does with its operands, of those that have no case of their own. */
function sortOf(name: string): Sort {
  let sort = sorts.get(name);
  if (!sort) sorts.set(name, sort = sortByName(name));
  return sort;
}

function sortByName(name: string): Sort {
  if (/\.store\d*$/.test(name)) return { kind: 'store' };
  const load = /^(\w+)\.load(?:(\d+)_([su]))?$/.exec(name);
  if (load) {
    const [, type, bits, sign] = load;
    const size = 2 ** Number(bits);
    return { kind: 'load', range: bits === undefined ? (type === 'i32' ? ANY32 : ANY) : sign === 'u' ? [0, size - 1] : [-size / 2, size / 2 - 1] };
  }
  return { kind: UNARY.test(name) ? 'unary' : 'binary' };
}
