// SPDX-License-Identifier: MIT
// The dearest way through code whose loops have bounds.
//
// Limits on a whole call of the root (at most 4 of 16 voices go through the ladder) are taken into account by prices: what is limited gets cheaper by a
// price each time, and the price times the limit is added at the end. That is never less than the dearest way that keeps to the limits, whatever
// the prices; limits.ts looks for those that make it least (Lagrangian relaxation).

import type { InstructionCosts } from '../../cpu/wasm/costs.js';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import { basicBlocks } from '../../cpu/wasm/meter.js';
import type { CodeNode, Construct, FunctionCode, Op } from './code.js';
import type { Context } from './interpret.js';
import { leastPrice } from './prices.js';
import type { Limit, Places, Resource } from './places.js';

/** What a way has last passed. */
export type Item =
  | { readonly kind: 'block'; readonly at: number; readonly cycles: number }
  | { readonly kind: 'call'; readonly at: number; readonly context: Context; readonly path: Path }
  /** A loop's turns, and after them the rest of its body up to where it was left. */
  | { readonly kind: 'turns'; readonly times: number; readonly path: Path }
  | { readonly kind: 'inner'; readonly path: Path }
  /** Something limited has happened so often. */
  | { readonly kind: 'use'; readonly limit: Limit | Resource; readonly times: number };

/** A way through code: what it passed last, and the way before that, unless only its length is asked for. */
export interface Path {
  /** Core cycles, less the prices. */
  readonly cycles: number;
  /** How often it does what the limit in question limits. */
  readonly uses: number;
  /** How much it uses of the resource in question. */
  readonly used: number;
  readonly before?: Path;
  readonly item?: Item;
}

const START: Path = { cycles: 0, uses: 0, used: 0 };
/** Times that the prices of a function's resources are gone through. */
const ROUNDS = 3;

const CONTROL = new Set(['unreachable', 'br', 'return', 'br_if', 'br_table', 'call']);

/** What code costs with one engine: the same whichever function is asked for. */
export class Charges {
  private readonly blocks = new Map<FunctionCode, ReadonlyMap<number, number>>();
  private readonly steps = new Map<readonly CodeNode[], readonly CodeNode[]>();

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
  stepsOf(code: FunctionCode, nodes: readonly CodeNode[]): readonly CodeNode[] {
    let steps = this.steps.get(nodes);
    if (!steps) {
      const { most, uses } = this.places.of(code);
      const blocks = this.blocksOf(code);
      steps = nodes.filter((node) => node.kind !== 'op' || CONTROL.has(node.name) || blocks.has(node.at) || most.has(node.at) || uses.has(node.at));
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
  private readonly prices = new Map<Limit, number>();
  /** The limit, and the resource, whose uses are counted. */
  private watched?: Limit;
  private watchedResource?: Resource;
  private readonly resourcePrices = new Map<Resource, number>();
  private traces = false;

  constructor(
    private readonly module: WasmModule,
    readonly charges: Charges,
    private readonly places: Places,
  ) {}

  /** Sets the price of one use of what is limited, and whose uses are counted. */
  setPrice(limit: Limit, price: number): void {
    const { watched } = this;
    const isStale = (limits: ReadonlySet<Limit>): boolean => limits.has(limit) || (watched !== undefined && watched !== limit && limits.has(watched));
    if (this.prices.get(limit) !== price || watched !== limit) for (const context of this.known.keys()) if (isStale(this.limits(context))) this.known.delete(context);
    this.prices.set(limit, price);
    this.watched = limit;
  }

  /** Limits that matter in a context and in all that it calls. */
  limits(context: Context): ReadonlySet<Limit> {
    let limits = this.limitsOf.get(context);
    if (limits) return limits;
    // From the inside out, which is the order in which their prices are found best.
    const found = new Set<Limit>();
    const { loopTotals, most, sums } = this.places.of(context.code);
    for (const { contexts } of context.calls.values()) for (const callee of contexts.values()) for (const limit of this.limits(callee)) found.add(limit);
    for (const { at, contexts } of context.calls.values()) if (sums.has(at) && contexts.size > 1) found.add(sums.get(at)!);
    for (const limit of most.values()) found.add(limit);
    for (const at of [...context.turns.keys()].reverse()) if (loopTotals.has(at)) found.add(loopTotals.get(at)!);
    this.limitsOf.set(context, limits = found);
    return limits;
  }

  /** The dearest way through a function at the present prices, with all that it passes. */
  trace(context: Context): Path | undefined {
    this.known.clear();
    this.traces = true;
    const path = this.of(context);
    this.known.clear();
    this.traces = false;
    return path;
  }

  /** A way with a step more. */
  step(before: Path, cycles: number, uses: number, used: number, item: Item): Path {
    return this.traces ? { cycles, uses, used, before, item } : { cycles, uses, used, before: undefined, item: undefined };
  }

  /** Length of the dearest way through a function, and its uses; undefined when it does not return. */
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

  /** The dearest way that uses no more than there is of anything. */
  private withResources(context: Context): Path | undefined {
    const walk = (): Path | undefined => new Walk(this, context).run();
    const there = new Map<Resource, number>();
    for (const [, { resource }] of this.places.of(context.code).uses) {
      const value = this.places.valueOf(context.code, resource.of, context.args);
      if (value !== undefined) there.set(resource, value);
    }
    for (const resource of there.keys()) this.resourcePrices.set(resource, 0);
    const fixed = (): number => [...there].reduce((sum, [resource, value]) => sum + this.resourcePrices.get(resource)! * value, 0);
    let path = walk();
    for (let round = 0; path && there.size > 0 && round < (there.size === 1 ? 1 : ROUNDS); round++) {
      for (const [resource, value] of there) {
        const outer = this.watchedResource;
        leastPrice((price) => {
          this.resourcePrices.set(resource, price);
          this.watchedResource = resource;
          path = walk()!;
          return { total: path.cycles + fixed(), slope: value - path.used };
        }, this.resourcePrices.get(resource)!);
        this.watchedResource = outer;
      }
    }
    const paid = fixed();
    for (const resource of there.keys()) this.resourcePrices.delete(resource);
    return path && there.size > 0 ? { ...path, cycles: path.cycles + paid, used: 0 } : path;
  }

  /** A way that uses something up. */
  useUp(path: Path, use: { resource: Resource; weight: number } | undefined): Path {
    const price = use && this.resourcePrices.get(use.resource);
    if (!use || price === undefined) return path;
    const used = path.used + (use.resource === this.watchedResource ? use.weight : 0);
    return this.step(path, path.cycles - price * use.weight, path.uses, used, { kind: 'use', limit: use.resource, times: use.weight });
  }

  /** A way that does something limited once more, or several times. */
  use(path: Path, limit: Limit | undefined, times: number): Path {
    const price = limit && this.prices.get(limit);
    if (!limit || (price === undefined && this.watched !== limit)) return path;
    const uses = path.uses + (limit === this.watched ? times : 0);
    return this.step(path, path.cycles - (price ?? 0) * times, uses, path.used, { kind: 'use', limit, times });
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
    return cycles ? this.owner.step(path, path.cycles + cycles, path.uses, path.used, { kind: 'block', at, cycles }) : path;
  }

  private sequence(nodes: readonly CodeNode[], start: Path): Path | undefined {
    let path: Path | undefined = start;
    for (const node of this.owner.charges.stepsOf(this.context.code, nodes)) {
      if (!path) return undefined;
      const here: Path = this.charge(path, node.at);
      path = node.kind === 'op' ? this.op(node, here) : node.kind === 'loop' ? this.loop(node, here) : this.block(node, here);
    }
    return path;
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
    const use = this.said.uses.get(node.at);
    // A do … while runs its body before it can go back.
    let before = this.said.loops.get(node.at)?.isDo ? this.owner.useUp(entry, use) : entry;
    const most = this.context.turns.get(node.at) ?? 0;
    if (head.arrived && most > 0) {
      const back = this.owner.useUp(this.owner.use(head.arrived, this.said.loopTotals.get(node.at), 1), use);
      // With prices, a turn may be worth less than nothing; no turn has to be taken.
      if (back.cycles > 0) {
        // What waits looks once more when the time is over.
        const turns = Math.min(most, Math.floor(this.longestWait / back.cycles) + 1);
        before = this.owner.step(before, before.cycles + turns * back.cycles, before.uses + turns * back.uses, before.used + turns * back.used, { kind: 'turns', times: turns, path: back });
      }
    }
    const last = before;
    const after = (path: Path): Path => this.owner.step(last, last.cycles + path.cycles, last.uses + path.uses, last.used + path.used, { kind: 'inner', path });
    own.forEach(({ arrived }, i) => { if (arrived) arrive(outer[i], after(arrived)); });
    return end && after(end);
  }

  private branch(depth: number, path: Path): void {
    arrive(this.labels[this.labels.length - 1 - depth], path);
  }

  private op(op: Op, from: Path): Path | undefined {
    const path = this.owner.useUp(this.owner.use(from, this.said.most.get(op.at), 1), this.said.uses.get(op.at));
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
        for (const [i, depth] of op.depths!.entries()) if (targets?.has(i)) this.branch(depth, path);
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
    let best: Path | undefined;
    for (const [n, context] of call.contexts) {
      const wait = this.said.waits.get(op.at);
      const inside = wait === undefined ? this.owner.of(context) : this.owner.waiting(context, wait);
      if (!inside) continue;
      const paid = this.owner.use(path, limit, n);
      const cycles = paid.cycles + inside.cycles;
      if (!best || cycles > best.cycles) best = this.owner.step(paid, cycles, paid.uses + inside.uses, paid.used, { kind: 'call', at: op.at, context, path: inside });
    }
    return best;
  }
}
