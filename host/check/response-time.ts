// SPDX-License-Identifier: MIT
// Worst response times under fixed priorities, where handlers of one priority do not pre-empt each other.
//
// The recurrence is that of M. Joseph and P. Pandya, "Finding Response Times in a Real-Time System", The Computer Journal 29(5), 1986, with release
// jitter and blocking as in N. Audsley, A. Burns, M. Richardson, K. Tindell and A. Wellings, "Applying New Scheduling Theory to Static Priority
// Pre-emptive Scheduling", Software Engineering Journal 8(5), 1993. Responses beyond the period follow J. Lehoczky, "Fixed Priority Scheduling of
// Periodic Task Sets with Arbitrary Deadlines", RTSS 1990: every job of the busy period is looked at. That equals do not pre-empt each other is
// treated as in R. Davis, A. Burns, R. Bril and J. Lukkien, "Controller Area Network (CAN) schedulability analysis: Refuted, revisited and revised",
// Real-Time Systems 35, 2007: there too the last job of a busy period may be the worst.

/** Arrivals: n + 1 of them take at least n periods less the jitter, and any number of them no less than 0. */
export interface Arrivals {
  readonly period: number;
  readonly jitter: number;
}

export interface Task {
  readonly name: string;
  /** Smaller is more urgent. */
  readonly priority: number;
  /** Among tasks of one priority that wait, the smallest goes first. */
  readonly order: number;
  /** Worst time of one run. */
  readonly worst: number;
  /** Longest time for which code that is less urgent keeps it out. */
  readonly blocking: number;
  readonly arrivals: readonly Arrivals[];
  /** Whether one run serves all that has arrived when it starts, as the one pending bit of an interrupt has it: then nothing but a run that has begun delays the next. */
  readonly merges?: boolean;
  /** Time at most by which a run of it makes what it pre-empts take longer, besides its own: caches that it leaves otherwise. */
  readonly refill?: number;
}

export interface Response {
  /** From its arrival to its end, at worst; Infinity when it, and what is as urgent or more, want all the time that there is or more. */
  readonly response: number;
  /** From its arrival until it starts. */
  readonly latency: number;
  /** Longest time for which something less urgent, or of the same priority and begun before, keeps it out. */
  readonly blocking: number;
}

/** Jobs that can arrive before `time` when the first comes at 0. */
const before = (arrivals: readonly Arrivals[], time: number): number => arrivals.reduce((n, { period, jitter }) => n + Math.ceil((time + jitter) / period), 0);
/** Jobs that can arrive up to and at `time`. */
const upTo = (arrivals: readonly Arrivals[], time: number): number => arrivals.reduce((n, { period, jitter }) => n + Math.floor((time + jitter) / period) + 1, 0);

/** Share of time that a task takes at most, in the long run. */
export const utilisationOf = ({ worst, arrivals }: Task): number => arrivals.reduce((sum, { period }) => sum + worst / period, 0);

/** Earliest times of the first `count` arrivals, the first of each kind at 0. */
function earliest(arrivals: readonly Arrivals[], count: number): number[] {
  const times = arrivals.flatMap(({ period, jitter }) => Array.from({ length: count }, (_, n) => Math.max(0, n * period - jitter)));
  return times.sort((a, b) => a - b).slice(0, count);
}

/** Smallest solution of x = f(x) from `start` on, where f grows with x. */
function fixedPoint(start: number, f: (x: number) => number): number {
  let x = start;
  for (let next = f(x); next !== x; next = f(x)) x = next;
  return x;
}

/**
 * Worst response of one task among all.
 * @param tasks all there are, this one among them; times in one unit, whole or not
 */
export function responseOf(task: Task, tasks: readonly Task[]): Response {
  const others = tasks.filter((t) => t !== task);
  const urgent = others.filter((t) => t.priority < task.priority).map((t) => ({ ...t, worst: t.worst + (t.refill ?? 0) }));
  const equal = others.filter((t) => t.priority === task.priority);
  const ahead = equal.filter((t) => t.order < task.order);
  const behind = equal.filter((t) => t.order >= task.order);
  const blocking = Math.max(task.blocking, 0, ...behind.map((t) => t.worst));
  const demand = (list: readonly Task[], count: (arrivals: readonly Arrivals[], time: number) => number, time: number): number =>
    list.reduce((sum, t) => sum + count(t.arrivals, time) * t.worst, 0);

  const load = [task, ...ahead, ...urgent].reduce((sum, t) => sum + utilisationOf(t), 0);
  const alone = [task, ...ahead, ...urgent].every((t) => t.arrivals.every(({ jitter }) => jitter === 0)) && blocking === 0;
  // At a load of 1 the busy period still ends when nothing was late to begin with.
  if (load > 1 + 1e-12 || (load > 1 - 1e-12 && !alone)) return { response: Infinity, latency: Infinity, blocking };

  /** Start and end of a job that comes after so many of its own, all from the start of the busy period on. */
  const jobOf = (kept: number, job: number): { start: number; end: number } => {
    const own = kept + job * task.worst;
    const start = fixedPoint(own, (t) => own + demand([...ahead, ...urgent], upTo, t));
    const least = own + task.worst + demand(ahead, upTo, start);
    return { start, end: fixedPoint(least + demand(urgent, upTo, start), (t) => least + demand(urgent, before, t)) };
  };
  const first = jobOf(blocking, 0);
  if (task.merges) {
    const [, second] = earliest(task.arrivals, 2);
    // The second comes when the first has just begun, and waits for it; nothing below keeps it out then, for the first one's way was free.
    const behindOwn = second < first.end ? jobOf(task.worst, 0) : first;
    return { response: Math.max(first.end, behindOwn.end), latency: Math.max(first.start, behindOwn.start), blocking: second < first.end ? Math.max(blocking, task.worst) : blocking };
  }
  const busy = fixedPoint(blocking + task.worst, (t) => blocking + demand([task, ...ahead, ...urgent], before, t));
  const jobs = Math.max(1, before(task.arrivals, busy));
  const arrivals = earliest(task.arrivals, jobs);
  let response = 0;
  let latency = 0;
  for (let job = 0; job < jobs; job++) {
    const { start, end } = jobOf(blocking, job);
    response = Math.max(response, end - arrivals[job]);
    latency = Math.max(latency, start - arrivals[job]);
  }
  return { response, latency, blocking };
}
