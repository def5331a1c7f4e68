// SPDX-License-Identifier: MIT
// How many received characters a handler may find that takes them until none is left.

import type { Vector } from '../vectors.js';
import type { CharactersCheck, HandlerCheck, Source } from './check-result.js';
import type { MidiLine, Rates } from './rates/rates.js';
import type { WaitInSetUp, Waits } from './rates/received-in-set-up.js';
import { priorityOf } from './schedule.js';
import type { ReceivedLoop } from './worst-case/result.js';

export interface CharacterFacts {
  readonly vectors: readonly Vector[];
  readonly rates: Rates;
  readonly handlers: readonly Pick<HandlerCheck, 'vector' | 'worstCycles' | 'responseCycles'>[];
  /** For how long characters gather until a handler runs, in the set-up; undefined when it does not come to run. */
  readonly inSetUp: (wait: WaitInSetUp) => Waits | undefined;
}

/** What is sure to have a handler run, and to take all characters then. */
interface Run {
  /** Time for which they may gather until it is wanted, in core cycles. */
  readonly since: number;
  /** Whether it is one of them that has it run. */
  readonly isOwn: boolean;
}

const CLOCKED: ReadonlySet<Source['kind']> = new Set(['ring', 'timer', 'systick']);
const OF_UART: ReadonlySet<Source['kind']> = new Set(['received', 'sent', 'idle', 'line']);

/** The run that comes soonest, of those that are sure to; undefined when none is. */
function surestRun(vector: Vector, { drains }: ReceivedLoop, line: MidiLine, { vectors, rates, handlers }: CharacterFacts): Run | undefined {
  if (drains === 'unsure') return undefined;
  const runs = rates.sources.get(vector.name)!.flatMap(({ kind, peripheral, always, pendedBy, periodCycles }): Run[] => {
    if (!always || periodCycles === null) return [];
    if (drains === 'with a block' && !(kind === 'ring' && (pendedBy.at(-1) ?? vector.name) === rates.blockVector)) return [];
    // Its response begins with the interrupt of what is more urgent and pends it, but with the pend itself of what it pre-empts.
    const late = pendedBy.filter((by) => priorityOf(vectors.find(({ name }) => name === by)!) >= priorityOf(vector));
    const since = late.reduce((sum, by) => sum + (handlers.find((h) => h.vector === by)!.responseCycles ?? Infinity), periodCycles);
    const isOwn = late.length === 0 && (kind === 'received' || kind === 'line') && peripheral === line.peripheral && line.interrupts;
    return isOwn ? [{ since: 0, isOwn }] : CLOCKED.has(kind) && since < Infinity ? [{ since, isOwn }] : [];
  });
  return runs.reduce<Run | undefined>((a, b) => (a && a.since <= b.since ? a : b), undefined);
}

/** Share of the core's time that what UARTs bring and take has at most: by so much it makes the set-up longer. */
const uartLoad = ({ rates, handlers }: CharacterFacts): number => handlers.reduce((sum, { vector, worstCycles }) => rates.sources.get(vector)!
  .reduce((share, { kind, periodCycles }) => share + (OF_UART.has(kind) ? (worstCycles ?? Infinity) / periodCycles! : 0), sum), 0);

/**
 * Characters that wait for a handler, and come while it takes them. Those that have it run are taken one by one, but for what comes until it has run; else they have come since it
 * last ran, or, before its first run, since the UART was on. Where no run is sure to take all of them, as many wait as the queue holds.
 */
export function charactersOf(vector: Vector, loop: ReceivedLoop, facts: CharacterFacts): CharactersCheck {
  const { most: taken, capacity = Infinity, drains, file, line: at } = loop;
  const { rates: { line, blockVector }, handlers } = facts;
  const responseOf = (name: string): number | null => handlers.find((h) => h.vector === name)?.responseCycles ?? null;
  const response = responseOf(vector.name);
  const result = (mayCome: number, because: CharactersCheck['because']): CharactersCheck =>
    (mayCome < Infinity ? { taken, mayCome, because, file, line: at } : { taken, mayCome: null, because: null, file, line: at });
  if (!line || response === null) return result(Infinity, null);
  const { characterCycles, lagCycles, interrupts } = line;
  // One that came before may be taken over from the UART later: by its handler within that one's response, and, as the only one that is kept, whenever somebody looks.
  const lag = lagCycles + Math.min((interrupts ? responseOf(line.vector) : null) ?? Infinity, characterCycles);
  const within = (cycles: number): number => Math.floor(cycles / characterCycles) + 1;
  const queue = capacity + within(response + lag);
  const run = surestRun(vector, loop, line, facts);
  if (!run) return result(queue, 'queue');
  const steady = within(run.since + response + (run.isOwn ? lagCycles : lag));
  if (steady >= queue) return result(queue, 'queue');
  const afterBlock = drains === 'with a block' ? blockVector : undefined;
  const waits = facts.inSetUp({ vector: vector.name, line, afterBlock, periodCycles: run.isOwn ? undefined : run.since });
  const left = 1 - uartLoad(facts);
  if (!waits || left <= 0) return result(queue, 'queue');
  const stretched = (cycles: number): number => run.since + (cycles - run.since) / (cycles > run.since ? left : 1);
  // Of those that came before they were taken over, the UART has kept one.
  const untilFirst = within(stretched(waits.first) + response + Math.min(waits.listening, characterCycles));
  const inSetUp = waits.between > run.since ? Math.max(untilFirst, within(stretched(waits.between) + response + lag)) : untilFirst;
  if (inSetUp >= queue) return result(queue, 'queue');
  return inSetUp > steady ? result(inSetUp, 'set-up') : result(steady, 'runs');
}
