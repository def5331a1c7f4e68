// SPDX-License-Identifier: MIT
// The dearest single way that keeps to all limits, found by keeping every way that another one does not beat in cycles and in all uses: what the bound
// would be if it were not reckoned with prices. There may be too many of them.

import type { CodeNode, Construct, Op } from '../../host/check/worst-case/code.js';
import type { Context } from '../../host/check/worst-case/interpret.js';
import type { Charges } from '../../host/check/worst-case/longest-path.js';
import type { Limit, Places, Resource } from '../../host/check/worst-case/places.js';

interface Way { readonly cycles: number; readonly uses: ReadonlyMap<Limit | Resource, number> }
type Labels = Way[][];

export class TooMany extends Error {}

const NONE: Way = { cycles: 0, uses: new Map() };

/** Most ways that are kept at one place. */
const MOST = 60;

export function dearestWay(places: Places, charges: Charges, root: Context): number | undefined {
  const known = new Map<Context, readonly Way[]>();
  const room = new Map<Resource, number>();

  const beats = (a: Way, b: Way): boolean => a.cycles >= b.cycles && [...a.uses].every(([what, n]) => n <= (b.uses.get(what) ?? 0));
  const best = (ways: readonly Way[]): Way[] => {
    const kept: Way[] = [];
    for (const way of [...ways].sort((a, b) => b.cycles - a.cycles)) {
      if (!kept.some((k) => beats(k, way))) kept.push(way);
      if (kept.length > MOST) throw new TooMany();
    }
    return kept;
  };
  const limitOf = (what: Limit | Resource): number => ('limit' in what ? what.limit : room.get(what) ?? Infinity);
  const plus = (a: Way, b: Way): Way | undefined => {
    const uses = new Map(a.uses);
    for (const [what, n] of b.uses) {
      const sum = n + (uses.get(what) ?? 0);
      if (sum > limitOf(what)) return undefined;
      uses.set(what, sum);
    }
    return { cycles: a.cycles + b.cycles, uses };
  };
  const all = (a: readonly Way[], b: readonly Way[]): Way[] => {
    if (a.length * b.length > 50 * MOST) throw new TooMany();
    return best(a.flatMap((x) => b.flatMap((y) => plus(x, y) ?? [])));
  };
  const use = (ways: readonly Way[], what: Limit | Resource | undefined, n: number): readonly Way[] => (what ? all(ways, [{ cycles: 0, uses: new Map([[what, n]]) }]) : ways);

  const of = (context: Context): readonly Way[] => {
    let ways = known.get(context);
    if (ways) return ways;
    const said = places.of(context.code);
    for (const { resource } of said.uses.values()) {
      const there = places.valueOf(context.code, resource.of, context.args);
      if (there !== undefined) room.set(resource, there);
    }
    const labels: Labels = [[]];
    labels[0].push(...cost(sequence(context, context.code.nodes, [NONE], labels), charges.blocksOf(context.code).get(context.code.endAt)));
    // What a call has used of its own is gone with it.
    ways = best(labels[0].map(({ cycles, uses }) => ({ cycles, uses: new Map([...uses].filter(([what]) => 'limit' in what)) })));
    for (const { resource } of said.uses.values()) room.delete(resource);
    known.set(context, ways);
    return ways;
  };

  const cost = (ways: readonly Way[], cycles = 0): readonly Way[] => ways.map((way) => ({ ...way, cycles: way.cycles + cycles }));

  const sequence = (context: Context, nodes: readonly CodeNode[], start: readonly Way[], labels: Labels): readonly Way[] => {
    const blocks = charges.blocksOf(context.code);
    let ways = start;
    for (const node of nodes) {
      if (ways.length === 0) return ways;
      ways = best(cost(ways, blocks.get(node.at)));
      ways = node.kind === 'op' ? instruction(context, node, ways, labels) : node.kind === 'loop' ? loop(context, node, ways, labels) : block(context, node, ways, labels);
    }
    return ways;
  };

  const block = (context: Context, node: Construct, ways: readonly Way[], labels: Labels): readonly Way[] => {
    const blocks = charges.blocksOf(context.code);
    const out: Way[] = [];
    const inside = [...labels, out];
    const outcomes = node.kind === 'if' ? context.outcomes.get(node.at) ?? 0 : 2;
    if (outcomes & 2) out.push(...cost(sequence(context, node.body, ways, inside), blocks.get(node.elseAt ?? node.endAt)));
    if (outcomes & 1) out.push(...cost(sequence(context, node.otherwise, ways, inside), node.elseAt === undefined ? 0 : blocks.get(node.endAt)));
    return best(out);
  };

  const loop = (context: Context, node: Construct, entry: readonly Way[], labels: Labels): readonly Way[] => {
    const said = places.of(context.code);
    const own = labels.map((): Way[] => []);
    const head: Way[] = [];
    const end = cost(sequence(context, node.body, [NONE], [...own, head]), charges.blocksOf(context.code).get(node.endAt));
    const used = said.uses.get(node.at);
    const useUp = (ways: readonly Way[]): readonly Way[] => use(ways, used?.resource, used?.weight ?? 0);
    let before = said.loops.get(node.at)?.isDo ? useUp(entry) : entry;
    const turn = useUp(use(best(head), said.loopTotals.get(node.at), 1));
    let turns = context.turns.get(node.at) ?? 0;
    // So many turns, or fewer: by halves.
    for (let doubled: readonly Way[] = [NONE, ...turn]; turns > 0; turns = Math.floor(turns / 2)) {
      if (turns % 2) before = all(before, doubled);
      if (turns > 1) doubled = all(doubled, doubled);
    }
    own.forEach((ways, i) => labels[i].push(...all(before, best(ways))));
    return all(before, best(end));
  };

  const instruction = (context: Context, op: Op, from: readonly Way[], labels: Labels): readonly Way[] => {
    const said = places.of(context.code);
    const used = said.uses.get(op.at);
    const ways = use(use(from, said.most.get(op.at), 1), used?.resource, used?.weight ?? 0);
    const branch = (depth: number): void => void labels[labels.length - 1 - depth].push(...ways);
    switch (op.name) {
      case 'unreachable': return [];
      case 'br': branch(op.index); return [];
      case 'return': labels[0].push(...ways); return [];
      case 'br_if': {
        const outcomes = context.outcomes.get(op.at) ?? 0;
        if (outcomes & 2) branch(op.index);
        return outcomes & 1 ? ways : [];
      }
      case 'br_table': {
        for (const [i, depth] of op.depths!.entries()) if (context.targets.get(op.at)?.has(i)) branch(depth);
        return [];
      }
      case 'call': {
        const call = context.calls.get(op.at);
        if (!call) return ways;
        const limit = call.contexts.size > 1 ? said.sums.get(op.at) : undefined;
        return best([...call.contexts].flatMap(([n, callee]) => all(use(ways, limit, n), of(callee))));
      }
      default: return ways;
    }
  };

  const ways = of(root);
  return ways.length > 0 ? ways[0].cycles : undefined;
}
