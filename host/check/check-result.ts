// SPDX-License-Identifier: MIT
// What `tonewheel check` proves of a firmware on a board: the object that `--json` prints. Its JSON schema is beside it. Times are core cycles.

import type { EngineName } from '../build/image/engine-names.js';
import type { CallNode, PathStep } from './worst-case/result.js';

/** A place in the firmware's source. */
export interface Place {
  file: string;
  /** From 1; 0 when the module has no place for it. */
  line: number;
}

/**
 * What an interrupt is for: a UART's `received` character, one `sent`, or `idle`, nothing left to send; `line`, a character's time of a board whose MIDI comes from memory; `ring`,
 * the half or the whole of the audio ring; `stream`, of another DMA stream; `timer`, an update or a compare; `systick`; `stated`, what its author says.
 */
export type SourceKind = 'received' | 'sent' | 'idle' | 'line' | 'ring' | 'stream' | 'timer' | 'systick' | 'stated';

/** What makes a handler run. */
export interface Source {
  /** In words: "a character received", "half a ring played", "update of TIM2". */
  what: string;
  kind: SourceKind;
  /** Name of the chip's peripheral that it is from, "USART2"; null where it is stated, or none of the chip's. */
  peripheral: string | null;
  /** Least time from one to the next, in the long run; null when nothing says. */
  periodCycles: number | null;
  /** By how much one may be late and the next early: n + 1 may come within n periods less this. */
  jitterCycles: number;
  /** Whether it makes the handler run each time that the period is over, or, if it is a received character, each time that one comes: no handler on the way may leave it out. */
  always: boolean;
  /** Vectors of the handlers that pend one another on the way from the interrupt to this handler, its own first; empty for its own interrupt. */
  pendedBy: string[];
  /** Where the period is from: the chip's registers as the firmware's own set-up leaves them, the board's data, the source, the project's file, or the handler that pends it. */
  from: 'set-up' | 'board' | 'source' | 'project' | 'pended';
}

export type Verdict =
  /** Its worst response comes before its deadline. */
  | 'meets'
  | 'late'
  /** Its worst case is not known: see the findings. */
  | 'unbounded'
  /** Nothing says how often it runs. */
  | 'unknown rate'
  /** It, and what is more urgent, want more time than there is. */
  | 'overload';

/** Received characters that a handler takes in one run. */
export interface CharactersCheck extends Place {
  /** As many as its worst case has. */
  taken: number;
  /** As many as there may be; null where that is not known. */
  mayCome: number | null;
  /** What decides that: the time between two runs; that of the set-up, in which they come too; or what the queue holds, where a run may leave some of them or none is sure to come. */
  because: 'runs' | 'set-up' | 'queue' | null;
}

export interface HandlerCheck extends Place {
  vector: string;
  functionName: string;
  /** 0 is the most urgent. */
  priority: number;
  sources: Source[];
  /** C: worst time of one run, exception entry, dispatch and exit included, others that pre-empt it not. */
  worstCycles: number | null;
  /** Part of it that exception entry, the shim's dispatcher and the return take. */
  overheadCycles: number;
  /** B: longest time for which it may have to wait for code that is less urgent, or is of its own priority and began before. */
  blockingCycles: number | null;
  /** Worst time from its interrupt until its first instruction. */
  latencyCycles: number | null;
  /** R: worst time from its interrupt to its end, with blocking and all that pre-empts it. */
  responseCycles: number | null;
  /** D: by when it must be done, from its interrupt. */
  deadlineCycles: number | null;
  /** What the deadline follows from, in words. */
  deadlineReason: string;
  /** D - R. */
  slackCycles: number | null;
  /** Share of the core's time that it takes at most. */
  utilisation: number | null;
  verdict: Verdict;
  /** Of a handler that takes received characters until none is left, without a bound of its own. */
  characters: CharactersCheck | null;
  /** Its worst path. */
  path: CallNode | null;
}

/** Code that runs with interrupts masked: from irqMask to irqRestore. */
export interface CriticalSection extends Place {
  functionName: string;
  /** What it may run in: vectors, and "main". */
  contexts: string[];
  /** null when it has no bound. */
  cycles: number | null;
}

/** The block of audio: from the interrupt at a boundary to the last sample in the ring. */
export interface BlockCheck {
  /** Vector whose handler renders. */
  vector: string;
  frameCount: number;
  sampleRate: number;
  /** From one block to the next. */
  periodCycles: number;
  /** Frames within which a block must be rendered, and the same as cycles. */
  deadlineFrames: number;
  deadlineCycles: number;
  /** Worst time of rendering alone. */
  worstCycles: number | null;
  responseCycles: number | null;
  /** Part of the deadline that is left at worst; negative when it is missed. */
  headroom: number | null;
}

/** How many voices fit with one engine. */
export interface VoicesOfEngine {
  engine: EngineName;
  /** Largest number whose worst block meets its deadline; 0 when none does, null when it cannot be said. */
  fits: number | null;
  /** Whether more would fit, but the project says that the firmware is made for no more. */
  atLimit: boolean;
  /** What each further voice adds to the worst block, and what a block takes without any. */
  marginalCycles: number | null;
  fixedCycles: number | null;
  /** Worst block with the voices that the source has now, as share of the deadline. */
  nowLoad: number | null;
}

export interface VoicesCheck extends Place {
  /** Name of the constant that says how many voices there are. */
  constant: string;
  now: number;
  /** The second number of voices with which the firmware was compiled: the rest follows from the two. */
  compared: number;
  engines: VoicesOfEngine[];
}

/** Stack of one context that may be active at once with those of other priorities. */
export interface StackContext {
  /** A vector, "main" or "boot". */
  context: string;
  /** null for main and boot. */
  priority: number | null;
  byteCount: number;
  /** Of these, what the core pushes at exception entry. */
  exceptionBytes: number;
  /** Functions of the deepest chain, outermost first. */
  path: string[];
  /** The same as far as they are of the firmware's source, with the place of each. */
  places: PathStep[];
}

/** One stack: the worst nesting of what runs on it against what there is. */
export interface StackCheckOf {
  /** Bytes at worst; null when a part is not known. */
  worstBytes: number | null;
  /** Function that calls itself, so that nothing bounds the depth; null when none is known to. */
  recursive: string | null;
  reserveBytes: number;
  /** What is active at the worst nesting, main first: at most one handler of each priority. */
  nesting: StackContext[];
}

export interface StackCheck {
  /** The C stack, on which every exception nests. */
  c: StackCheckOf;
  /** What booting takes of it: that happens alone, before there are interrupts. null when it is not known. */
  boot: StackContext | null;
  /** The interpreter's stack of main, and those of the handlers, which have a region each of the very size that they need; null with engine aot. */
  interpreter: { main: StackCheckOf; handlers: StackContext[] } | null;
  /** What could not be found out, with what to do: without the cross compiler, the C side. Empty when all is known. */
  missing: string[];
}

export interface BudgetCheck extends Partial<Place> {
  /** What is limited: a handler's time, a function's, a stack, the headroom of the block, the voices. */
  kind: 'handler' | 'function' | 'stack' | 'headroom' | 'voices';
  /** Vector, function, "C" or engine. */
  name: string;
  unit: 'cycles' | 'bytes' | 'percent' | 'voices';
  limit: number;
  /** null when it is not known, which breaks the budget. */
  actual: number | null;
  holds: boolean;
  /** Where it is written: in the firmware's source, or in the project's file. */
  from: string;
}

export type FindingKind =
  | 'does not compile' | 'no handlers' | 'trap' | 'unbounded loop' | 'recursion' | 'indirect call' | 'heap' | 'budget' | 'late' | 'overload' | 'unknown rate' | 'stack' | 'voices' | 'clock';

export interface Finding extends Partial<Place> {
  severity: 'error' | 'warning';
  kind: FindingKind;
  /** Vector, function or what else it is about. */
  subject: string;
  text: string;
  advice: string;
  /** From the handler to the place. */
  path: readonly PathStep[];
}

export interface CheckResult {
  /** Version of this object's form; raised when a field changes its meaning or goes. */
  format: 1;
  firmware: string;
  board: string;
  core: string;
  engine: EngineName;
  /** Whether there is no error among the findings. */
  passed: boolean;
  coreHertz: number;
  costs: {
    source: string;
    /** Error of the typical costs against measurement; null where nothing was measured. */
    handlerPercent: number | null;
    blockPercent: number | null;
    validatedOn: string[];
    command: string;
  };
  /** Most urgent first. Empty when the firmware does not compile. */
  handlers: HandlerCheck[];
  /** Share of the core's time that all handlers together take at most; null when one is not known. */
  utilisation: number | null;
  /** Worst time from any interrupt of the most urgent priority to its handler's first instruction. */
  interruptLatencyCycles: number | null;
  /** The longest first. */
  criticalSections: CriticalSection[];
  block: BlockCheck | null;
  voices: VoicesCheck | null;
  stack: StackCheck | null;
  budgets: BudgetCheck[];
  findings: Finding[];
  /** On what the proof rests, besides the costs. */
  assumptions: string[];
}
