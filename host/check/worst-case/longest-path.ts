// SPDX-License-Identifier: MIT
// The dearest way through code whose loops have bounds.
//
// Limits on a whole call of the root (at most 4 of 16 voices go through the ladder), and what one call of a function can use up, are taken into account by
// prices: what is limited gets cheaper by a price each time. relaxation.ts looks for the prices that make the bound least.

import type { InstructionCosts } from '../../cpu/wasm/costs.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import { basicBlocks } from '../../cpu/wasm/meter.js';
import type { CodeNode, Construct, FunctionCode, Op } from './code.js';
import type { Context } from './interpret.js';
import type { Limit, Places, Resource } from './places.js';
import { relax, type Priced, type Relaxed } from './relaxation.js';

/** What a way has last passed. */
export type Item =
  | { readonly kind: 'block'; readonly at: number }
  | { readonly kind: 'call'; readonly at: number; readonly context: Context; readonly path: Path }
  /** A loop's turns, and after them the rest of its body up to where it was left. */
  | { readonly kind: 'turns'; readonly times: number; readonly path: Path }
  | { readonly kind: 'inner'; readonly path: Path }
  /** Several ways through a function, each so often on average. */
  | { readonly kind: 'mix'; readonly parts: readonly { readonly weight: number; readonly path: Path }[] };

/** A way through code: what it passed last, and the way before that, unless only its length is asked for. Its uses are those of the root's limits, then those of its function's resources. */
export interface Path extends Priced {
  readonly before?: Path;
  readonly item?: Item;
}

const NOTHING: readonly number[] = [];
const START: Path = { cycles: 0, uses: NOTHING };

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** Uses, and others so many times. */
function plus(uses: readonly number[], others: readonly number[], times = 1): readonly number[] {
  if (others.length === 0) return uses;
  if (uses.length === 0 && times === 1) return others;
  const sum = [...uses];
  while (sum.length < others.length) sum.push(0);
  for (let i = 0; i < others.length; i++) sum[i] += times * others[i];
  return sum;
}

const CONTROL = new Set(['unreachable', 'br', 'return', 'br_if', 'br_table', 'call']);

/** What stands at one place of a function and is more than a part of what costs. */
interface Step {
  readonly node: CodeNode;
  /** Of the basic block that begins there. */
  readonly cycles: number;
  readonly most?: Limit;
  readonly use?: { readonly resource: Resource; readonly weight: number };
}

/** What code costs with one engine: the same whichever function is asked for. */
export class Charges {
  private readonly blocks = new Map<FunctionCode, ReadonlyMap<number, number>>();
  private readonly steps = new Map<readonly CodeNode[], readonly Step[]>();

  constructor(
    private readonly module: WasmModule,
    private readonly costs: InstructionCosts,
    private readonly natives: ReadonlySet<number>,
    private readonly places: Places,
  ) {}

  /** Costs of a function's instructions: with native kernels they differ by function. */
  costsOf(functionIndex: number): InstructionCosts {
    return this.natives.has(functionIndex) ? this.costs.native ?? this.costs : this.costs;
  }

  /** Cost of each basic block of a function, by the offset of its first instruction: what the meter charges. */
  blocksOf(code: FunctionCode): ReadonlyMap<number, number> {
    let blocks = this.blocks.get(code);
    if (!blocks) this.blocks.set(code, blocks = basicBlocks(this.module, code.body, this.costsOf(code.index), this.costs.native && this.natives));
    return blocks;
  }

  /** Of a sequence of a function, what costs, is limited or leads elsewhere: most instructions do nothing of the kind. */
  stepsOf(code: FunctionCode, nodes: readonly CodeNode[]): readonly Step[] {
    let steps = this.steps.get(nodes);
    if (!steps) {
      const { most, uses } = this.places.of(code);
      const blocks = this.blocksOf(code);
      const isStep = (node: CodeNode): boolean => node.kind !== 'op' || CONTROL.has(node.name) || blocks.has(node.at) || most.has(node.at) || uses.has(node.at);
      steps = nodes.filter(isStep).map((node) => ({ node, cycles: blocks.get(node.at) ?? 0, most: most.get(node.at), use: uses.get(node.at) }));
      this.steps.set(nodes, steps);
    }
    return steps;
  }
}

interface Arrivals { arrived?: Path }

const arrive = (label: Arrivals, path: Path): void => {
  if (!label.arrived || path.cycles > label.arrived.cycles) label.arrived = path;
};

export class LongestPath {
  private readonly known = new Map<Context, Path | undefined>();
  private readonly limitsOf = new Map<Context, ReadonlySet<Limit>>();
  /** The root's limits. */
  private readonly limits: readonly Limit[];
  /** Where the uses of what is limited are counted. */
  private readonly indices = new Map<Limit | Resource, number>();
  private readonly prices = new Map<Limit | Resource, number>();
  private traces = false;

  constructor(
    private readonly module: WasmModule,
    readonly charges: Charges,
    private readonly places: Places,
    private readonly root: Context,
  ) {
    this.limits = [...this.limitsIn(root)];
    for (const [i, limit] of this.limits.entries()) this.indices.set(limit, i);
  }

  /** The least bound of the root, and the mix of ways that it stands for; undefined when it does not return. */
  bound(): Relaxed<Path> | undefined {
    return relax(this.limits.map(({ limit }) => limit), (prices) => {
      this.setPrices(prices);
      return this.of(this.root);
    });
  }

  /** The dearest ways through the root at some prices of its limits each, with all that they pass. */
  trace(prices: readonly (readonly number[])[]): Path[] {
    this.known.clear();
    this.traces = true;
    const paths = prices.map((own) => {
      this.setPrices(own);
      return this.of(this.root)!;
    });
    this.traces = false;
    this.known.clear();
    return paths;
  }

  private setPrices(prices: readonly number[]): void {
    const changed = this.limits.filter((limit, i) => this.prices.get(limit) !== prices[i]);
    for (const context of this.known.keys()) {
      const limits = this.limitsIn(context);
      if (changed.some((limit) => limits.has(limit))) this.known.delete(context);
    }
    for (const [i, limit] of this.limits.entries()) this.prices.set(limit, prices[i]);
  }

  /** Limits that matter in a context and in all that it calls. */
  private limitsIn(context: Context): ReadonlySet<Limit> {
    let limits = this.limitsOf.get(context);
    if (limits) return limits;
    const found = new Set<Limit>();
    const { loopTotals, most, sums } = this.places.of(context.code);
    for (const { contexts } of context.calls.values()) for (const callee of contexts.values()) for (const limit of this.limitsIn(callee)) found.add(limit);
    for (const { at, contexts } of context.calls.values()) if (sums.has(at) && contexts.size > 1) found.add(sums.get(at)!);
    for (const limit of most.values()) found.add(limit);
    for (const at of context.turns.keys()) if (loopTotals.has(at)) found.add(loopTotals.get(at)!);
    this.limitsOf.set(context, limits = found);
    return limits;
  }

  /** A way with a basic block more: most of its steps, which is why nothing is made of them that is not kept. */
  charged(before: Path, cycles: number, at: number): Path {
    return this.traces ? { cycles: before.cycles + cycles, uses: before.uses, before, item: { kind: 'block', at } } : { cycles: before.cycles + cycles, uses: before.uses };
  }

  /** A way with a step more. */
  step(before: Path, cycles: number, uses: readonly number[], item: Item): Path {
    return this.traces ? { cycles, uses, before, item } : { cycles, uses };
  }

  /** The dearest way through a function at the present prices; undefined when it does not return. */
  of(context: Context): Path | undefined {
    if (this.known.has(context)) return this.known.get(context);
    const path = this.withResources(context);
    this.known.set(context, path);
    return path;
  }

  /** The dearest way through a function each of whose loops waits for hardware, and so long at most. */
  waiting(context: Context, cycles: number): Path | undefined {
    return new Walk(this, context, cycles).run();
  }

  /** The dearest mix of ways that uses no more than there is of anything. */
  private withResources(context: Context): Path | undefined {
    const { code, args } = context;
    const there = new Map<Resource, number>();
    // What is left when no use fits any more is no use to anybody.
    const units = new Map<Resource, number>();
    for (const { resource, weight } of this.places.of(code).uses.values()) units.set(resource, greatestDivisor(units.get(resource) ?? weight, weight));
    for (const [resource, unit] of units) {
      const value = this.places.valueOf(code, resource.of, args);
      if (value !== undefined) there.set(resource, Math.floor(value / unit) * unit);
    }
    if (there.size === 0) return new Walk(this, context).run();
    const resources = [...there.keys()];
    const count = this.limits.length;
    for (const [i, resource] of resources.entries()) this.indices.set(resource, count + i);
    // Only what its own instructions use of them counts, which is what lies behind the limits.
    const own = (path: Path): Path & { readonly all: Path } => ({ cycles: path.cycles, uses: path.uses.slice(count), all: path });
    const relaxed = relax([...there.values()], (prices) => {
      for (const [i, resource] of resources.entries()) this.prices.set(resource, prices[i]);
      const path = new Walk(this, context).run();
      return path && own(path);
    });
    for (const resource of resources) this.prices.delete(resource);
    if (!relaxed) return undefined;
    const parts = relaxed.mix.map(({ weight, way }) => ({ weight, path: way.all }));
    const uses = parts.reduce((sum, { weight, path }) => plus(sum, path.uses.slice(0, count), weight), NOTHING);
    return this.step(START, relaxed.bound, uses, { kind: 'mix', parts });
  }

  /** A way that uses up something that is limited. */
  use(path: Path, limited: Limit | Resource | undefined, times: number): Path {
    const price = limited && this.prices.get(limited);
    if (price === undefined) return path;
    const at = this.indices.get(limited!)!;
    const uses = [...path.uses];
    while (uses.length <= at) uses.push(0);
    uses[at] += times;
    return { ...path, cycles: path.cycles - price * times, uses };
  }

  isAbort(functionIndex: number): boolean {
    return this.module.imports[functionIndex]?.name === 'abort';
  }

  placesOf(code: FunctionCode) {
    return this.places.of(code);
  }
}

class Walk {
  private labels: Arrivals[] = [];
  private readonly charges: ReadonlyMap<number, number>;
  private readonly said: ReturnType<LongestPath['placesOf']>;

  constructor(private readonly owner: LongestPath, private readonly context: Context, private readonly longestWait = Infinity) {
    this.charges = owner.charges.blocksOf(context.code);
    this.said = owner.placesOf(context.code);
  }

  run(): Path | undefined {
    const returned: Arrivals = {};
    this.labels = [returned];
    const end = this.sequence(this.context.code.nodes, START);
    if (end) arrive(returned, this.charge(end, this.context.code.endAt));
    return returned.arrived;
  }

  private charge(path: Path, at: number): Path {
    const cycles = this.charges.get(at);
    return cycles ? this.owner.charged(path, cycles, at) : path;
  }

  private sequence(nodes: readonly CodeNode[], start: Path): Path | undefined {
    const steps = this.owner.charges.stepsOf(this.context.code, nodes);
    let path: Path | undefined = start;
    // By index: much of this runs before V8 has optimized it.
    for (let i = 0; i < steps.length && path; i++) {
      const { node, cycles } = steps[i];
      const here: Path = cycles > 0 ? this.owner.charged(path, cycles, node.at) : path;
      path = node.kind === 'op' ? this.op(node, this.limited(here, steps[i])) : node.kind === 'loop' ? this.loop(node, here) : this.block(node, here);
    }
    return path;
  }

  private limited(path: Path, { most, use }: Step): Path {
    const counted = most ? this.owner.use(path, most, 1) : path;
    return use ? this.owner.use(counted, use.resource, use.weight) : counted;
  }

  private block(node: Construct, path: Path): Path | undefined {
    const label: Arrivals = {};
    this.labels.push(label);
    const outcomes = node.kind === 'if' ? this.context.outcomes.get(node.at) ?? 0 : 2;
    const end = outcomes & 2 ? this.sequence(node.body, path) : undefined;
    if (end) arrive(label, this.charge(end, node.elseAt ?? node.endAt));
    if (outcomes & 1) {
      const other = this.sequence(node.otherwise, path);
      if (other) arrive(label, node.elseAt === undefined ? other : this.charge(other, node.endAt));
    }
    this.labels.pop();
    return label.arrived;
  }

  private loop(node: Construct, entry: Path): Path | undefined {
    const outer = this.labels;
    const own = outer.map((): Arrivals => ({}));
    const head: Arrivals = {};
    this.labels = [...own, head];
    let end = this.sequence(node.body, START);
    if (end) end = this.charge(end, node.endAt);
    this.labels = outer;
    // A do … while runs its body before it can go back.
    let before = this.said.loops.get(node.at)?.isDo ? this.useUp(entry, node.at) : entry;
    const most = this.context.turns.get(node.at) ?? 0;
    if (head.arrived && most > 0) {
      const back = this.useUp(this.owner.use(head.arrived, this.said.loopTotals.get(node.at), 1), node.at);
      // With prices, a turn may be worth less than nothing; no turn has to be taken.
      if (back.cycles > 0) {
        // What waits looks once more when the time is over.
        const turns = Math.min(most, Math.floor(this.longestWait / back.cycles) + 1);
        before = this.owner.step(before, before.cycles + turns * back.cycles, plus(before.uses, back.uses, turns), { kind: 'turns', times: turns, path: back });
      }
    }
    const last = before;
    const after = (path: Path): Path => this.owner.step(last, last.cycles + path.cycles, plus(last.uses, path.uses), { kind: 'inner', path });
    own.forEach(({ arrived }, i) => { if (arrived) arrive(outer[i], after(arrived)); });
    return end && after(end);
  }

  /** A way that uses up what an instruction, or a loop's turn, does. */
  private useUp(path: Path, at: number): Path {
    const use = this.said.uses.get(at);
    return use ? this.owner.use(path, use.resource, use.weight) : path;
  }

  private branch(depth: number, path: Path): void {
    arrive(this.labels[this.labels.length - 1 - depth], path);
  }

  private op(op: Op, path: Path): Path | undefined {
    switch (op.name) {
      case 'unreachable': return undefined;
      case 'br': this.branch(op.index, path); return undefined;
      case 'return': arrive(this.labels[0], path); return undefined;
      case 'br_if': {
        const outcomes = this.context.outcomes.get(op.at) ?? 0;
        if (outcomes & 2) this.branch(op.index, path);
        return outcomes & 1 ? path : undefined;
      }
      case 'br_table': {
        const targets = this.context.targets.get(op.at);
        for (let i = 0; i < op.depths!.length; i++) if (targets?.has(i)) this.branch(op.depths![i], path);
        return undefined;
      }
      case 'call': return this.call(op, path);
      default: return path;
    }
  }

  private call(op: Op, path: Path): Path | undefined {
    if (this.owner.isAbort(op.index)) return undefined;
    const call = this.context.calls.get(op.at);
    if (!call) return path;
    const limit = call.contexts.size > 1 ? this.said.sums.get(op.at) : undefined;
    const wait = this.said.waits.get(op.at);
    let best: Path | undefined;
    for (const [n, context] of call.contexts) {
      const inside = wait === undefined ? this.owner.of(context) : this.owner.waiting(context, wait);
      if (!inside) continue;
      const paid = this.owner.use(path, limit, n);
      const cycles = paid.cycles + inside.cycles;
      if (!best || cycles > best.cycles) best = this.owner.step(paid, cycles, plus(paid.uses, inside.uses), { kind: 'call', at: op.at, context, path: inside });
    }
    return best;
  }
}
