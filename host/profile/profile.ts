// SPDX-License-Identifier: MIT
// Runs a firmware and measures it: one run on CPU wasm with a counting meter, one of the image with counters in CPU arm, or one of the interpreter without lines.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundledCompiler } from '../build/compiler.js';
import { SourceMap } from '../build/source-map.js';
import { inlinedVoicesOf, type InlinedMethod } from '../cpu/voice-functions.js';
import type { CallContext } from '../cpu/wasm/contexts.js';
import { InstructionCosts } from '../cpu/wasm/costs.js';
import { WasmCpu } from '../cpu/wasm/cpu.js';
import { parseModule } from '../cpu/wasm/decode.js';
import type { ObjectCycles } from '../cpu/wasm/object-cycles.js';
import { EmulatedBoard } from '../emulator/emulated-board.js';
import type { FirmwareBoard } from '../emulator/firmware-board.js';
import { ImageBoard } from '../emulator/image-board.js';
import { sentAudioOf } from '../emulator/result.js';
import { runSession, type SessionOptions, type SessionResult } from '../emulator/session.js';
import { packageRoot } from '../paths.js';
import { Attribution, type Leaf, type Place } from './attribution.js';
import { codeProfile, type CodeProfile } from './code-profile.js';
import { MAIN, RESET, SLEEP } from './context-names.js';
import { ratio } from './format.js';
import { ImageAttribution } from './image-attribution.js';
import { memoryOf, paintStack, stacksOf } from './memory-profile.js';
import { latenciesOf, notesOf } from './midi-to-audio.js';
import type { Comparable } from './profile-diff.js';
import type { HandlerProfile, Histogram, LatencyProfile, LoadProfile, PlayedNote, ProfileResult, Spread, TimeShare, VoiceProfile, WorstBlock } from './profile-result.js';
import { queuesOf } from './queues.js';
import { voiceCyclesOf } from './voice-cycles.js';
import { renderTimesOf } from './render-times.js';
import { RenderWatch } from './render-watch.js';
import { cyclesPerFrameOfBlocks, type BlockRecord } from './recorder.js';
import { RunLog, type RunTimes } from './run-log.js';
import { type RunResult, secondsAt } from './run-result.js';
import { SourceFunctions } from './source-functions.js';
import { sourceStacks, type SourceStacks } from './source-stacks.js';
import { histogramOf, lineThrough, meanOf, percentile, spreadOf } from './statistics.js';
import { BasicBlockGrowth, WorstBlockWatch } from './worst-block-watch.js';

export interface ProfileOptions extends Omit<SessionOptions, 'onBoard' | 'report'> {
  /** Called before the first cycle with what is known of the profile by then; what it throws ends the session, and no file is left. */
  readonly onPlan?: (plan: Comparable) => void;
}

export interface Profiled {
  readonly result: ProfileResult;
  readonly session: SessionResult;
  /** Every block of the run, for those who want more than the result's series. */
  readonly blocks: BlockRecord;
  readonly log: RunLog;
}

const MAX_POINTS = 4096;
const LOAD_CLASSES = 100;
const LATENCY_CLASSES = 50;
const HANDLER_CLASSES = 32;

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** @throws what `runSession` does */
export async function profile(options: ProfileOptions): Promise<Profiled> {
  const log = new RunLog();
  let watch: WorstBlockWatch | undefined;
  let growth: BasicBlockGrowth | undefined;
  let rendering: RenderWatch | undefined;
  let functions: SourceFunctions | undefined;
  const { assemblyscript: compiler } = await bundledCompiler();
  const midi = options.midi === undefined ? null : sha256(await readFile(options.midi));
  const session = await runSession({
    ...options,
    counting: options.cpu !== 'wasm3',
    inlinedVoices: ({ sourceMap }, module) => inlinedVoicesOf(module, new SourceMap(sourceMap), (functions = new SourceFunctions(compiler, sourcesOf(sourceMap)))),
    onBoard: (board, seconds) => {
      options.onPlan?.(planOf(board, options, seconds, midi));
      board.machine.observers.add(log);
      board.machine.observers.add(rendering = renderWatchOf(board));
      const cpu = board instanceof ImageBoard ? board.cpu : wasmCpuOf(board);
      const counts = board instanceof ImageBoard ? board.counters : cpu instanceof WasmCpu && cpu.counts ? (growth = new BasicBlockGrowth(cpu.counts)) : undefined;
      if (cpu && counts) board.machine.observers.add(watch = new WorstBlockWatch({ counts, get asleepSince() { return cpu.asleepSince; } }));
      if (board instanceof ImageBoard) paintStack(board);
    },
  });
  const { emulated } = session;
  const blocks = emulated.recorder.blocks();
  const stacks = emulated instanceof ImageBoard ? await sourceStacks(emulated.built.files.elf, emulated.counters!.addresses()) : undefined;
  return { result: resultOfProfile({ session, compiler, functions, log, watch, growth, rendering: rendering!, stacks, blocks, midi, command: options.command }), session, blocks, log };
}

function planOf(board: FirmwareBoard, { midi: file }: ProfileOptions, seconds: number, midi: string | null): Comparable {
  const { seed = 0, overclock = 1, midiAlign = false } = board.options;
  return {
    entry: board.firmware.entry, sha256: { midi, costs: costsHash(board) },
    // With --midi-align it lasts from frame 0, and when that is the run will tell.
    run: { board: board.board.name, cpu: board.cpuName, engine: board.engine, seed, overclock, midiAlign, midi: { file: file ?? null }, seconds: midiAlign ? null : seconds, blockFrames: null, coreHertz: null },
  };
}

const costsHash = ({ costs }: FirmwareBoard): string => sha256(JSON.stringify(costs));

const wasmCpuOf = (board: FirmwareBoard): WasmCpu | undefined => (board instanceof EmulatedBoard && board.cpu instanceof WasmCpu ? board.cpu : undefined);

function renderWatchOf(board: FirmwareBoard): RenderWatch {
  const { machine: { timeline } } = board;
  return new RenderWatch({
    rendered: () => board.counter('renderedBlocks'),
    asleepSince: () => board.cpu.asleepSince,
    after: (cycles, look) => void timeline.after(cycles, look),
  });
}

interface Measured {
  readonly session: SessionResult;
  /** Parts of the compiler, which reads the sources. */
  readonly compiler: object;
  /** On CPU wasm: what the sources define. */
  readonly functions: SourceFunctions | undefined;
  readonly log: RunLog;
  readonly watch: WorstBlockWatch | undefined;
  readonly growth: BasicBlockGrowth | undefined;
  readonly rendering: RenderWatch;
  readonly stacks: SourceStacks | undefined;
  readonly blocks: BlockRecord;
  readonly midi: string | null;
  readonly command: string;
}

function resultOfProfile(measured: Measured): ProfileResult {
  const { session, log, watch, rendering, blocks, midi, command } = measured;
  const { result: run, emulated } = session;
  const { firmware } = emulated;
  const times = log.times(run.cycles);
  const values = cyclesPerFrameOfBlocks(blocks, run.cyclesPerFrame.budget);
  const notes = notesOf(emulated.recorder.midi());
  const missing: ProfileResult['missing'] = [];
  const code = codeOf(measured, times, missing);
  const worst = worstOf(emulated, log, blocks, values, code && watch, code);
  const files = new Set(code?.lines.map(({ file }) => file));
  return {
    format: 2, kind: 'tonewheel-profile', command, entry: firmware.entry,
    sha256: { module: sha256(firmware.wasm), midi, costs: costsHash(emulated) },
    run,
    costError: emulated instanceof EmulatedBoard ? { ...emulated.costs.error, validatedOn: [...emulated.costs.error.validatedOn] } : null,
    load: loadOf(run, blocks, values),
    rendering: renderTimesOf(emulated.board, run, blocks, times, rendering.rendered()),
    notes: notes.map(({ onCycle, offCycle, channel, note, velocity }): PlayedNote => (
      { start: secondsAt(run, onCycle), end: Math.min(run.seconds, secondsAt(run, offCycle)), channel, note, velocity })),
    handlers: handlersOf(emulated, run, times),
    time: timeOf(run, times, code?.cyclesOfReset ?? 0),
    preemptions: [...times.preemptions],
    voices: voicesOf(run, blocks, values),
    voiceCycles: code ? voiceCyclesOf(code.objects, parseModule(firmware.wasm), code.inlined, code.codeCycles) : null,
    codeCycles: code?.codeCycles ?? 0,
    counted: code ? (emulated instanceof ImageBoard ? 'cycles' : 'blocks') : null,
    functions: code?.functions ?? [],
    lines: code?.lines ?? [],
    flame: code?.flame ?? { frames: [], nodes: [] },
    sources: Object.fromEntries([...(code?.sources ?? [])].filter(([file]) => files.has(file)).map(([file, text]) => [file, text.split(/\r?\n/)])),
    worst,
    midiToAudio: latencyOf(latenciesOf(notes, sentAudioOf(emulated), run.blockFrames * run.cyclesPerFrame.budget, run.coreHertz), run),
    queues: queuesOf(emulated, run),
    stacks: stacksOf(emulated, missing),
    memory: memoryOf(emulated),
    diff: null,
    missing,
  };
}

interface Code extends CodeProfile {
  readonly places: readonly Place[];
  readonly sources: ReadonlyMap<string, string>;
  readonly cyclesOfReset: number;
  /** Calls about voices. */
  readonly objects: readonly ObjectCycles[];
  readonly inlined: readonly InlinedMethod[];
  /** Of the worst block. */
  worstLeaves(): Omit<Leaf, 'context'>[];
}

function codeOf({ session: { emulated }, compiler, functions, growth, stacks }: Measured, times: RunTimes, missing: ProfileResult['missing']): Code | undefined {
  if (emulated instanceof ImageBoard) return codeOfImage(emulated, compiler, stacks!, times);
  const cpu = wasmCpuOf(emulated);
  const board = emulated as EmulatedBoard;
  const counted = cpu?.metered.counted;
  if (!counted || !cpu.counts || !growth || !board.sourceMap || !functions) {
    missing.push({ what: 'functions, lines and flame graph', why: `CPU ${emulated.cpuName} counts cycles of the core, not of lines; use --cpu wasm or --cpu arm` });
    return undefined;
  }
  const { module, firmware, costs } = board;
  const sources = sourcesOf(firmware.sourceMap);
  const natives = new Set(firmware.natives.map(({ index }) => index));
  const [own, native] = [new InstructionCosts(costs), costs.native && new InstructionCosts(costs.native)];
  const attribution = new Attribution({
    module, metered: cpu.metered, sourceMap: new SourceMap(firmware.sourceMap), functions, entryFile: firmware.entry,
    natives: native && natives,
    costsOf: (index) => (native && natives.has(index) ? native : own),
  });
  cpu.counts.take(0);
  const counts = cpu.counts.copy(0).slice();
  const leaves = attribution.leaves(counts);
  const { contexts: { all } } = counted;
  const byRoot = cyclesByRoot(leaves, all);
  // Reset enters the module's start and `init` once each, and `main` once.
  const entered = (root: string): number => (root === RESET || root === MAIN ? 1 : times.preemptions.reduce((sum, { by, count }) => sum + (by === root ? count : 0), 0));
  return {
    ...codeProfile(attribution, all, attribution.entries(counts, entered), leaves, overheadOf(times, byRoot, board)), places: attribution.places, sources,
    cyclesOfReset: Math.round((byRoot.get(RESET) ?? 0) / (board.options.overclock ?? 1)),
    objects: cpu.objects!.all(), inlined: board.inlined?.methods ?? [], worstLeaves: () => attribution.leaves(growth.kept),
  };
}

/** The image tells of no `init` by itself: start-up code counts for what runs outside of handlers. */
function codeOfImage(board: ImageBoard, compiler: object, stacks: SourceStacks, times: RunTimes): Code {
  const sources = sourcesOf(board.firmware.sourceMap);
  const attribution = new ImageAttribution(board, board.counters!, new SourceFunctions(compiler, sources), stacks);
  const leaves = attribution.leaves();
  const byRoot = cyclesByRoot(leaves, attribution.contexts);
  const code = codeProfile(attribution, attribution.contexts, attribution.entries(), leaves, overheadOf(times, byRoot, board));
  return { ...code, places: attribution.places, sources: new Map([...sources, ...shimSources(code.lines)]), cyclesOfReset: 0, objects: attribution.objects(), inlined: [], worstLeaves: () => attribution.keptLeaves() };
}

function cyclesByRoot(leaves: readonly Leaf[], contexts: readonly CallContext[]): Map<string, number> {
  const byRoot = new Map<string, number>();
  for (const { context, cycles } of leaves) {
    const { root = '' } = contexts[context];
    byRoot.set(root, (byRoot.get(root) ?? 0) + cycles);
  }
  return byRoot;
}

/** Cycles of each handler that are not its code's. */
const overheadOf = (times: RunTimes, byRoot: ReadonlyMap<string, number>, { options: { overclock = 1 } }: FirmwareBoard): Map<string, number> =>
  new Map([...times.handlers.keys()].map((name) => [name, (times.cycles.get(name) ?? 0) * overclock - (byRoot.get(name) ?? 0)]));

/** The shim's own C, as far as the lines name it. */
function shimSources(lines: CodeProfile['lines']): [string, string][] {
  const files = new Set(lines.map(({ file }) => file).filter((file) => file.startsWith('boards/shim/')));
  return [...files].filter((file) => existsSync(join(packageRoot, file))).map((file) => [file, readFileSync(join(packageRoot, file), 'utf8')]);
}

/** The text of every file as the compiler read it. */
function sourcesOf(sourceMap: string): Map<string, string> {
  const { sources, sourcesContent = [] } = JSON.parse(sourceMap) as { sources: string[]; sourcesContent?: (string | null)[] };
  return new Map(sources.flatMap((file, i) => (sourcesContent[i] == null ? [] : [[file, sourcesContent[i]] as const])));
}

function worstOf(emulated: FirmwareBoard, log: RunLog, blocks: BlockRecord, values: Float64Array, watch: WorstBlockWatch | undefined, code: Code | undefined): WorstBlock | null {
  if (blocks.count === 0) return null;
  const index = values.reduce((worst, value, i) => (value > values[worst] ? i : worst), 0);
  const [from, to] = [blocks.boundaryCycles[index], blocks.boundaryCycles[index + 1]];
  const midi = emulated.recorder.midi();
  const leaves = watch && code && watch.index === index ? code.worstLeaves() : undefined;
  return {
    index, startSeconds: emulated.time.secondsAt(from), startCycle: from, lengthCycles: to - from,
    busyCycles: blocks.busyCycles[index], cyclesPerFrame: values[index], voices: blocks.voices[index],
    ...log.stretch(from, to),
    midi: [...midi.endCycles].flatMap((at, i) => (at >= from && at < to ? [{ at: at - from, byte: midi.bytes[i] }] : [])),
    functions: leaves && code ? functionsOfLeaves(leaves, code) : null,
    lines: leaves && code ? linesOfLeaves(leaves, code) : null,
  };
}

function summed<T>(leaves: readonly { place: number; cycles: number }[], key: (place: number) => T): [T, number][] {
  const sums = new Map<T, number>();
  for (const { place, cycles } of leaves) sums.set(key(place), (sums.get(key(place)) ?? 0) + cycles);
  return [...sums].sort((a, b) => b[1] - a[1]);
}

function functionsOfLeaves(leaves: Parameters<typeof summed>[0], { places, functions }: Code): NonNullable<WorstBlock['functions']> {
  const indices = new Map(functions.map(({ file, line, name }, i) => [`${file}:${line} ${name}`, i]));
  return summed(leaves, (place) => indices.get(`${places[place].of.file}:${places[place].of.line} ${places[place].of.name}`)!).map(([index, cycles]) => ({ function: index, cycles }));
}

function linesOfLeaves(leaves: Parameters<typeof summed>[0], { places }: Code): NonNullable<WorstBlock['lines']> {
  return summed(leaves, (place) => `${places[place].line} ${places[place].file}`).map(([key, cycles]) => ({ file: key.slice(key.indexOf(' ') + 1), line: parseInt(key, 10), cycles }));
}

function loadOf(run: RunResult, blocks: BlockRecord, values: Float64Array): LoadProfile {
  const { budget } = run.cyclesPerFrame;
  const sorted = values.slice().sort();
  const blocksPerPoint = Math.max(1, Math.ceil(blocks.count / MAX_POINTS));
  const series: LoadProfile['series'] = { blocksPerPoint, seconds: [], mean: [], max: [], voices: [] };
  // Thousands of points are for drawing: microseconds and hundredths of a cycle will do.
  const rounded = (value: number, to: number): number => Math.round(value * to) / to;
  for (let from = 0; from < blocks.count; from += blocksPerPoint) {
    const part = values.subarray(from, from + blocksPerPoint);
    series.seconds.push(rounded(secondsAt(run, blocks.boundaryCycles[from]), 1e6));
    series.mean.push(rounded(meanOf(part), 100));
    series.max.push(rounded(part.reduce((max, v) => Math.max(max, v), 0), 100));
    series.voices.push(blocks.voices.subarray(from, from + blocksPerPoint).reduce((max, v) => Math.max(max, v), 0));
  }
  return {
    mean: meanOf(values), p99: percentile(sorted, 0.99), p999: percentile(sorted, 0.999), max: percentile(sorted, 1), budget, blocks: blocks.count,
    histogram: histogramOf(values, 0, budget / LOAD_CLASSES, LOAD_CLASSES), series,
  };
}

function handlersOf(emulated: FirmwareBoard, run: RunResult, times: RunTimes): HandlerProfile[] {
  const none = new Float64Array(0);
  return Object.entries(run.isr).map(([name, { priority, budget, overBudget }]): HandlerProfile => {
    const { own = none, elapsed = none, latency = none } = times.handlers.get(name) ?? {};
    const vector = emulated.firmware.vectors.find((v) => v.name === name);
    const [durations, latencies] = [spreadOf(own), spreadOf(latency)];
    const classes = (values: Float64Array, { min, max }: Spread): Histogram => histogramOf(values, min, Math.max(1, (max - min) / HANDLER_CLASSES), HANDLER_CLASSES);
    return {
      name, functionName: vector?.functionName ?? null, file: vector?.file ?? null, line: vector?.line ?? null,
      priority, budget, count: own.length, unfinishedCycles: times.active.get(name)?.own ?? null, overBudget, totalCycles: own.reduce((sum, cycles) => sum + cycles, 0),
      duration: durations, elapsed: spreadOf(elapsed), latency: latencies, jitter: latencies.max - latencies.min,
      durations: classes(own, durations), latencies: classes(latency, latencies),
    };
  }).sort((a, b) => b.totalCycles - a.totalCycles);
}

function timeOf(run: RunResult, times: RunTimes, reset: number): TimeShare[] {
  const of = (kind: TimeShare['kind'], name: string, cycles: number): TimeShare => ({ kind, name, cycles, share: ratio(cycles, run.cycles) });
  const outside = times.cycles.get(MAIN) ?? 0;
  const inReset = Math.min(reset, outside); // its last basic block may reach beyond the run's end
  const handlers = [...times.cycles].filter(([name]) => name !== MAIN && name !== SLEEP).map(([name, cycles]) => of('handler', name, cycles));
  return [
    of('sleep', SLEEP, times.cycles.get(SLEEP) ?? 0),
    ...(inReset > 0 ? [of('reset', RESET, inReset)] : []),
    of('main', MAIN, outside - inReset),
    ...handlers.sort((a, b) => b.cycles - a.cycles),
  ];
}

function voicesOf(run: RunResult, blocks: BlockRecord, values: Float64Array): VoiceProfile | null {
  if (run.gauges.maxVoices === 0 || blocks.count === 0) return null;
  const { base, slope, explained } = lineThrough(blocks.voices, values);
  const rows = new Map<number, { blocks: number; sum: number; max: number }>();
  blocks.voices.forEach((voices, i) => {
    const { blocks: n, sum, max } = rows.get(voices) ?? { blocks: 0, sum: 0, max: 0 };
    rows.set(voices, { blocks: n + 1, sum: sum + values[i], max: Math.max(max, values[i]) });
  });
  const table = [...rows].sort(([a], [b]) => a - b).map(([voices, { blocks: n, sum, max }]) => ({ voices, blocks: n, mean: sum / n, max }));
  return { base, perVoice: slope, explained, table };
}

function latencyOf(measured: readonly { onCycle: number; ms: number }[], run: RunResult): LatencyProfile {
  const values = measured.map(({ onCycle, ms }) => ({ seconds: secondsAt(run, onCycle), ms }));
  const sorted = Float64Array.from(measured, ({ ms }) => ms).sort();
  if (sorted.length === 0) {
    return { notes: 0, minMs: null, meanMs: null, medianMs: null, p99Ms: null, maxMs: null, histogram: { from: 0, width: 0, counts: [] }, values };
  }
  const [min, max] = [sorted[0], sorted[sorted.length - 1]];
  return {
    notes: sorted.length, minMs: min, meanMs: meanOf(sorted), medianMs: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), maxMs: max,
    // One class when all are the same.
    histogram: max > min ? histogramOf(sorted, min, (max - min) / LATENCY_CLASSES, LATENCY_CLASSES) : { from: min, width: 0, counts: [sorted.length] },
    values,
  };
}
