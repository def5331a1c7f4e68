// SPDX-License-Identifier: MIT
// What got slower between two profiles of the same firmware on the same board, and where.

import { alignLines } from './align-lines.js';
import type { FunctionProfile, ProfileChange, ProfileDiff, ProfileResult } from './profile-result.js';
import type { RunResult } from './run-result.js';

/** What grew by less than this part of all code's cycles is no regression, whatever its percentage: a line that ran once and now runs twice is none. */
const LEAST_GROWTH = 0.001;
/** Seconds: runs end with the instruction that is under way. */
const LENGTHS_DIFFER = 1e-3;
/** Lines named for each function that got slower. */
const LINES_EACH = 5;

/** What of a profile tells whether another can be compared with it. */
export interface Comparable {
  readonly entry: string;
  readonly sha256: Pick<ProfileResult['sha256'], 'midi' | 'costs'>;
  readonly run: Pick<RunResult, 'board' | 'cpu' | 'engine' | 'overclock' | 'seed' | 'midiAlign'> & {
    readonly midi: Pick<RunResult['midi'], 'file'>;
    /** These are known for certain only after the run; before it, null. */
    readonly seconds: number | null;
    readonly blockFrames: number | null;
    readonly coreHertz: number | null;
  };
}

/** Why a profile cannot be compared with an old one, as a sentence; undefined when it can, as far as is known. */
export function incomparable(old: ProfileResult, now: Comparable): string | undefined {
  const differing: readonly (readonly [string, unknown, unknown])[] = [
    ['firmware', old.entry, now.entry], ['board', old.run.board, now.run.board], ['CPU', old.run.cpu, now.run.cpu], ['engine', old.run.engine, now.run.engine],
    ['overclock', old.run.overclock, now.run.overclock], ['seed', old.run.seed, now.run.seed], ['MIDI alignment', old.run.midiAlign, now.run.midiAlign],
    ['number of frames in a block', old.run.blockFrames, now.run.blockFrames], ['core clock', old.run.coreHertz, now.run.coreHertz],
  ];
  for (const [what, before, after] of differing) if (after !== null && before !== after) return `the ${what} was ${String(before)} there, and is ${String(after)} here`;
  if (old.sha256.midi !== now.sha256.midi) return `another MIDI file was played there (${old.run.midi.file ?? 'none'}; here ${now.run.midi.file ?? 'none'}): the work to do is not the same`;
  const { seconds } = now.run;
  if (seconds !== null && Math.abs(old.run.seconds - seconds) > LENGTHS_DIFFER) return `that run lasted ${old.run.seconds.toFixed(3)} s, this one ${seconds.toFixed(3)} s: give both the same --seconds`;
  if (old.sha256.costs !== now.sha256.costs) return 'the costs of instructions have changed since: every cycle count has';
  return undefined;
}

const percent = (before: number, after: number): number | null => (before === 0 ? null : (100 * (after - before)) / before);
const functionKey = ({ file, name }: FunctionProfile): string => `${file} ${name}`;

/** @param threshold percent that anything may be slower without being named */
export function compareProfiles(old: ProfileResult, now: ProfileResult, threshold: number): ProfileDiff {
  const floor = LEAST_GROWTH * old.codeCycles;
  const slower: ProfileChange[] = [];
  const faster: ProfileChange[] = [];
  const judge = (change: Omit<ProfileChange, 'percent' | 'lines'>, growth: number, lines: ProfileChange['lines'] = []): void => {
    const by = percent(change.before, change.after);
    if (Math.abs(growth) < floor || by === null) return;
    if (by > threshold) slower.push({ ...change, percent: by, lines });
    else if (by < -threshold) faster.push({ ...change, percent: by, lines: [] });
  };
  const frames = now.run.frames;
  for (const [name, what] of [['mean', 'mean'], ['p99', '99th percentile'], ['p999', '99.9th percentile'], ['max', 'worst block']] as const) {
    judge({ kind: 'block', name: `cycles per frame, ${what}`, unit: 'cycles per frame', file: null, line: null, before: old.load[name], after: now.load[name] }, name === 'mean' ? (now.load.mean - old.load.mean) * frames : Infinity);
  }
  for (const handler of now.handlers) {
    const before = old.handlers.find(({ name }) => name === handler.name);
    if (!before || before.count === 0 || handler.count === 0) continue;
    const at = { kind: 'handler' as const, unit: 'cycles', file: handler.file, line: handler.line };
    judge({ ...at, name: `${handler.name}, mean`, before: before.duration.mean, after: handler.duration.mean }, (handler.duration.mean - before.duration.mean) * handler.count);
    judge({ ...at, name: `${handler.name}, longest`, before: before.duration.max, after: handler.duration.max }, Infinity);
  }
  const oldFunctions = new Map(old.functions.map((f) => [functionKey(f), f]));
  const grown = linesThatGrew(old, now);
  for (const f of now.functions) {
    const before = oldFunctions.get(functionKey(f));
    if (!before) continue;
    const at = { kind: 'function' as const, name: f.name, file: f.file, line: f.line };
    const lines = grown.get(functionKey(f)) ?? [];
    const own = percent(before.selfCycles, f.selfCycles);
    judge({ ...at, unit: 'cycles of its own lines', before: before.selfCycles, after: f.selfCycles }, f.selfCycles - before.selfCycles, lines);
    // One that calls what got slower is named only when its own lines are not what it is about.
    if (own === null || own <= threshold) judge({ ...at, unit: 'cycles with all it calls', before: before.totalCycles, after: f.totalCycles }, f.totalCycles - before.totalCycles);
  }
  const rank = (change: ProfileChange): number => ['block', 'handler', 'function'].indexOf(change.kind);
  const growth = (change: ProfileChange): number => Math.abs(change.after - change.before);
  const order = (a: ProfileChange, b: ProfileChange): number => rank(a) - rank(b) || a.lines.length === 0 && b.lines.length > 0 && 1 || b.lines.length === 0 && a.lines.length > 0 && -1 || growth(b) - growth(a);
  const added = now.functions.filter((f) => !oldFunctions.has(functionKey(f)) && f.selfCycles >= floor);
  return {
    threshold, slower: slower.sort(order), faster: faster.sort(order),
    added: added.map(({ name, file, line, selfCycles }) => ({ name, file, line, cycles: selfCycles })),
  };
}

/** By function, the lines of now whose cycles grew, most first: each against the line of then that it stands for. */
function linesThatGrew(old: ProfileResult, now: ProfileResult): Map<string, ProfileChange['lines']> {
  const cyclesThen = new Map(old.lines.map(({ file, line, cycles }) => [`${file}:${line}`, cycles]));
  const found = new Map<string, ProfileChange['lines']>();
  const alignments = new Map(Object.keys(now.sources).map((file) => [file, alignLines(old.sources[file] ?? [], now.sources[file])]));
  for (const { file, line, cycles, function: index } of now.lines) {
    const at = alignments.get(file)?.[line - 1];
    const before = at?.old === undefined ? 0 : cyclesThen.get(`${file}:${at.old + 1}`) ?? 0;
    if (cycles <= before) continue;
    const key = functionKey(now.functions[index]);
    const row = { file, line, before, after: cycles, changed: at?.same !== true, text: now.sources[file]?.[line - 1]?.trim() ?? '' };
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  for (const [key, lines] of found) found.set(key, lines.sort((a, b) => (b.after - b.before) - (a.after - a.before)).slice(0, LINES_EACH));
  return found;
}
