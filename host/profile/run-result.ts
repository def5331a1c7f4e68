// SPDX-License-Identifier: MIT
// What one run of firmware on an emulated board amounted to: the object that `tonewheel run --json` prints. Its JSON schema is beside it.

import { type CounterName, counters } from '../abi.js';
import type { Diagnostic } from '../machine/peripheral.js';

type CountersOf<Kind extends 'loss' | 'gauge'> = {
  [K in CounterName]: (typeof counters)[K][0] extends Kind ? K : never;
}[CounterName];
export type LossName = CountersOf<'loss'>;
export type GaugeName = CountersOf<'gauge'>;

/** One interrupt handler, over the whole run. All times are core cycles. */
export interface IsrResult {
  /** Priority at the end of the run: 0 is the most urgent, 15 the least; null when it is not known (core exceptions). */
  priority: number | null;
  /** Most cycles of its own that its author allows it, from `@isr`; null when none is stated. */
  budget: number | null;
  /** Runs that came to their end. */
  count: number;
  /** The handler's own cycles, stacking and unstacking included, time in which others pre-empted it excluded. */
  meanCycles: number;
  maxCycles: number;
  totalCycles: number;
  /** Runs whose own cycles exceeded the budget; 0 when there is none. */
  overBudget: number;
  /** Longest from entry to exit, with whatever pre-empted it. */
  maxElapsedCycles: number;
  /** From pending until the core began to take it. */
  meanLatencyCycles: number;
  maxLatencyCycles: number;
}

/** Core cycles spent awake for each frame of audio. One value a block; the statistics are over blocks. */
export interface CyclesPerFrame {
  mean: number;
  /** 99th percentile, nearest rank. */
  p99: number;
  max: number;
  /** Core cycles from one frame to the next: at this value the core never sleeps. */
  budget: number;
}

/** From the end of the last MIDI byte of a Note On to the first non-zero frame leaving I2S, over notes that came in silence. */
export interface MidiToAudio {
  /** Notes that could be measured. With none, the three times are null. */
  notes: number;
  minMs: number | null;
  meanMs: number | null;
  maxMs: number | null;
}

export interface RunResult {
  /** Version of this object's form; raised when a field changes its meaning or goes. */
  format: 1;
  firmware: string;
  board: string;
  /** What executed the firmware: wasm, wasm3 or arm. */
  cpu: string;
  /** How the firmware was built for it: wasm3, kernels or aot; for cpu wasm, metered. */
  engine: string;
  seed: number;
  /** Factor by which the emulated core was faster than the chip's. 1 is the real thing. */
  overclock: number;
  /** Whether each MIDI character was made to end just after a frame boundary. */
  midiAlign: boolean;
  /** Emulated time, from reset. */
  seconds: number;
  /** Core cycles emulated. */
  cycles: number;
  coreHertz: number;
  /** Frames a second, as the clock tree gives it. */
  sampleRate: number;
  /** Frames that left I2S. */
  frames: number;
  /** Frames in a block: half of the DMA ring. */
  blockFrames: number;
  /** Of all frames that left I2S: both channels interleaved, left first, little-endian, at the width that was sent. */
  audioSha256: string;
  /** Largest sample, 1 is full scale. */
  peak: number;
  /** Root mean square of all samples, 1 is full scale. */
  rms: number;
  lateBlocks: number;
  losses: Record<LossName, number>;
  gauges: Record<GaugeName, number>;
  isr: Record<string, IsrResult>;
  cyclesPerFrame: CyclesPerFrame;
  midiToAudio: MidiToAudio;
  midi: {
    /** File that was played, as it was given; null when none was. */
    file: string | null;
    bytesIn: number;
    bytesOut: number;
    /** Notes On received, velocity 0 not counted. */
    notesOn: number;
  };
  /** Why nothing of what came over the MIDI cable was read, and what to call; null when something was, or nothing came. */
  midiProblem: string | null;
  /** Why no frame left I2S, and what to call; null when one did, or no call is missing. */
  audioProblem: string | null;
  /** What the codec found wrong with the way it was set up. Empty when it plays. */
  codecProblems: string[];
  /** Whether the firmware has a handler for the DMA of the board's audio: without one no sound is to be expected. */
  playsAudio: boolean;
  /** What the models noticed that the chip would have let pass in silence. */
  diagnostics: Diagnostic[];
  /** What the firmware logged, with the emulated time of each piece of text. */
  log: { seconds: number; text: string }[];
  /** Where the cycle costs of instructions come from. */
  costs: string;
}

/**
 * Seconds since reset at a core cycle, once audio runs. Counted from the run's end, since the core boots at another clock than it ends with.
 */
export const secondsAt = ({ seconds, cycles, coreHertz }: Pick<RunResult, 'seconds' | 'cycles' | 'coreHertz'>, cycle: number): number => seconds - (cycles - cycle) / coreHertz;

/** Sorts the firmware's counter words, in the order of the ABI table, into losses and gauges. */
export function countersByKind(words: ArrayLike<number>): Pick<RunResult, 'losses' | 'gauges'> {
  const names = Object.keys(counters) as CounterName[];
  if (words.length !== names.length) throw new RangeError(`${words.length} counter words, but the ABI has ${names.length}`);
  const of = (kind: 'loss' | 'gauge') =>
    Object.fromEntries(names.map((name, i) => [name, words[i] >>> 0] as const).filter(([name]) => counters[name][0] === kind));
  return { losses: of('loss') as RunResult['losses'], gauges: of('gauge') as RunResult['gauges'] };
}
