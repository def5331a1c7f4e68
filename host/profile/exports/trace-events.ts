// SPDX-License-Identifier: MIT
// The run for https://ui.perfetto.dev and chrome://tracing: the Trace Event Format's JSON, times in microseconds, with a track for each handler.

import type { ProfileResult } from '../profile-result.js';
import { cyclesPerFrameOfBlocks, type BlockRecord, type MidiRecord } from '../recorder.js';
import type { RunLog } from '../run-log.js';
import { secondsAt } from '../run-result.js';

interface TraceEvent {
  name: string;
  ph: 'X' | 'M' | 'C' | 'i';
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  s?: 't';
  args?: Record<string, unknown>;
}

export interface TraceFile {
  traceEvents: TraceEvent[];
  displayTimeUnit: 'ns';
  otherData: Record<string, string>;
}

/** Runs of handlers and blocks in a file: some hundred megabytes are what the viewers bear. A longer run is cut to what lies around its worst block. */
const MOST_EVENTS = 250_000;
/** What `otherData.shown` says of a file that has everything. */
export const WHOLE_RUN = 'the whole run';
const PID = 1;
const CORE = 1;
const MIDI = 2;
const FIRST_HANDLER = 10;

/** What of the run is in the file, in core cycles. */
function shown({ run: { cycles: end }, handlers, worst }: ProfileResult, blocks: BlockRecord): [from: number, to: number] {
  const events = handlers.reduce((sum, { count }) => sum + count, blocks.count);
  if (events <= MOST_EVENTS) return [0, end];
  const length = (end * MOST_EVENTS) / events;
  const from = Math.max(0, Math.min(end - length, (worst?.startCycle ?? end / 2) - length / 2));
  return [from, from + length];
}

export function traceFile(result: ProfileResult, log: RunLog, blocks: BlockRecord, midi: MidiRecord): TraceFile {
  const { run, handlers } = result;
  const { coreHertz, cycles: end } = run;
  const [from, to] = shown(result, blocks);
  const us = (cycle: number): number => secondsAt(run, cycle) * 1e6;
  const length = (cycles: number): number => (cycles * 1e6) / coreHertz;
  const { timeline, entries } = log.stretch(from, to);
  const byUrgency = [...handlers].filter(({ count, unfinishedCycles }) => count > 0 || unfinishedCycles !== null).sort((a, b) => (a.priority ?? -1) - (b.priority ?? -1));
  const tracks = new Map(byUrgency.map(({ name }, i) => [name, FIRST_HANDLER + i]));
  const traceEvents: TraceEvent[] = [{ name: 'process_name', ph: 'M', pid: PID, tid: 0, args: { name: `${run.firmware} on ${run.board}` } }];
  const track = (tid: number, name: string): void => {
    traceEvents.push({ name: 'thread_name', ph: 'M', pid: PID, tid, args: { name } }, { name: 'thread_sort_index', ph: 'M', pid: PID, tid, args: { sort_index: tid } });
  };
  track(CORE, 'core');
  track(MIDI, 'MIDI in');
  for (const { name, priority } of byUrgency) track(tracks.get(name)!, `${name}${priority === null ? '' : `, priority ${priority}`}`);
  for (const { context, from: start, to: stop } of timeline) {
    if (context !== 'sleep') traceEvents.push({ name: context, ph: 'X', pid: PID, tid: CORE, ts: us(from + start), dur: length(stop - start), args: { cycles: stop - start } });
  }
  for (const { vector, pendedAt, enteredAt, exitedAt, preempted } of entries) {
    // One that was still active has what is shown of it.
    const cycles = (exitedAt ?? Math.max(enteredAt, to - from)) - enteredAt;
    traceEvents.push({
      name: vector, ph: 'X', pid: PID, tid: tracks.get(vector)!, ts: us(from + enteredAt), dur: length(cycles),
      args: { cycles, ...(exitedAt === null && { 'goes on': true }), 'latency in cycles': enteredAt - pendedAt, 'pre-empted': preempted },
    });
  }
  midi.endCycles.forEach((cycle, i) => {
    if (cycle >= from && cycle < to) traceEvents.push({ name: midi.bytes[i].toString(16).toUpperCase().padStart(2, '0'), ph: 'i', s: 't', pid: PID, tid: MIDI, ts: us(cycle) });
  });
  const part = to - from < end ? `${secondsAt(run, from).toFixed(3)} to ${secondsAt(run, to).toFixed(3)} of ${run.seconds.toFixed(1)} s, around the worst block` : WHOLE_RUN;
  const values = cyclesPerFrameOfBlocks(blocks, run.cyclesPerFrame.budget);
  for (let i = 0; i < blocks.count; i++) {
    const start = blocks.boundaryCycles[i];
    if (start < from || start >= to) continue;
    traceEvents.push({ name: 'cycles per frame', ph: 'C', pid: PID, tid: 0, ts: us(start), args: { cycles: values[i] } });
    traceEvents.push({ name: 'voices', ph: 'C', pid: PID, tid: 0, ts: us(start), args: { voices: blocks.voices[i] } });
  }
  return { traceEvents, displayTimeUnit: 'ns', otherData: { board: run.board, cpu: run.cpu, engine: run.engine, costs: run.costs, shown: part } };
}
