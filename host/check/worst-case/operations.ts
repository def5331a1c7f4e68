// SPDX-License-Identifier: MIT
// Integer instructions on ranges.

import { allOnes, ANY, ANY32, anyOf, fits, HIGH, isTruth, LOW, not, number, type Bits, type Comparison, type Condition, type Range, type State, type Value } from './values.js';

const truthValue = (condition?: Condition): Value => ({ symbol: 0, low: 0, high: 1, condition });

/** Reads `gt` and `ge` from the other side. */
const COMPARISONS: Readonly<Record<string, readonly [Comparison, swapped: boolean]>> = {
  eq: ['eq', false], ne: ['ne', false], lt_s: ['lt_s', false], lt_u: ['lt_u', false], le_s: ['le_s', false], le_u: ['le_u', false],
  gt_s: ['lt_s', true], gt_u: ['lt_u', true], ge_s: ['le_s', true], ge_u: ['le_u', true],
};

/** A result that is any number, or within a range. */
const within32 = (state: State, range: Range): Value => state.unknown(fits(range, 32) ? range : ANY32);

/** A value as what it says of its not being 0, where it says something. */
const saying = (v: Value): Condition | undefined => v.condition;

export function unary(state: State, name: string, a: Value): Value {
  switch (name) {
    case 'i32.eqz': return truthValue(saying(a) ? not(saying(a)!) : { kind: 'compare', op: 'eq', bits: 32, a, b: number(0) });
    case 'i64.eqz': return truthValue({ kind: 'compare', op: 'eq', bits: 64, a, b: number(0) });
    case 'i32.clz': case 'i32.ctz': case 'i32.popcnt': return state.unknown([0, 32]);
    case 'i64.clz': case 'i64.ctz': case 'i64.popcnt': return state.unknown([0, 64]);
    case 'i32.wrap_i64': { const range = state.range(a, 64); return within32(state, range); }
    case 'i64.extend_i32_s': return state.unknown(state.range(a));
    case 'i64.extend_i32_u': { const range = state.range(a); return state.unknown(range[0] >= 0 ? range : [0, 2 ** 32 - 1]); }
    case 'i32.extend8_s': return small(state, a, 8);
    case 'i32.extend16_s': return small(state, a, 16);
  }
  return state.unknown(name.startsWith('i32.') ? ANY32 : ANY);
}

function small(state: State, a: Value, bits: number): Value {
  const [low, high] = state.range(a);
  const half = 2 ** (bits - 1);
  return low >= -half && high < half ? a : state.unknown([-half, half - 1]);
}

export function binary(state: State, name: string, a: Value, b: Value): Value {
  const { type, op } = partsOf(name);
  if (/^(?:eq|ne|[lg][te](?:_[su])?)$/.test(op)) {
    if (type !== 'i32' && type !== 'i64') return truthValue();
    const [comparison, swapped] = COMPARISONS[op];
    return truthValue({ kind: 'compare', op: comparison, bits: type === 'i32' ? 32 : 64, a: swapped ? b : a, b: swapped ? a : b });
  }
  if (type === 'i32') return integer(state, op, a, b, 32);
  if (type === 'i64') return integer(state, op, a, b, 64);
  return state.unknown();
}

const parts = new Map<string, { type: string; op: string }>();

function partsOf(name: string): { type: string; op: string } {
  let known = parts.get(name);
  if (!known) {
    const [type, op = ''] = name.split('.');
    parts.set(name, known = { type, op });
  }
  return known;
}

function integer(state: State, op: string, a: Value, b: Value, bits: Bits): Value {
  const any = anyOf(bits);
  const made = (range: Range): Value => state.unknown(fits(range, bits) ? range : any);
  const ra = state.range(a, bits);
  const rb = state.range(b, bits);
  const constant = rb[0] === rb[1] ? rb[0] : undefined;
  if (bits === 32 && constant !== undefined && ra[0] === ra[1] && (op === 'and' || op === 'or' || op === 'xor')) {
    return number(op === 'and' ? ra[0] & constant : op === 'or' ? ra[0] | constant : ra[0] ^ constant);
  }
  switch (op) {
    case 'add': return sum(state, a, b, ra, rb, bits);
    case 'sub': {
      if (b.symbol === 0) return offset(state, a, -b.high, -b.low, bits);
      const { range, related } = state.difference(b, a, bits);
      if (related && range[0] >= LOW && range[1] <= HIGH) return state.unknown(range);
      if (a.symbol !== 0 && width(rb) < width(ra)) return offset(state, a, -rb[1], -rb[0], bits);
      return made([ra[0] - rb[1], ra[1] - rb[0]]);
    }
    case 'mul': {
      const products = [ra[0] * rb[0], ra[0] * rb[1], ra[1] * rb[0], ra[1] * rb[1]];
      return products.some(Number.isNaN) ? state.unknown(any) : made([Math.min(...products), Math.max(...products)]);
    }
    case 'shl': return constant === undefined ? state.unknown(any) : made([ra[0] * 2 ** (constant & (bits - 1)), ra[1] * 2 ** (constant & (bits - 1))]);
    case 'and': return and(state, a, b, ra, rb, bits);
    case 'or': {
      if (constant !== undefined && constant >= 0 && a.symbol !== 0) return offset(state, a, 0, constant, bits);
      if (saying(a) && saying(b) && isTruth(ra) && isTruth(rb)) return truthValue({ kind: 'either', parts: [saying(a)!, saying(b)!] });
      if (isTruth(ra) && isTruth(rb) && (saying(a) || saying(b))) return truthValue({ kind: 'implies', holds: false, parts: [not((saying(a) ?? saying(b))!)] });
      return ra[0] >= 0 && rb[0] >= 0 ? made([Math.max(ra[0], rb[0]), allOnes(Math.max(ra[1], rb[1]))]) : state.unknown(any);
    }
    case 'xor':
      if (constant === 1 && saying(a) && isTruth(ra)) return truthValue(not(saying(a)!));
      return ra[0] >= 0 && rb[0] >= 0 ? made([0, allOnes(Math.max(ra[1], rb[1]))]) : state.unknown(any);
    case 'shr_u': {
      if (constant === undefined) return ra[0] >= 0 ? made([0, ra[1]]) : state.unknown(any);
      const by = constant & (bits - 1);
      if (by === 0) return a;
      const range: Range = ra[0] >= 0 ? [Math.floor(ra[0] / 2 ** by), Math.floor(ra[1] / 2 ** by)] : [0, 2 ** (bits - by) - 1];
      return shrunk(state, a, range, 'shift', by, bits);
    }
    case 'shr_s': {
      if (constant === undefined) return ra[0] >= 0 ? made([0, ra[1]]) : state.unknown(any);
      const by = constant & (bits - 1);
      const range: Range = [Math.floor(ra[0] / 2 ** by), Math.floor(ra[1] / 2 ** by)];
      return by > 0 && ra[0] >= 0 ? shrunk(state, a, range, 'shift', by, bits) : made(range);
    }
    case 'div_u': case 'div_s': {
      if (constant === undefined || constant < 1) return ra[0] >= 0 && rb[0] >= 0 ? made([0, ra[1]]) : state.unknown(any);
      if (op === 'div_s' && ra[0] < 0) return made([Math.trunc(ra[0] / constant), Math.trunc(ra[1] / constant)]);
      const range: Range = ra[0] >= 0 ? [Math.floor(ra[0] / constant), Math.floor(ra[1] / constant)] : [0, Math.floor((2 ** bits - 1) / constant)];
      return constant >= 2 ? shrunk(state, a, range, 'divide', constant, bits) : made(range);
    }
    case 'rem_u': return rb[0] >= 1 ? made([0, Math.min(ra[0] >= 0 ? ra[1] : Infinity, rb[1] - 1)]) : state.unknown(any);
    case 'rem_s': return rb[0] >= 1 ? made([ra[0] >= 0 ? 0 : 1 - rb[1], Math.min(ra[0] >= 0 ? ra[1] : Infinity, rb[1] - 1)]) : state.unknown(any);
  }
  return state.unknown(any);
}

const width = ([low, high]: Range): number => high - low;

/** A value moved by an offset within a range. */
function offset(state: State, v: Value, low: number, high: number, bits: Bits): Value {
  if (v.symbol === 0) {
    const range: Range = [v.low + low, v.high + high];
    return fits(range, bits) ? state.unknown(range) : state.unknown(anyOf(bits));
  }
  const moved = { symbol: v.symbol, low: v.low + low, high: v.high + high };
  return Math.abs(moved.low) < HIGH && Math.abs(moved.high) < HIGH ? moved : state.unknown(anyOf(bits));
}

function sum(state: State, a: Value, b: Value, ra: Range, rb: Range, bits: Bits): Value {
  if (b.symbol === 0) return offset(state, a, b.low, b.high, bits);
  if (a.symbol === 0) return offset(state, b, a.low, a.high, bits);
  // What is known less of stays the symbol; the other one is the distance from it.
  return width(ra) >= width(rb) ? offset(state, a, rb[0], rb[1], bits) : offset(state, b, ra[0], ra[1], bits);
}

function and(state: State, a: Value, b: Value, ra: Range, rb: Range, bits: Bits): Value {
  if (saying(a) && saying(b) && isTruth(ra) && isTruth(rb)) return truthValue({ kind: 'both', parts: [saying(a)!, saying(b)!] });
  if (saying(a) && isTruth(ra) && b.symbol === 0 && b.low === 1 && b.high === 1) return a;
  if (isTruth(ra) && isTruth(rb) && (saying(a) || saying(b))) return truthValue({ kind: 'implies', holds: true, parts: [(saying(a) ?? saying(b))!] });
  // A counter of 8 or 16 bits is cut to its width each time, also where it has not passed it.
  if (b.symbol === 0 && b.low === b.high && isMask(b.low) && ra[0] >= 0 && ra[1] <= b.low) return a;
  if (b.symbol === 0 && b.low === b.high && isMask(b.low) && a.symbol !== 0 && a.low === a.high) {
    return { symbol: state.symbols.fresh([0, ra[0] >= 0 ? Math.min(ra[1], b.low) : b.low], 0, { lowBits: { of: a.symbol, mask: b.low } }), low: 0, high: 0 };
  }
  if (b.symbol === 0 && b.low === b.high && isMask(-b.low - 1) && ra[0] >= LOW && ra[1] <= HIGH) {
    // Without its low bits, a multiple.
    const [multipleOf, range] = [-b.low, [ra[0] & b.low, ra[1] & b.low] as const];
    return range[0] === range[1] ? number(range[0]) : { symbol: state.symbols.fresh(range, 0, { multipleOf }), low: 0, high: 0 };
  }
  for (const [x, less] of [[a, b], [b, a]] as const) {
    // x & (x - 1)
    if (x.symbol !== 0 && less.symbol === x.symbol && x.low === x.high && less.low === less.high && less.low === x.low - 1 && x.low === 0) {
      const range = state.range(x, bits);
      const high: Range = range[0] >= 0 ? [0, range[1]] : anyOf(bits);
      return shrunk(state, x, high, 'clear lowest bit', 1, bits);
    }
  }
  if (ra[0] >= 0 && rb[0] >= 0) return state.unknown([0, Math.min(ra[1], rb[1])]);
  if (rb[0] >= 0) return state.unknown([0, rb[1]]);
  if (ra[0] >= 0) return state.unknown([0, ra[1]]);
  return state.unknown(anyOf(bits));
}

/** Whether a number is ones alone. */
const isMask = (n: number): boolean => n > 0 && n < 2 ** 30 && (n & (n + 1)) === 0;

/** A value that comes of another one by what cannot be repeated for ever. */
function shrunk(state: State, from: Value, range: Range, kind: 'clear lowest bit' | 'shift' | 'divide', by: number, bits: Bits): Value {
  const fitting: Range = fits(range, bits) ? range : anyOf(bits);
  const of = from.low === 0 && from.high === 0 ? from.symbol : 0;
  return fitting[0] === fitting[1] && of === 0 ? number(fitting[0]) : { symbol: state.symbols.fresh(fitting, 0, of ? { shrink: { kind, of, by, bits } } : {}), low: 0, high: 0 };
}
