// SPDX-License-Identifier: MIT
// What is known of integers while code is read without being run: ranges, and distances from values that are not known themselves.

/** Lowest and highest, both included; of an integer as a signed number. */
export type Range = readonly [low: number, high: number];

const LOW = -(2 ** 31);
const HIGH = 2 ** 31 - 1;
export const ANY: Range = [-Infinity, Infinity];
export const ANY32: Range = [LOW, HIGH];
/** Width of an integer. */
export type Bits = 32 | 64;
/** Integers that a double holds exactly. Of i64s beyond, nothing is known. */
const EXACT = 2 ** 53;
const ANY_U32: Range = [0, 2 ** 32 - 1];
const EXACT_64: Range = [-EXACT, EXACT];
const EXACT_U64: Range = [0, EXACT];

/** Everything that an integer may be. */
export const anyOf = (bits: Bits): Range => (bits === 32 ? ANY32 : ANY);
/** Numbers that no sum has to wrap round for, as far as they can be reckoned with. */
export const limitsOf = (bits: Bits, unsigned = false): Range => (bits === 32 ? (unsigned ? ANY_U32 : ANY32) : unsigned ? EXACT_U64 : EXACT_64);

/** How a value came of another one, where that says how often it can be repeated. */
export interface Shrink {
  readonly kind: 'clear lowest bit' | 'shift' | 'divide';
  /** The symbol that it was. */
  readonly of: number;
  readonly by: number;
  readonly bits: Bits;
}

export type Comparison = 'eq' | 'ne' | 'lt_s' | 'le_s' | 'lt_u' | 'le_u';

/** A condition on two values; `not` of one is another one. */
export type Condition =
  | { readonly kind: 'compare'; readonly op: Comparison; readonly bits: Bits; readonly a: Value; readonly b: Value }
  | { readonly kind: 'both'; readonly parts: readonly [Condition, Condition] }
  | { readonly kind: 'either'; readonly parts: readonly [Condition, Condition] }
  /** Where it holds, so do its parts; where it does not, nothing follows. `holds` is false for its contrary. */
  | { readonly kind: 'implies'; readonly holds: boolean; readonly parts: readonly Condition[] };

type Compare = Extract<Condition, { kind: 'compare' }>;

/** A symbol plus an offset within a range, modulo the width; symbol 0 is the number 0. */
export interface Value {
  readonly symbol: number;
  readonly low: number;
  readonly high: number;
  /** Of a truth value: what it says. */
  readonly condition?: Condition;
}

/** A symbol is some number: within a range from 0 or from another symbol. */
interface SymbolData {
  readonly base: number;
  readonly range: Range;
  readonly shrink?: Shrink;
  /** The low bits, ones in the mask, of a symbol and a constant. */
  readonly lowBits?: { readonly of: number; readonly mask: number };
  /** Of a symbol with base 0, what it is a multiple of. */
  readonly multipleOf?: number;
}

/** All symbols of one analysis. */
export class Symbols {
  private readonly data: SymbolData[] = [{ base: 0, range: [0, 0] }];
  /** Symbols that memory is accessed at, or near: these are better told by their distances from each other than by how great they are. */
  readonly addresses = new Set<number>();

  fresh(range: Range = ANY, base = 0, origin: Pick<SymbolData, 'shrink' | 'lowBits' | 'multipleOf'> = {}): number {
    this.data.push({ base, range, ...origin });
    return this.data.length - 1;
  }
  of(symbol: number): SymbolData {
    return this.data[symbol];
  }
}

export const number = (low: number, high = low): Value => ({ symbol: 0, low, high });
export const intersect = (a: Range, b: Range): Range => [a[0] > b[0] ? a[0] : b[0], a[1] < b[1] ? a[1] : b[1]];
export const hull = (a: Range, b: Range): Range => [a[0] < b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]];
const fits = (range: Range, bits: Bits): boolean => (bits === 32 ? fits32(range[0], range[1]) : range[0] >= -EXACT && range[1] <= EXACT);
const fits32 = (low: number, high: number): boolean => low >= LOW && high <= HIGH;
/** All ones up to the highest bit that a number has. */
const allOnes = (n: number): number => {
  let next = 1;
  while (next <= n && next < Infinity) next *= 2;
  return next - 1;
};

/** The condition that holds where another one does not. */
export function not(condition: Condition): Condition {
  if (condition.kind === 'implies') return { ...condition, holds: !condition.holds };
  if (condition.kind !== 'compare') return { kind: condition.kind === 'both' ? 'either' : 'both', parts: [not(condition.parts[0]), not(condition.parts[1])] };
  const { op, a, b } = condition;
  const isEquality = op === 'eq' || op === 'ne';
  return { ...condition, op: CONTRARY[op], ...(isEquality ? {} : { a: b, b: a }) };
}

/** Of an order, with its sides exchanged. */
const CONTRARY: Readonly<Record<Comparison, Comparison>> = { eq: 'ne', ne: 'eq', lt_s: 'le_s', le_s: 'lt_s', lt_u: 'le_u', le_u: 'lt_u' };

/** What is known at one place of a function: the values of locals and operands, and what conditions have said of symbols. */
export class State {
  constructor(
    readonly symbols: Symbols,
    public locals: Value[],
    public stack: Value[],
    /** Ranges of symbols narrower than those that they were made with. */
    public narrowed: Map<number, Range>,
    /** Conditions that hold on every way from the head of the innermost loop to here. */
    public facts: readonly Condition[],
  ) {}

  clone(): State {
    // Symbols that nothing refers to any more are left behind.
    const kept = new Map<number, Range>();
    if (this.narrowed.size > 0) {
      const keep = (symbol: number): void => {
        for (let s = symbol; s !== 0; s = this.symbols.of(s).base) {
          const range = this.narrowed.get(s);
          if (range) kept.set(s, range);
        }
      };
      for (const v of this.locals) keep(v.symbol);
      for (const v of this.stack) {
        keep(v.symbol);
        if (v.condition) forEachValue(v.condition, (x) => keep(x.symbol));
      }
      for (const fact of this.facts) forEachValue(fact, (x) => keep(x.symbol));
    }
    return new State(this.symbols, [...this.locals], [...this.stack], kept, this.facts);
  }

  rangeOfSymbol(symbol: number): Range {
    return this.narrowed.get(symbol) ?? this.symbols.of(symbol).range;
  }

  /** The same value, seen from the symbol beneath its own. */
  lower(v: Value): Value {
    const range = this.rangeOfSymbol(v.symbol);
    return { symbol: this.symbols.of(v.symbol).base, low: v.low + range[0], high: v.high + range[1] };
  }

  /** A value as a number: a sum that leaves the range of its width may have wrapped round, and is then any. */
  range(v: Value, bits: Bits = 32): Range {
    let x = v;
    while (x.symbol !== 0) x = this.lower(x);
    const range: Range = [x.low, x.high];
    if (fits(range, bits)) return range;
    if (v.symbol === 0) return bits === 32 && x.low === x.high ? [x.low | 0, x.low | 0] : anyOf(bits);
    // No sum, but an integer of which nothing is known on one side.
    return this.isPlain(v) ? intersect(range, anyOf(bits)) : anyOf(bits);
  }

  /** A value as a number of whatever width: a sum that may have wrapped round is any. */
  whole(v: Value): Range {
    let x = v;
    while (x.symbol !== 0) x = this.lower(x);
    return fits32(x.low, x.high) || this.isPlain(v) ? [x.low, x.high] : ANY;
  }

  /** Whether a value, as the sum that it is, stays within the range of an i32. */
  isExact(v: Value): boolean {
    let x = v;
    while (x.symbol !== 0) x = this.lower(x);
    return fits32(x.low, x.high);
  }

  /** Whether a value is a symbol or a number itself, and no sum. */
  private isPlain({ symbol, low, high }: Value): boolean {
    return symbol === 0 || (low === 0 && high === 0 && this.symbols.of(symbol).base === 0);
  }

  /** b - a, where both are seen from one symbol; undefined when they are not. */
  difference(a: Value, b: Value, bits: Bits): { range: Range; related: boolean } {
    const chain: Value[] = [a];
    for (let x = a; x.symbol !== 0;) chain.push(x = this.lower(x));
    for (let y = b; ; y = this.lower(y)) {
      const x = chain.find((c) => c.symbol === y.symbol);
      if (x && x.symbol !== 0) return { range: [y.low - x.high, y.high - x.low], related: true };
      if (y.symbol === 0) break;
    }
    const [aLow, aHigh] = this.range(a, bits);
    const [bLow, bHigh] = this.range(b, bits);
    return { range: [bLow - aHigh, bHigh - aLow], related: false };
  }

  unknown(range: Range = ANY): Value {
    if (range[0] === range[1]) return number(range[0]);
    return { symbol: this.symbols.fresh(range), low: 0, high: 0 };
  }

  /** Narrows a symbol. @returns false when nothing is left: the place is not reached */
  narrow(symbol: number, to: Range): boolean {
    if (symbol === 0) return true;
    const { multipleOf = 1 } = this.symbols.of(symbol);
    const [low, high] = intersect(this.rangeOfSymbol(symbol), to);
    const range: Range = multipleOf === 1 ? [low, high] : [Math.ceil(low / multipleOf) * multipleOf, Math.floor(high / multipleOf) * multipleOf];
    if (range[0] > range[1]) return false;
    this.narrowed.set(symbol, range);
    return true;
  }

  /** Takes note that a condition holds. @returns false when it cannot */
  assume(condition: Condition): boolean {
    if (condition.kind === 'implies') return !condition.holds || condition.parts.every((part) => this.assume(part));
    if (condition.kind === 'both') return this.assume(condition.parts[0]) && this.assume(condition.parts[1]);
    if (condition.kind === 'either') {
      const [first, second] = condition.parts.map((part) => {
        const there = this.clone();
        return there.assume(part) ? there : undefined;
      });
      if (!first && !second) return false;
      const only = first && second ? undefined : first ?? second;
      if (only) { this.narrowed = only.narrowed; this.facts = only.facts; }
      return true;
    }
    this.facts = [...this.facts, condition];
    return condition.op === 'eq' || condition.op === 'ne' ? this.assumeEquality(condition) : this.assumeOrder(condition);
  }

  private assumeEquality({ op, a, b, bits }: Compare): boolean {
    const { range: [low, high] } = this.difference(a, b, bits);
    if (op === 'eq') {
      // Equal are also two sums that have wrapped round.
      if (Math.ceil(low / 2 ** bits) * 2 ** bits > high) return false;
      const [ra, rb] = [this.range(a, bits), this.range(b, bits)];
      return this.within(a, rb) && this.within(b, ra);
    }
    if (low === 0 && high === 0) return false;
    // An end of a range can be cut off.
    for (const [x, y] of [[a, b], [b, a]] as const) {
      const [yLow, yHigh] = this.range(y, bits);
      if (yLow !== yHigh || x.symbol === 0) continue;
      const [xLow, xHigh] = this.range(x, bits);
      if (xLow === yLow && !this.within(x, [xLow + 1, xHigh])) return false;
      if (xHigh === yLow && !this.within(x, [xLow, xHigh - 1])) return false;
    }
    return true;
  }

  /** Takes note that a value is within a range. @returns false when it cannot be */
  within(v: Value, [low, high]: Range): boolean {
    let x = v;
    while (x.symbol !== 0 && this.symbols.of(x.symbol).base !== 0) x = this.lower(x);
    if (x.symbol === 0) return !fits32(x.low, x.high) || (x.low <= high && x.high >= low);
    // Where the symbol is then within the range of an i32 too, nothing has wrapped round.
    const range: Range = [low - x.high, high - x.low];
    return x.low === 0 && x.high === 0 ? this.narrow(x.symbol, range) : !fits32(range[0], range[1]) || this.narrow(x.symbol, range);
  }

  private assumeOrder({ op, a, b, bits }: Compare): boolean {
    const least = op.startsWith('lt') ? 1 : 0;
    const unsigned = op.endsWith('_u');
    const { range: [, most], related } = this.difference(a, b, bits);
    if (related) return this.wraps(a, b, unsigned, bits) || (most >= least && this.boundFrom(a, b, least));
    const [ra, rb] = [this.range(a, bits), this.range(b, bits)];
    // Where the greater one of two unsigned numbers is not negative as a signed one, neither is the smaller one.
    if (unsigned && rb[0] < 0) return true;
    const low = unsigned ? Math.max(ra[0], 0) : ra[0];
    return low + least <= rb[1] && this.within(a, [low, Math.min(ra[1], rb[1] - least)]) && this.within(b, [Math.max(rb[0], low + least), rb[1]]);
  }

  /** Whether two values with a symbol in common may lie on different sides of the number at which their comparison wraps round. */
  wraps(a: Value, b: Value, unsigned: boolean, bits: Bits): boolean {
    const [lowest, highest] = [unsigned ? 0 : limitsOf(bits)[0], limitsOf(bits)[1]];
    return [a, b].some((v) => {
      let x = v;
      while (x.symbol !== 0) x = this.lower(x);
      return x.low < lowest || x.high > highest;
    });
  }

  /** a + least <= b for values with a symbol in common: narrows what either is from there. */
  private boundFrom(a: Value, b: Value, least: number): boolean {
    const from = (v: Value, base: number): Value | undefined => {
      let x = v;
      while (x.symbol !== base && x.symbol !== 0) x = this.lower(x);
      return x.symbol === base ? x : undefined;
    };
    if (a.symbol !== 0 && a.symbol !== b.symbol) {
      const other = from(b, this.symbols.of(a.symbol).base);
      if (other && !this.narrow(a.symbol, [-Infinity, other.high - least - a.low])) return false;
    }
    if (b.symbol !== 0 && a.symbol !== b.symbol) {
      const other = from(a, this.symbols.of(b.symbol).base);
      if (other && !this.narrow(b.symbol, [other.low + least - b.high, Infinity])) return false;
    }
    return true;
  }
}

export const isZero = (v: Value): boolean => v.symbol === 0 && v.low === 0 && v.high === 0;
export const isNeverZero = (v: Value): boolean => v.symbol === 0 && v.condition === undefined && (v.low > 0 || v.high < 0);
/** Whether a range is that of a truth value. */
export const isTruth = ([low, high]: Range): boolean => low >= 0 && high <= 1;

/** What a value used as a condition says. */
export function truth(v: Value): Condition {
  return v.condition ?? { kind: 'compare', op: 'ne', bits: 32, a: v, b: number(0) };
}

function forEachValue(condition: Condition, visit: (v: Value) => void): void {
  if (condition.kind === 'compare') { visit(condition.a); visit(condition.b); } else for (const part of condition.parts) forEachValue(part, visit);
}

/** What is known where two ways meet. */
export function join(a: State | undefined, b: State | undefined): State | undefined {
  if (!a || !b) return a ?? b;
  const merge = (x: Value, y: Value): Value => {
    if (x === y) return x;
    // Not 0, or 0, only where one of the ways was taken: then what holds there holds, and what the value itself says.
    const [told, there, elsewhere, holds] = isZero(y) ? [x, a, b, true] : isZero(x) ? [y, b, a, true] : isNeverZero(y) ? [x, a, b, false] : isNeverZero(x) ? [y, b, a, false] : [];
    if (told) {
      const own = truth(told);
      const parts = [...there!.facts.filter((fact) => !elsewhere!.facts.includes(fact)), holds ? own : not(own)];
      const condition: Condition = { kind: 'implies', holds: holds!, parts };
      const range = hull(a.whole(x), b.whole(y));
      return isTruth(range) ? { symbol: 0, low: range[0], high: range[1], condition } : { symbol: a.symbols.fresh(range), low: 0, high: 0, condition };
    }
    const condition = x.condition === y.condition ? x.condition : undefined;
    if (x.symbol === y.symbol) return { symbol: x.symbol, low: Math.min(x.low, y.low), high: Math.max(x.high, y.high), condition };
    // From one symbol: an own symbol keeps the distance from it.
    for (let p = x; p.symbol !== 0; p = a.lower(p)) {
      for (let q = y; q.symbol !== 0; q = b.lower(q)) {
        if (p.symbol === q.symbol) return { symbol: a.symbols.fresh([Math.min(p.low, q.low), Math.max(p.high, q.high)], p.symbol), low: 0, high: 0 };
      }
    }
    const range = hull(a.whole(x), b.whole(y));
    return range[0] === -Infinity && range[1] === Infinity ? a.unknown() : a.unknown(range);
  };
  const locals = a.locals.map((v, i) => merge(v, b.locals[i]));
  const stack = a.stack.map((v, i) => merge(v, b.stack[i]));
  const narrowed = new Map<number, Range>();
  for (const [symbol, range] of a.narrowed) if (b.narrowed.has(symbol)) narrowed.set(symbol, hull(range, b.narrowed.get(symbol)!));
  const facts = a.facts === b.facts ? a.facts : a.facts.filter((fact) => b.facts.includes(fact));
  return new State(a.symbols, locals, stack, narrowed, facts);
}

export { LOW, HIGH, EXACT, fits, allOnes };
