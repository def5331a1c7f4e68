// SPDX-License-Identifier: MIT
// What `tonewheel profile` found out about one run: the object that `--json` prints and its page draws. Its JSON schema is beside it.
//
// All times are core cycles unless a name says seconds or milliseconds. Where there is an array of seconds beside arrays of values, equal indices belong
// together.

import type { RunResult } from './run-result.js';

/** Of a set of times; zeros when it is empty. Percentiles are nearest-rank. */
export interface Spread {
  mean: number;
  min: number;
  p99: number;
  max: number;
}

/** Values counted in classes: counts[i] values lie in [from + i·width, from + (i + 1)·width). */
export interface Histogram {
  from: number;
  width: number;
  counts: number[];
}

/** Cycles awake for each frame. One value a block; the statistics are over blocks. */
export interface LoadProfile {
  mean: number;
  p99: number;
  p999: number;
  max: number;
  /** Core cycles from one frame to the next. */
  budget: number;
  blocks: number;
  histogram: Histogram;
  /** At most some thousand points. Maxima stay maxima. */
  series: {
    blocksPerPoint: number;
    /** Start of each point, seconds since reset. */
    seconds: number[];
    mean: number[];
    max: number[];
    /** Most voices that sounded. */
    voices: number[];
  };
}

/** How soon blocks are ready: from the boundary at which one's turn to be rendered comes until the handler that renders has returned. */
export interface RenderTimes {
  /** The handler that renders. */
  vector: string;
  /** When a block has to be ready: less than a whole one, since the audio's DMA reads ahead. */
  deadlineFrames: number;
  deadlineCycles: number;
  /** Over the runs of the handler; one that had not come to its end when the emulation did counts with its time until then when that is late already. */
  response: Spread;
  /** Runs that took longer. Each makes one late block or more. */
  late: number;
}

export interface PlayedNote {
  /** End of the last byte of Note On and of Note Off, seconds since reset; `end` is the run's end when none came. */
  start: number;
  end: number;
  /** 0-15. */
  channel: number;
  note: number;
  velocity: number;
}

/** One interrupt handler. */
export interface HandlerProfile {
  /** The vector's name in the manual. */
  name: string;
  /** What serves it, and where that is declared; null for exceptions that the firmware has no handler for. */
  functionName: string | null;
  file: string | null;
  line: number | null;
  priority: number | null;
  budget: number | null;
  /** Runs that came to their end. */
  count: number;
  /** Own cycles of a run that had not come to its end when the emulation did, and is in no figure here; null when there was none. */
  unfinishedCycles: number | null;
  overBudget: number;
  /** Own cycles, stacking and unstacking included, time in which others pre-empted it excluded. */
  duration: Spread;
  totalCycles: number;
  /** From entry to exit, with whatever pre-empted it. */
  elapsed: Spread;
  /** From pending until the core began to take it. */
  latency: Spread;
  /** Longest latency less the shortest. */
  jitter: number;
  /** The runs by their own cycles, and by their latency: from the shortest to the longest. */
  durations: Histogram;
  latencies: Histogram;
}

/** Where the run's time went. The shares of all add up to 1. */
export interface TimeShare {
  /** `handler`: named by its vector. `reset`: start-up code and `init`. */
  kind: 'sleep' | 'reset' | 'main' | 'handler';
  name: string;
  cycles: number;
  /** Of all cycles of the run. */
  share: number;
}

/** How often a handler pre-empted another one, or the code outside of handlers ("main"), or woke the core ("sleep"). */
export interface PreEmption {
  by: string;
  of: string;
  count: number;
}

/** What a voice costs: blocks by how many voices sounded at their end, and the straight line through them. */
export interface VoiceProfile {
  /** Least squares over blocks: cycles per frame = base + perVoice · voices. An estimate: blocks differ in more than their voices. */
  base: number;
  perVoice: number;
  /** Part of the variance over blocks that the line explains, 0 to 1. */
  explained: number;
  table: { voices: number; blocks: number; mean: number; max: number }[];
}

/** Cycles of the calls that are about one voice: methods of a class `Voice`, or one whose name ends so, with all that they call. */
export interface VoiceCycles {
  /** Cycles of all of them, of those of all code. */
  share: number;
  /** The methods that were called, by their names in the source. */
  functions: string[];
  /** Those whose code was met where the compiler has put it into callers; only CPU wasm tells. */
  inlined: string[];
  /** Cycles of those that do not tell which voice they are about. */
  untold: number;
  /** In the order of their addresses. */
  each: { name: string; calls: number; cycles: number; share: number }[];
}

/** A function of the source. Code that the compiler inlined counts for the function that it was written in. */
export interface FunctionProfile {
  name: string;
  file: string;
  /** Its first line, from 1. */
  line: number;
  /** Cycles of its own lines. */
  selfCycles: number;
  /** With all that it called. */
  totalCycles: number;
  /** `selfCycles` over the cycles of all code. */
  share: number;
  /** Times that it was called; null when the compiler inlined it, at least somewhere, and when it was also reached by jumps or computed calls. */
  calls: number | null;
}

/** A line of the source. */
export interface LineProfile {
  file: string;
  line: number;
  cycles: number;
  /** Over the cycles of all code. */
  share: number;
  /** Index into `functions`. */
  function: number;
}

/** A tree of calls, root first; a node stands after its parent. */
export interface FlameGraph {
  frames: {
    name: string;
    /** `context`: a root (main, reset, a vector). `function`: of the module. `inlined`: written as a function, compiled into its caller. `overhead`: the core's and the shim's. */
    kind: 'context' | 'function' | 'inlined' | 'overhead';
    file: string | null;
    line: number | null;
  }[];
  nodes: {
    /** Index into `frames`. */
    frame: number;
    /** Index into `nodes`, less than the node's own; -1: a root. */
    parent: number;
    self: number;
    total: number;
  }[];
}

/** A stretch of time in which the core did one thing. */
export interface Interval {
  /** `sleep`, `main`, or a vector. */
  context: string;
  /** Handlers that are active, this one included: 0 for main and sleep. */
  depth: number;
  /** Cycles since the block's start. */
  from: number;
  to: number;
}

/** The block with most cycles awake for its frames. */
export interface WorstBlock {
  /** Of the run's whole blocks, from 0. */
  index: number;
  startSeconds: number;
  startCycle: number;
  /** From its start to its end. */
  lengthCycles: number;
  busyCycles: number;
  cyclesPerFrame: number;
  voices: number;
  /** Without gaps, in order. */
  timeline: Interval[];
  /** Entries of handlers: when it became pending, when it was taken, and what it pre-empted. */
  entries: { vector: string; pendedAt: number; enteredAt: number; exitedAt: number | null; preempted: string }[];
  /** MIDI bytes whose stop bit ended in it, with the cycle since the block's start. */
  midi: { at: number; byte: number }[];
  /** Functions and lines by cycles in this block, most first; null when the CPU does not tell. A basic block at either end counts whole. */
  functions: { function: number; cycles: number }[] | null;
  lines: { file: string; line: number; cycles: number }[] | null;
}

/** From the end of a Note On to the first frame that sounds, over notes that came in silence. */
export interface LatencyProfile {
  notes: number;
  minMs: number | null;
  meanMs: number | null;
  medianMs: number | null;
  p99Ms: number | null;
  maxMs: number | null;
  histogram: Histogram;
  /** Each note that was measured. */
  values: { seconds: number; ms: number }[];
}

export interface QueueProfile {
  name: string;
  /** What waits in it. */
  of: string;
  /** Entries that fit; null when that is not known. */
  capacity: number | null;
  /** Most entries that ever waited. */
  highWater: number;
  /** Entries refused because it was full; null for a queue that the firmware's counters do not tell of. */
  lost: number | null;
}

export interface MemoryUse {
  /** The board's name of the region: RAM, CCM, FLASH. */
  region: string;
  origin: number;
  byteCount: number;
  /** `address` is null where only the sum over several places is known. */
  parts: { name: string; address: number | null; byteCount: number }[];
}

/** Bytes of the stack that were ever written, of those that are reserved. */
export interface StackUse {
  name: string;
  byteCount: number;
  highWater: number;
}

/** Something that takes longer, or less long, than in an older profile by more than the threshold. */
export interface ProfileChange {
  kind: 'block' | 'handler' | 'function';
  name: string;
  /** What `before` and `after` count. */
  unit: string;
  file: string | null;
  line: number | null;
  before: number;
  after: number;
  percent: number;
  /** Of a function whose own lines got slower: those lines, most first. `changed`: the text of the line is not what it was, or the line is new. */
  lines: { file: string; line: number; before: number; after: number; changed: boolean; text: string }[];
}

/** Of the mean cycles of handlers and of blocks, percent, on firmware that the costs were not fitted to; null where nothing was measured. */
export interface CostError {
  handlerPercent: number | null;
  blockPercent: number | null;
  validatedOn: string[];
  /** What measures it again. */
  command: string;
}

/** Against an older profile of the same run. */
export interface ProfileDiff {
  /** Percent. */
  threshold: number;
  slower: ProfileChange[];
  faster: ProfileChange[];
  /** Functions that the older profile does not have. */
  added: { name: string; file: string; line: number; cycles: number }[];
}

export interface ProfileResult {
  /** Version of this object's form; raised when a field changes its meaning or goes. */
  format: 2;
  kind: 'tonewheel-profile';
  /** Command line that makes the same profile again. */
  command: string;
  /** The firmware's file as the compiler names it: the same wherever the project lies. */
  entry: string;
  /** SHA-256, hex: of the module, of the MIDI file (null: none), of the costs of instructions. */
  sha256: { module: string; midi: string | null; costs: string };
  /** What `tonewheel run --json` prints of the same run. */
  run: RunResult;
  /** How far the costs of instructions are from what was measured; null when the CPU counts the core's own cycles. */
  costError: CostError | null;
  load: LoadProfile;
  /** Null when no block was rendered. */
  rendering: RenderTimes | null;
  notes: PlayedNote[];
  /** Those that ran most first. */
  handlers: HandlerProfile[];
  time: TimeShare[];
  preemptions: PreEmption[];
  /** Null when the firmware tells of no voices. */
  voices: VoiceProfile | null;
  /** What each voice took, counted; null when no method of a voice was called, or the CPU does not tell. */
  voiceCycles: VoiceCycles | null;
  /** Cycles of all code: the lines add up to them. With `overclock`, before it. 0 when the CPU does not tell of code. */
  codeCycles: number;
  /**
   * How they were found. `blocks`: how often each basic block ran, times what its instructions cost by the tables. `cycles`: the core's own, counted as
   * they passed. By calling context, and exact, in both. Null when the CPU does not tell of code.
   */
  counted: 'blocks' | 'cycles' | null;
  /** Most cycles of their own first. */
  functions: FunctionProfile[];
  /** Most cycles first. */
  lines: LineProfile[];
  flame: FlameGraph;
  /** The text of every file that has lines above. */
  sources: Record<string, string[]>;
  worst: WorstBlock | null;
  midiToAudio: LatencyProfile;
  queues: QueueProfile[];
  /** Empty when it was not measured. */
  stacks: StackUse[];
  memory: MemoryUse[];
  /** Null without `--diff`. */
  diff: ProfileDiff | null;
  /** What this run could not tell, and why. */
  missing: { what: string; why: string }[];
}
