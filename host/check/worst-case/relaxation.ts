// SPDX-License-Identifier: MIT
// The least bound that prices of limited things give, and the mix of ways that it stands for.
//
// Whatever the prices, the dearest way at these prices, and the limits times their prices on top, is no less than the dearest way within the limits
// (Lagrangian relaxation). The least such bound equals the dearest mix of ways that keeps to the limits on average: two linear programs, dual to each
// other. They are solved by column generation (Dantzig and Wolfe 1960): the mix of the ways known so far gives prices, the dearest way at
// these prices joins them, until it is no dearer than the mix.

/** A way at some prices. */
export interface Priced {
  /** Core cycles, less the prices of what it uses. */
  readonly cycles: number;
  /** How much it uses of each limited thing; what is missing at the end is 0. */
  readonly uses: readonly number[];
}

/** A part of a mix: all weights together are 1. */
export interface Share<W> {
  readonly weight: number;
  readonly way: W;
  /** At which it is the dearest way. */
  readonly prices: readonly number[];
}

export interface Relaxed<W> {
  /** No way within the limits takes more core cycles. */
  readonly bound: number;
  readonly mix: readonly Share<W>[];
}

/** Ways that are looked at, at most; a handful will do for most functions. */
const MOST_WAYS = 120;
/** Exchanges in the mix between two looks, at most; degenerate ones may go round in a circle. */
const MOST_PIVOTS = 200;
/** What is less than this, as a part of the bound, is no difference. */
const SAME = 1e-9;

/** A column of the mix's program: what it brings, and what it takes of each limit, and last, of the weight of 1. */
interface Column<W> {
  readonly brings: number;
  readonly takes: readonly number[];
  readonly share?: Omit<Share<W>, 'weight'>;
}

/**
 * @param limits most uses of each limited thing; where no way can keep to them, they count for nothing
 * @param dearest the dearest way at some prices; undefined when there is none
 */
export function relax<W extends Priced>(limits: readonly number[], dearest: (prices: readonly number[]) => W | undefined): Relaxed<W> | undefined {
  const count = limits.length;
  const unlimited = limits.map(() => 0);
  const free = dearest(unlimited);
  if (!free) return undefined;
  const unlimitedMix = { bound: free.cycles, mix: [{ weight: 1, way: free, prices: unlimited }] };
  if (limits.every((limit, i) => (free.uses[i] ?? 0) <= limit)) return unlimitedMix;

  // No use is worth more than all. What exceeds a limit even so pays that much: a mix that has to says that the limits contradict the code.
  const tooDear = free.cycles + 1;
  const columnOf = (way: W, prices: readonly number[]): Column<W> => {
    const takes = [...limits.map((_, i) => way.uses[i] ?? 0), 1];
    return { brings: way.cycles + prices.reduce((sum, price, i) => sum + price * takes[i], 0), takes, share: { way, prices } };
  };
  const dear = limits.map(() => tooDear);
  const frugal = columnOf(dearest(dear)!, dear);
  const single = (at: number, value: number): number[] => [...limits.map((_, i) => (i === at ? value : 0)), 0];
  const spare = limits.map((_, i): Column<W> => ({ brings: 0, takes: single(i, 1) }));
  const excess = limits.map((_, i): Column<W> => ({ brings: -tooDear, takes: single(i, -1) }));
  const columns = [...spare, ...excess, frugal, columnOf(free, unlimited)];
  const mix = new Mix<W>([...limits, 1], [...limits.map((limit, i) => (frugal.takes[i] <= limit ? spare[i] : excess[i])), frugal]);

  let bound = free.cycles;
  for (let looked = 2; looked < MOST_WAYS; looked++) {
    mix.improve(columns);
    const prices = mix.prices.slice(0, count).map((price) => Math.min(Math.max(price, 0), tooDear));
    const way = dearest(prices)!;
    const total = way.cycles + limits.reduce((sum, limit, i) => sum + limit * prices[i], 0);
    bound = Math.min(bound, total);
    if (bound - mix.value <= SAME * Math.abs(bound)) break;
    columns.push(columnOf(way, prices));
  }
  if (mix.parts.some(({ column, weight }) => excess.includes(column) && weight > 1e-6)) return unlimitedMix;
  return { bound, mix: mix.parts.flatMap(({ column: { share }, weight }) => (share && weight > 0 ? [{ ...share, weight }] : [])) };
}

/** The dearest mix of columns, by the revised simplex method with an explicit inverse: there are few rows. */
class Mix<W> {
  private readonly inverse: number[][];
  private weights: number[];

  /** @param basis columns that make a mix; each but the last takes of one row alone and of the last column's */
  constructor(private readonly there: readonly number[], private readonly basis: Column<W>[]) {
    const last = basis.length - 1;
    const { takes } = basis[last];
    this.inverse = basis.map((column, row) => basis.map((_, i) => (row === last ? Number(i === last) : i === row ? column.takes[row] : i === last ? -takes[row] * column.takes[row] : 0)));
    this.weights = this.times(there);
  }

  /** What one more of each row would bring. */
  get prices(): number[] {
    return this.there.map((_, i) => this.basis.reduce((sum, { brings }, row) => sum + brings * this.inverse[row][i], 0));
  }

  get value(): number {
    return this.basis.reduce((sum, { brings }, row) => sum + brings * this.weights[row], 0);
  }

  get parts(): { column: Column<W>; weight: number }[] {
    return this.basis.map((column, row) => ({ column, weight: this.weights[row] }));
  }

  private times(vector: readonly number[]): number[] {
    return this.inverse.map((row) => row.reduce((sum, factor, i) => sum + factor * vector[i], 0));
  }

  /** Takes in columns as long as one of them makes the mix dearer. */
  improve(columns: readonly Column<W>[]): void {
    for (let pivot = 0; pivot < MOST_PIVOTS; pivot++) {
      const { prices } = this;
      let most = SAME * Math.max(Math.abs(this.value), 1);
      let entering: Column<W> | undefined;
      for (const column of columns) {
        const gain = column.takes.reduce((left, taken, i) => left - taken * prices[i], column.brings);
        if (gain > most) {
          entering = column;
          // After many exchanges the first one that gains, which ends every circle (Bland 1977).
          if (pivot > MOST_PIVOTS / 2) break;
          most = gain;
        }
      }
      if (!entering) return;
      const change = this.times(entering.takes);
      let leaving = -1;
      let least = Infinity;
      for (const [row, by] of change.entries()) {
        if (by > 1e-9 && this.weights[row] / by < least) [leaving, least] = [row, this.weights[row] / by];
      }
      if (leaving < 0) return;
      this.exchange(leaving, entering, change);
    }
  }

  private exchange(leaving: number, entering: Column<W>, change: readonly number[]): void {
    const pivotRow = this.inverse[leaving].map((value) => value / change[leaving]);
    for (const [row, own] of this.inverse.entries()) {
      this.inverse[row] = row === leaving ? pivotRow : own.map((value, i) => value - change[row] * pivotRow[i]);
    }
    this.basis[leaving] = entering;
    this.weights = this.times(this.there).map((weight) => Math.max(weight, 0));
  }
}
