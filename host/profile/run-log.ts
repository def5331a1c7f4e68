// SPDX-License-Identifier: MIT
// Keeps every change of what the core does during a run, and answers afterwards: distributions, who pre-empted whom, and any stretch as a timeline.

import type { MachineObserver } from '../machine/observer.js';
import { Growing, growingFloat64, growingUint8 } from './growing.js';
import type { Interval, PreEmption, WorstBlock } from './profile-result.js';
import { MAIN, SLEEP } from './context-names.js';

const EXIT = 0;
const SLEEP_FROM = 1;
const SLEEP_TO = 2;
const FIRST_VECTOR = 3;

/** All runs of one handler that came to their end. */
export interface HandlerTimes {
  /** Own cycles, elapsed cycles, cycles from pending to entry: one value a run each. */
  readonly own: Float64Array;
  readonly elapsed: Float64Array;
  readonly latency: Float64Array;
  /** When each became pending, and when it returned. */
  readonly pendedAt: Float64Array;
  readonly exitedAt: Float64Array;
}

/** A run of a handler that the end of the emulation cut. */
export interface UnfinishedRun {
  /** Its own cycles so far. */
  readonly own: number;
  readonly pendedAt: number;
}

export interface RunTimes {
  readonly handlers: ReadonlyMap<string, HandlerTimes>;
  readonly active: ReadonlyMap<string, UnfinishedRun>;
  readonly preemptions: readonly PreEmption[];
  /** Cycles of each context up to the end of the run, those of handlers that were still active included. */
  readonly cycles: ReadonlyMap<string, number>;
}

/** A change of context: what runs from `cycle` on, and above what. */
type Visit = (what: { readonly kind: number; readonly cycle: number; readonly pendedAt: number; readonly stack: readonly string[]; readonly before: string }) => void;

export class RunLog implements MachineObserver {
  private readonly names: string[] = [];
  private readonly codes = new Map<string, number>();
  private readonly kinds = growingUint8();
  private readonly cycles = growingFloat64();
  private readonly pended = growingFloat64();

  exceptionEnter(vector: string, cycle: number, pendedAt: number): void {
    let code = this.codes.get(vector);
    if (code === undefined) {
      code = FIRST_VECTOR + this.names.length;
      this.codes.set(vector, code);
      this.names.push(vector);
    }
    this.push(code, cycle, pendedAt);
  }
  exceptionExit(_vector: string, cycle: number): void {
    this.push(EXIT, cycle, 0);
  }
  sleep(fromCycle: number, toCycle: number): void {
    this.push(SLEEP_FROM, fromCycle, 0);
    this.push(SLEEP_TO, toCycle, 0);
  }
  blockBoundary(): void {}
  midiByte(): void {}

  private push(kind: number, cycle: number, pendedAt: number): void {
    this.kinds.push(kind);
    this.cycles.push(cycle);
    this.pended.push(pendedAt);
  }

  /** Goes through all changes in order. `stack`: active handlers after the change, outermost first. */
  private walk(visit: Visit): void {
    const [kinds, cycles, pended] = [this.kinds.values(), this.cycles.values(), this.pended.values()];
    const stack: string[] = [];
    let context: string = MAIN;
    for (let i = 0; i < kinds.length; i++) {
      const kind = kinds[i];
      const before = context;
      if (kind === EXIT) stack.pop();
      else if (kind >= FIRST_VECTOR) stack.push(this.names[kind - FIRST_VECTOR]);
      context = kind === SLEEP_FROM ? SLEEP : stack.at(-1) ?? MAIN;
      visit({ kind, cycle: cycles[i], pendedAt: pended[i], stack, before });
    }
  }

  /** @param end the run's last cycle */
  times(end: number): RunTimes {
    const handlers = new Map<string, Record<keyof HandlerTimes, Growing<Float64Array>>>();
    const counts = new Map<string, number>();
    const spent = new Map<string, number>();
    const active: { vector: string; enteredAt: number; pendedAt: number; own: number }[] = [];
    let since = 0;
    let sleptTo = -1;
    const spend = (context: string, cycle: number): void => {
      spent.set(context, (spent.get(context) ?? 0) + cycle - since);
      const top = active.at(-1);
      if (top && context === top.vector) top.own += cycle - since;
      since = cycle;
    };
    this.walk(({ kind, cycle, pendedAt, stack, before }) => {
      spend(before, cycle);
      if (kind === EXIT) {
        const { vector, enteredAt, pendedAt: pending, own } = active.pop()!;
        const of = handlers.get(vector) ?? { own: growingFloat64(), elapsed: growingFloat64(), latency: growingFloat64(), pendedAt: growingFloat64(), exitedAt: growingFloat64() };
        handlers.set(vector, of);
        of.own.push(own);
        of.elapsed.push(cycle - enteredAt);
        of.latency.push(enteredAt - pending);
        of.pendedAt.push(pending);
        of.exitedAt.push(cycle);
      } else if (kind === SLEEP_TO) sleptTo = cycle;
      else if (kind >= FIRST_VECTOR) {
        const vector = stack.at(-1)!;
        active.push({ vector, enteredAt: cycle, pendedAt, own: 0 });
        const key = `${vector} ${before === MAIN && sleptTo === cycle ? SLEEP : before}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    });
    spend(active.at(-1)?.vector ?? MAIN, Math.max(end, since));
    return {
      handlers: new Map([...handlers].map(([name, { own, elapsed, latency, pendedAt, exitedAt }]) => (
        [name, { own: own.values(), elapsed: elapsed.values(), latency: latency.values(), pendedAt: pendedAt.values(), exitedAt: exitedAt.values() }]))),
      active: new Map(active.map(({ vector, own, pendedAt }) => [vector, { own, pendedAt }])),
      preemptions: [...counts].map(([key, count]) => ({ by: key.split(' ')[0], of: key.split(' ')[1], count })).sort((a, b) => b.count - a.count),
      cycles: spent,
    };
  }

  /** What the core did from one cycle up to another, and which handlers were entered in between. Times in the result count from `from`. */
  stretch(from: number, to: number): Pick<WorstBlock, 'timeline' | 'entries'> {
    const timeline: Interval[] = [];
    const entries: WorstBlock['entries'] = [];
    const open: WorstBlock['entries'][number][] = [];
    let since = 0;
    let depth = 0;
    let sleptTo = -1;
    const add = (context: string, until: number): void => {
      const [start, end] = [Math.max(since, from), Math.min(until, to)];
      if (end > start) timeline.push({ context, depth, from: start - from, to: end - from });
      since = until;
    };
    let last: string = MAIN;
    this.walk(({ kind, cycle, pendedAt, stack, before }) => {
      add(before, cycle);
      if (kind === SLEEP_TO) sleptTo = cycle;
      if (kind === EXIT) {
        const entry = open.pop();
        if (entry && cycle <= to) entry.exitedAt = cycle - from;
      } else if (kind >= FIRST_VECTOR) {
        const entry = {
          vector: stack.at(-1)!, pendedAt: pendedAt - from, enteredAt: cycle - from, exitedAt: null,
          preempted: before === MAIN && sleptTo === cycle ? SLEEP : before,
        };
        open.push(entry);
        if (cycle >= from && cycle < to) entries.push(entry);
      }
      depth = kind === SLEEP_FROM ? 0 : stack.length;
      last = kind === SLEEP_FROM ? SLEEP : stack.at(-1) ?? MAIN;
    });
    add(last, Math.max(to, since));
    return { timeline, entries };
  }
}
