// SPDX-License-Identifier: MIT
// How often a loop can go back to its head, from what holds each time it does: a condition between two values that come nearer to each other in each
// turn, or a value that loses bits in each.

import { stepFrom } from './interpret.js';
import { ANY32, anyOf, intersect, isZero, limitsOf, type Bits, type Condition, type Range, type State, type Value } from './values.js';

/** One side of a condition: what it was at the first turn, and by how much it moves from turn to turn. */
interface Side {
  readonly value: Value;
  readonly step: Range;
  /** The symbol that it is told from, at the head of the loop, if it moves. */
  readonly head?: number;
  /** Whether it moves by its step alone, and not about within its range from turn to turn. */
  readonly isSteady: boolean;
}

/**
 * Most times that a loop goes back to its head each time it is entered.
 * @param before what holds before the loop
 * @param heads symbols that stand for the locals at the head, by local
 * @param back what holds wherever the loop goes back
 * @returns Infinity when nothing here limits it
 */
export function turnsOf(before: State, heads: ReadonlyMap<number, number>, back: State): number {
  const entry = goingBack(before, heads, back);
  if (!entry) return 0;
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
    const { op, bits } = fact;
    const [a, b] = [side(fact.a, bits), side(fact.b, bits)];
    return op === 'ne' ? Math.min(ofInequality(a, b, bits), ofLowBits(fact.a, fact.b), ofLowBits(fact.b, fact.a)) : op === 'eq' ? Infinity : Math.min(ofOrder(op, bits, a, b), ofCutCounter(fact));
  }

  function side(v: Value, bits: Bits): Side {
    let x = v;
    for (;;) {
      const moving = steps.get(x.symbol);
      if (moving) {
        const first = entry!.locals[moving.local];
        return { value: { symbol: first.symbol, low: first.low + x.low, high: first.high + x.high }, step: moving.step, head: x.symbol, isSteady: x.low === x.high };
      }
      if (x.symbol === 0) break;
      x = back.lower(x);
    }
    // It stays as it is, or is within its range in whatever turn.
    const older = isOlder(v, entry!);
    return { value: older ? v : numberOf(back, v, bits), step: [0, 0], isSteady: older && (v.low === v.high || entry!.locals.includes(v)) };
  }

  function ofOrder(op: 'lt_s' | 'le_s' | 'lt_u' | 'le_u', bits: Bits, a: Side, b: Side): number {
    const shrink = a.step[0] - b.step[1];
    if (!(shrink >= 1)) return Infinity;
    const least = op.startsWith('lt') ? 1 : 0;
    const unsigned = op.endsWith('_u');
    const { range: [narrowest, widest], related } = entry!.difference(a.value, b.value, bits);
    if (related && entry!.wraps(a.value, b.value, unsigned, bits)) {
      // An address at which memory is accessed in each turn traps before it wraps round. What it is compared with is taken not to lie below address 0.
      const moving = isStill(a) ? b : a;
      return (isStill(a) || isStill(b)) && isInMemory(moving) && narrowest >= ANY32[0] && widest <= ANY32[1] ? passes(widest, least, shrink) : Infinity;
    }
    let [ra, rb] = [entry!.range(a.value, bits), entry!.range(b.value, bits)];
    if (unsigned) [ra, rb] = [asUnsigned(ra, bits), asUnsigned(rb, bits)];
    const turns = passes(related ? widest : rb[1] - ra[0], least, shrink);
    // Neither side may wrap round before the condition has failed.
    const [lowest, highest] = limitsOf(bits, unsigned);
    const isWithin = ([low, high]: Range): boolean => low >= lowest && high <= highest;
    if (isStill(b)) return isWithin(rb) && rb[1] - least + a.step[1] <= highest ? turns : Infinity;
    if (isStill(a)) return isWithin(ra) && ra[0] + least + b.step[0] >= lowest ? turns : Infinity;
    return [[ra, a.step], [rb, b.step]].every(([range, step]) => isWithin([range[0] + turns * Math.min(step[0], 0), range[1] + turns * Math.max(step[1], 0)])) ? turns : Infinity;
  }

  function isInMemory({ head }: Side): boolean {
    const [low, high] = back.rangeOfSymbol(head!);
    return back.symbols.of(head!).base === 0 && low >= 0 && high <= ANY32[1];
  }

  /** Low bits that are not 0, of what goes up or down by 1: until they are. */
  function ofLowBits(v: Value, other: Value): number {
    const { lowBits } = back.symbols.of(v.symbol);
    const step = lowBits && v.low === 0 && v.high === 0 && isZero(other) ? steps.get(lowBits.of)?.step : undefined;
    return step && step[0] === step[1] && Math.abs(step[0]) === 1 ? lowBits!.mask : Infinity;
  }

  /** A counter of 8 or 16 bits, of which the rest of the word is cut off where it is compared: it does not wrap round where the limit is a step away from the end. */
  function ofCutCounter({ op, a, b }: Extract<Condition, { kind: 'compare' }>): number {
    const least = op.startsWith('lt') ? 1 : 0;
    const cut = (v: Value): { mask: number; step: Range } | undefined => {
      const { lowBits } = back.symbols.of(v.symbol);
      const step = lowBits && v.low === 0 && v.high === 0 ? steps.get(lowBits.of)?.step : undefined;
      return step && { mask: lowBits!.mask, step };
    };
    const limit = (v: Value): Range => (op.endsWith('_u') ? asUnsigned(back.range(v), 32) : back.range(v));
    const [up, down] = [cut(a), cut(b)];
    const [top, bottom] = [limit(b)[1] - least, limit(a)[0] + least];
    if (up && up.step[0] >= 1 && top + up.step[1] <= up.mask) return passes(top, 0, up.step[0]);
    if (down && down.step[1] <= -1 && bottom + down.step[0] >= 0) return passes(down.mask - bottom, 0, -down.step[1]);
    return Infinity;
  }

  function ofInequality(a: Side, b: Side, bits: Bits): number {
    if (!a.isSteady || !b.isSteady || a.step[0] !== a.step[1] || b.step[0] !== b.step[1]) return Infinity;
    const { range: [low, high], related } = entry!.difference(a.value, b.value, bits);
    const change = b.step[0] - a.step[0];
    if (change === 0 || (!related && !(low >= limitsOf(bits)[0] && high <= limitsOf(bits)[1]))) return Infinity;
    // The distance has to come down to exactly 0.
    const [near, far] = change < 0 ? [low, high] : [-high, -low];
    const by = Math.abs(change);
    if (near < 0 || (by > 1 && (near !== far || near % by !== 0))) return Infinity;
    return far / by;
  }
}

/** How many times a distance is at least `least`, when it shrinks each time. */
const passes = (widest: number, least: number, shrink: number): number => (widest < least ? 0 : Math.floor((widest - least) / shrink) + 1);

const isStill = ({ step }: Side): boolean => step[0] === 0 && step[1] === 0;

const asUnsigned = ([low, high]: Range, bits: Bits): Range => (low >= 0 ? [low, high] : bits === 64 ? [0, Infinity] : high < 0 ? [low + 2 ** 32, high + 2 ** 32] : [0, 2 ** 32 - 1]);

/** What holds before a loop that goes back at least once: of its first turn, what holds of each that goes back. Undefined when none does. */
function goingBack(before: State, heads: ReadonlyMap<number, number>, back: State): State | undefined {
  const entry = before.clone();
  for (const [local, symbol] of heads) {
    if (back.symbols.of(symbol).base === 0 && !entry.within(entry.locals[local], back.rangeOfSymbol(symbol))) return undefined;
  }
  for (const local of entry.locals) {
    for (let s = local.symbol; s !== 0; s = entry.symbols.of(s).base) if (!entry.narrow(s, back.rangeOfSymbol(s))) return undefined;
  }
  return entry;
}

/** Whether a value is made of symbols that were there before the loop. */
function isOlder(v: Value, entry: State): boolean {
  const known = new Set<number>([0]);
  for (const local of entry.locals) for (let s = local.symbol; s !== 0; s = entry.symbols.of(s).base) known.add(s);
  return known.has(v.symbol);
}

function numberOf(state: State, v: Value, bits: Bits): Value {
  const [low, high] = intersect(state.range(v, bits), anyOf(bits));
  return { symbol: 0, low, high };
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
    const [low, high] = entry.range(entry.locals[local], shrink.bits);
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
