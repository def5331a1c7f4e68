// SPDX-License-Identifier: MIT
// Whether every handler meets its deadline: handlers as tasks, what the core and the shim add to each, and the verdicts.

import type { Board } from '../boards/index.js';
import type { Vector } from '../vectors.js';
import type { BlockCheck, CriticalSection, HandlerCheck, Source, Verdict } from './check-result.js';
import { refillCyclesOf } from './cache-refill.js';
import type { Rates } from './rates/rates.js';
import { responseOf, utilisationOf, type Response, type Task } from './response-time.js';
import type { WorstCase } from './worst-case/result.js';

/** What stacking the floating-point registers adds to an entry, and unstacking to a return: Cortex-M4 TRM (DDI 0439D), 3.9.1, 29 and 27 cycles instead of 12 and 10. */
const FLOATING_POINT_STATE = 17;
/** An instruction that has begun is finished first: a VLDM of 31 registers takes 32 cycles (DDI 0439D, table 7-1). */
const LONGEST_INSTRUCTION = 32;
/** Priorities of the core's own exceptions that have a fixed one (DDI 0403E, B1.5.4). */
const FIXED_PRIORITY: Readonly<Record<number, number>> = { [-14]: -2 };
/** Frames that the audio's DMA reads ahead, and one more: `WRITE_MARGIN` of assembly/drivers/stm32/audio-out.ts. A timer in its place reads nothing ahead. */
export const READ_AHEAD_FRAMES = 5;

export interface ScheduleFacts {
  readonly board: Board;
  readonly vectors: readonly Vector[];
  readonly rates: Rates;
  /** Worst case of a handler's own code by vector; missing when it has none. */
  readonly worst: ReadonlyMap<string, WorstCase>;
  /** What the shim's dispatcher adds. */
  readonly dispatch: number;
  readonly sections: readonly CriticalSection[];
  readonly sampleRate: number;
}

export interface Schedule {
  /** Most urgent first; without their worst paths and what they find of received characters, which take longer to make than all else here. */
  readonly handlers: readonly Omit<HandlerCheck, 'path' | 'characters'>[];
  readonly utilisation: number | null;
  readonly block: BlockCheck | null;
  readonly interruptLatencyCycles: number | null;
  /** Worst response of a block that takes so many cycles instead; Infinity when there is not enough time, NaN when it cannot be said. */
  blockResponse(worstCycles: number): number;
}

export const priorityOf = ({ irq, priority }: Vector): number => FIXED_PRIORITY[irq] ?? priority;

/** Cycles of entering and leaving a handler: the core's, floating-point state included, and the dispatcher's. */
export function overheadOf({ core }: Board, dispatch: number): number {
  return core.exceptionEntryCycles + core.exceptionExitCycles + (core.floatAbi === 'soft' ? 0 : 2 * FLOATING_POINT_STATE) + dispatch;
}

/** Worst cycles of a handler with its way in and out. */
export const worstCyclesOf = (board: Board, dispatch: number, { cycles }: WorstCase): number => Math.ceil(cycles) + overheadOf(board, dispatch);

/** The handler that renders: the one that the block's interrupt pends, or else that interrupt's own. */
export function renderVector({ rates, vectors }: Pick<ScheduleFacts, 'rates' | 'vectors'>): string | undefined {
  const { blockVector } = rates;
  if (blockVector === undefined) return undefined;
  const pended = vectors.filter(({ name }) => name !== blockVector && rates.sources.get(name)!.some(({ pendedBy }) => pendedBy.at(-1) === blockVector));
  return pended.sort((a, b) => b.priority - a.priority)[0]?.name ?? blockVector;
}

interface Deadline { readonly cycles: number | null; readonly reason: string }

/** By when a handler must be done: what its author says, its place in the audio, or before it is wanted again. */
function deadlineOf(vector: Vector, sources: readonly Source[], block: { readonly vector: string; readonly frames: number; readonly cycles: number } | undefined): Deadline {
  if (vector.deadline !== undefined) return { cycles: vector.deadline, reason: 'as stated in @isr' };
  if (block && vector.name === block.vector) return { cycles: block.cycles, reason: `the block must be in the ring ${block.frames} frames after the boundary` };
  const received = sources.find(({ kind, pendedBy }) => kind === 'received' && pendedBy.length === 0);
  if (received) return { cycles: received.periodCycles!, reason: 'the next character comes; one that is not read by then is lost' };
  const periods = sources.map(({ periodCycles }) => periodCycles).filter((p) => p !== null);
  return periods.length > 0 ? { cycles: Math.min(...periods), reason: 'it is wanted again' } : { cycles: null, reason: 'nothing says how often it runs' };
}

function verdictOf(worst: number | null, known: boolean, response: Response | undefined, deadline: number | null): Verdict {
  if (worst === null) return 'unbounded';
  if (!known || deadline === null) return 'unknown rate';
  if (!response || response.response === Infinity) return 'overload';
  return response.response <= deadline ? 'meets' : 'late';
}

export function scheduleOf(facts: ScheduleFacts): Schedule {
  const { board, vectors, rates, worst, dispatch, sections, sampleRate } = facts;
  const overhead = overheadOf(board, dispatch);
  const refill = refillCyclesOf(board);
  const frameCycles = (board.coreHertz * (board.audio.kind === 'timer' ? board.audio.slowdown : 1)) / sampleRate;
  const { blockFrames } = rates;
  const render = renderVector(facts);
  const frames = (blockFrames ?? 0) - (board.audio.kind === 'i2s' ? READ_AHEAD_FRAMES : 0);
  const blockDeadline = render === undefined ? undefined : { vector: render, frames, cycles: frames * frameCycles };

  const tasks = new Map<string, Task>();
  for (const vector of vectors) {
    const code = worst.get(vector.name);
    const sources = rates.sources.get(vector.name)!;
    const arrivals = sources.flatMap(({ periodCycles, jitterCycles }) => (periodCycles === null ? [] : [{ period: periodCycles, jitter: jitterCycles }]));
    const below = sections.filter(({ contexts }) => contexts.some((c) => c === 'main' || priorityOf(vectors.find((v) => v.name === c)!) > priorityOf(vector)));
    tasks.set(vector.name, {
      name: vector.name, priority: priorityOf(vector), order: vector.irq, worst: code ? worstCyclesOf(board, dispatch, code) : Infinity,
      blocking: Math.max(LONGEST_INSTRUCTION, ...below.map(({ cycles }) => cycles ?? Infinity)), arrivals, merges: true, refill,
    });
  }
  const all = [...tasks.values()];

  const handlers = vectors.map((vector): Schedule['handlers'][number] => {
    const task = tasks.get(vector.name)!;
    const sources = [...rates.sources.get(vector.name)!];
    const mine = all.filter((t) => t.priority <= task.priority);
    const worstCycles = task.worst === Infinity ? null : task.worst;
    const known = task.arrivals.length > 0 && mine.every((t) => t.arrivals.length > 0 && t.worst !== Infinity) && task.blocking !== Infinity;
    const response = known ? responseOf(task, all.filter((t) => t.worst !== Infinity && t.arrivals.length > 0)) : undefined;
    const finite = response && response.response !== Infinity ? response : undefined;
    const deadline = deadlineOf(vector, sources, blockDeadline);
    return {
      vector: vector.name, functionName: vector.functionName, file: vector.file, line: vector.line, priority: vector.priority, sources,
      worstCycles, overheadCycles: overhead, blockingCycles: finite ? finite.blocking : null,
      // What comes before the first instruction: the entry, and the dispatcher, whose way back is counted too.
      latencyCycles: finite ? finite.latency + board.core.exceptionEntryCycles + (board.core.floatAbi === 'soft' ? 0 : FLOATING_POINT_STATE) + dispatch : null,
      responseCycles: finite ? finite.response : null, deadlineCycles: deadline.cycles, deadlineReason: deadline.reason,
      slackCycles: finite && deadline.cycles !== null ? deadline.cycles - finite.response : null,
      utilisation: worstCycles === null || task.arrivals.length === 0 ? null : utilisationOf(task),
      verdict: verdictOf(worstCycles, known, response, deadline.cycles),
    };
  }).sort((a, b) => tasks.get(a.vector)!.priority - tasks.get(b.vector)!.priority || tasks.get(a.vector)!.order - tasks.get(b.vector)!.order);

  const shares = handlers.map(({ utilisation }) => utilisation);
  const rendering = handlers.find(({ vector }) => vector === render);
  const renderTask = render === undefined ? undefined : tasks.get(render);
  const blockResponse = (cycles: number): number => {
    if (!renderTask || renderTask.blocking === Infinity || all.some((t) => t !== renderTask && (t.worst === Infinity || t.arrivals.length === 0))) return NaN;
    const changed = { ...renderTask, worst: cycles };
    return responseOf(changed, all.map((t) => (t === renderTask ? changed : t))).response;
  };
  return {
    handlers, blockResponse,
    utilisation: shares.includes(null) ? null : shares.reduce((sum: number, share) => sum + share!, 0),
    interruptLatencyCycles: handlers[0]?.latencyCycles ?? null,
    block: rendering === undefined || blockFrames === undefined ? null : {
      vector: rendering.vector, frameCount: blockFrames, sampleRate, periodCycles: blockFrames * frameCycles, deadlineFrames: frames,
      deadlineCycles: frames * frameCycles, worstCycles: rendering.worstCycles, responseCycles: rendering.responseCycles,
      headroom: rendering.responseCycles === null || frames <= 0 ? null : 1 - rendering.responseCycles / (frames * frameCycles),
    },
  };
}
