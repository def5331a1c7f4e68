// SPDX-License-Identifier: MIT
// How often a loop can go back to its head, from what holds each time it does: a condition between two values that come nearer to each other in each
// turn, or a value that loses bits in each.

import { stepFrom } from './interpret.js';
import { ANY32, HIGH, LOW, type Condition, type Range, type State, type Value } from './values.js';

/** One side of a condition: what it was at the first turn, and by how much it moves from turn to turn. */
interface Side {
  readonly value: Value;
  readonly step: Range;
}

/**
 * Most times that a loop goes back to its head each time it is entered.
 * @param entry what holds before the loop
 * @param heads symbols that stand for the locals at the head, by local
 * @param back what holds wherever the loop goes back
 * @returns Infinity when nothing here limits it
 */
export function turnsOf(entry: State, heads: ReadonlyMap<number, number>, back: State): number {
  const steps = new Map<number, { local: number; step: Range }>();
  for (const [local, symbol] of heads) {
    const step = stepFrom(back, back.locals[local], symbol);
    if (step) steps.set(symbol, { local, step });
  }
  let turns = Infinity;
  for (const fact of back.facts) if (!entry.facts.includes(fact)) turns = Math.min(turns, ofCondition(fact));
  return Math.min(turns, ofShrinking(entry, heads, back));

  function ofCondition(fact: Condition): number {
    // Of two conditions of which either will do, the one that fails first may hold again once a value has wrapped round.
    if (fact.kind === 'implies') return fact.holds ? Math.min(...fact.parts.map(ofCondition)) : Infinity;
    if (fact.kind !== 'compare') return fact.kind === 'both' ? Math.min(ofCondition(fact.parts[0]), ofCondition(fact.parts[1])) : Infinity;
    const [a, b] = [side(fact.a), side(fact.b)];
    if (!a || !b) return Infinity;
    return fact.op === 'ne' ? ofInequality(a, b) : fact.op === 'eq' ? Infinity : ofOrder(fact.op, a, b);
  }

  function side(v: Value): Side | undefined {
    let x = v;
    for (;;) {
      const moving = steps.get(x.symbol);
      if (moving) {
        const before = entry.locals[moving.local];
        return { value: { symbol: before.symbol, low: before.low + x.low, high: before.high + x.high }, step: moving.step };
      }
      if (x.symbol === 0) break;
      x = back.lower(x);
    }
    // It stays as it is, or is within its range in whatever turn.
    return { value: isOlder(v, entry) ? v : range32(back, v), step: [0, 0] };
  }

  function ofOrder(op: 'lt_s' | 'le_s' | 'lt_u' | 'le_u', a: Side, b: Side): number {
    const shrink = a.step[0] - b.step[1];
    if (!(shrink >= 1)) return Infinity;
    const least = op.startsWith('lt') ? 1 : 0;
    const unsigned = op.endsWith('_u');
    const { range: [, widest], related } = entry.difference(a.value, b.value);
    if (related) {
      if (entry.wraps(a.value, b.value, unsigned)) return Infinity;
      return passes(widest, least, shrink);
    }
    let [ra, rb] = [entry.range(a.value), entry.range(b.value)];
    const lowest = unsigned ? 0 : LOW;
    const highest = unsigned ? 2 ** 32 - 1 : HIGH;
    if (unsigned) [ra, rb] = [asUnsigned(ra), asUnsigned(rb)];
    // Neither side may wrap round before the condition has failed.
    if (Math.max(rb[1], rb[1] + b.step[1]) - least + Math.max(a.step[1], 0) > highest) return Infinity;
    if (Math.min(ra[0], ra[0] + a.step[0]) + least + Math.min(b.step[0], 0) < lowest) return Infinity;
    return passes(rb[1] - ra[0], least, shrink);
  }

  function ofInequality(a: Side, b: Side): number {
    if (a.step[0] !== a.step[1] || b.step[0] !== b.step[1]) return Infinity;
    const { range: [low, high], related } = entry.difference(a.value, b.value);
    const change = b.step[0] - a.step[0];
    if (change === 0 || (!related && !(low >= LOW && high <= HIGH))) return Infinity;
    // The distance has to come down to exactly 0.
    const [near, far] = change < 0 ? [low, high] : [-high, -low];
    const by = Math.abs(change);
    if (near < 0 || (by > 1 && (near !== far || near % by !== 0))) return Infinity;
    return far / by;
  }
}

/** How many times a distance is at least `least`, when it shrinks each time. */
const passes = (widest: number, least: number, shrink: number): number => (widest < least ? 0 : Math.floor((widest - least) / shrink) + 1);

const asUnsigned = ([low, high]: Range): Range => (low >= 0 ? [low, high] : high < 0 ? [low + 2 ** 32, high + 2 ** 32] : [0, 2 ** 32 - 1]);

/** Whether a value is made of symbols that were there before the loop. */
function isOlder(v: Value, entry: State): boolean {
  const known = new Set<number>([0]);
  for (const local of entry.locals) for (let s = local.symbol; s !== 0; s = entry.symbols.of(s).base) known.add(s);
  return known.has(v.symbol);
}

function range32(state: State, v: Value): Value {
  const [low, high] = state.range(v);
  return { symbol: 0, low: Math.max(low, ANY32[0]), high: Math.min(high, ANY32[1]) };
}

/** A value that is not 0 in each turn, and loses bits in each. */
function ofShrinking(entry: State, heads: ReadonlyMap<number, number>, back: State): number {
  let turns = Infinity;
  for (const [local, symbol] of heads) {
    const now = back.locals[local];
    const { shrink } = back.symbols.of(now.symbol);
    if (!shrink || shrink.of !== symbol || now.low !== 0 || now.high !== 0) continue;
    const isNotZero = back.facts.some((fact) => !entry.facts.includes(fact) && saysNotZero(fact, symbol, now.symbol, back));
    if (!isNotZero) continue;
    const [low, high] = shrink.bits === 32 ? entry.range(entry.locals[local]) : entry.range(entry.locals[local], 64);
    const most = low >= 0 ? high : 2 ** shrink.bits - 1;
    const bits = most === Infinity ? shrink.bits : Math.ceil(Math.log2(most + 1));
    const times = shrink.kind === 'clear lowest bit' ? bits : shrink.kind === 'shift' ? Math.ceil(bits / shrink.by) : Math.floor(Math.log(most) / Math.log(shrink.by) + 1e-9) + 1;
    turns = Math.min(turns, Math.max(times, 0));
  }
  return turns;
}

function saysNotZero(fact: Condition, head: number, now: number, state: State): boolean {
  if (fact.kind !== 'compare') return fact.kind === 'both' && fact.parts.some((part) => saysNotZero(part, head, now, state));
  const of = (v: Value): boolean => (v.symbol === head || v.symbol === now) && v.low === 0 && v.high === 0;
  const isAtLeast = (v: Value, n: number): boolean => v.symbol === 0 && v.low >= n;
  if (fact.op === 'ne') return (of(fact.a) && isZero(fact.b)) || (of(fact.b) && isZero(fact.a));
  return of(fact.b) && isAtLeast(fact.a, fact.op.startsWith('lt') ? 0 : 1);
}

const isZero = (v: Value): boolean => v.symbol === 0 && v.low === 0 && v.high === 0;
