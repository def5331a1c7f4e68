// SPDX-License-Identifier: MIT
// One run as a user asks for it: a firmware, a MIDI file, how long, and what to leave behind.

import { join } from 'node:path';
import { CommandFailed } from '../cli/failures.js';
import type { Board } from '../boards/index.js';
import { compileFirmware } from '../build/compile.js';
import { engineNames } from '../build/image/engine-names.js';
import { buildImage } from '../build/image/image.js';
import { LogicAnalyser } from '../devices/logic-analyser.js';
import { readMidiFile, writeMidiFile, type MidiFile } from '../devices/midi-file.js';
import { prepareOutput, writeWhole } from '../output.js';
import { notesOf } from '../profile/midi-to-audio.js';
import { writeReport } from '../profile/report.js';
import type { RunResult } from '../profile/run-result.js';
import type { WrittenFile } from '../profile/summary.js';
import { prepareCpu, type CpuName } from './create-cpu.js';
import { EmulatedBoard, type EmulationOptions } from './emulated-board.js';
import type { FirmwareBoard } from './firmware-board.js';
import { ImageBoard } from './image-board.js';
import { interruptible, interruptibleWait } from './interruptible.js';
import { resultOf, sentAudioOf } from './result.js';

export interface SessionOptions extends Omit<EmulationOptions, 'cpu'> {
  /** What executes the firmware; `arm`: its image, on the board's own core. */
  readonly cpu?: CpuName | 'arm';
  readonly firmware: string;
  readonly board: Board;
  readonly midi?: string;
  /** Emulated seconds from reset (with `midiAlign`, from frame 0); default: to the end of the MIDI file and its sound, or 5. */
  readonly seconds?: number;
  readonly wav?: string;
  readonly vcd?: string;
  /** Stretch of the I2S lines in the VCD, in seconds since reset; default all of it; `none` leaves the lines out. */
  readonly vcdWindow?: readonly [from: number, to: number] | 'none';
  readonly midiOut?: string;
  readonly report?: string;
  /** The command line, for the report. */
  readonly command: string;
  /** Called with the board before its first cycle, and how many seconds it is to run; what it throws ends the session. */
  readonly onBoard?: (board: FirmwareBoard, seconds: number) => void;
  /** Called some hundred times with what part of the run is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
}

export interface SessionResult {
  readonly result: RunResult;
  readonly emulated: FirmwareBoard;
  readonly files: readonly WrittenFile[];
}

/** When a MIDI file's second 0 is: the firmware has set clocks and codec up by then, as a player waits for the lights to come on. */
export const MIDI_START_SECONDS = 0.25;
/** Time after the file's end for releases and reverb to die away. */
const TAIL_SECONDS = 3;
const DEFAULT_SECONDS = 5;
/** Of progress: less than a cycle would be no step. */
const SHORTEST_STEP_SECONDS = 1e-3;
/** By then a firmware that plays audio has begun to, however slow its core. */
const LONGEST_BOOT_SECONDS = 2;

/** @throws MidiFileError, CompileError, FirmwareTrap, OutputError, Interrupted; files appear only when they are whole */
export async function runSession(options: SessionOptions): Promise<SessionResult> {
  const { midi, wav, vcd, midiOut, report, onProgress } = options;
  const prepared = await interruptibleWait((async () => {
    const file = midi === undefined ? undefined : await readMidiFile(midi);
    for (const path of [wav, vcd, midiOut]) if (path !== undefined) await prepareOutput(path);
    if (report !== undefined) await prepareOutput(join(report, 'report.html'));
    return { file, makeBoard: await boardFor(options) };
  })());
  const { file, makeBoard } = prepared;
  let analyser: LogicAnalyser | undefined;
  let emulated: FirmwareBoard;
  try {
    emulated = interruptible(() => {
      const made = makeBoard();
      const total = options.seconds ?? (file ? MIDI_START_SECONDS + file.seconds + TAIL_SECONDS : DEFAULT_SECONDS);
      options.onBoard?.(made, total);
      if (onProgress) made.at(0, () => { onProgress(made.now / total); return made.now + Math.max(total / 200, SHORTEST_STEP_SECONDS); });
      if (vcd !== undefined) analyser = attachAnalyser(made, vcd, options.vcdWindow);
      perform(made, total, file);
      return made;
    });
    if (emulated instanceof ImageBoard) await emulated.check();
    analyser?.close();
  } finally {
    analyser?.abort();
  }
  onProgress?.(1);

  const files: WrittenFile[] = [];
  if (wav !== undefined) { emulated.audio.writeWav(wav, emulated.sampleRate); files.push({ kind: 'sound', path: wav }); }
  if (vcd !== undefined) files.push({ kind: 'wires', path: vcd });
  if (midiOut !== undefined) { writeWhole(midiOut, writeMidiFile(emulated.midiOut.characters)); files.push({ kind: 'MIDI out', path: midiOut }); }
  const result = resultOf(emulated, midi ?? null);
  if (report !== undefined) {
    const { recorder } = emulated;
    const written = await writeReport(report, {
      result, blocks: recorder.blocks(), notes: notesOf(recorder.midi()), audio: sentAudioOf(emulated), command: options.command,
    });
    files.push({ kind: 'report', path: written.html }, { kind: 'numbers', path: written.json });
  }
  return { result, emulated, files };
}

/** Compiles the firmware, and builds its image when it is the image that runs. @returns what makes the board */
async function boardFor({ cpu, ...options }: SessionOptions): Promise<() => FirmwareBoard> {
  const { board, firmware: file } = options;
  if (cpu === 'arm') {
    const engine = engineNames.find((name) => name === options.engine) ?? 'kernels';
    const image = await buildImage({ board, firmware: file, engine, out: join('build', 'emulated', `${board.name}-${engine}`), onTrap: 'halt' });
    return () => new ImageBoard(image, options);
  }
  const firmware = await compileFirmware(file, board);
  await prepareCpu({ ...options, cpu });
  return () => new EmulatedBoard(board, firmware, { ...options, cpu });
}

/**
 * Runs a board for `seconds`, with a MIDI file. With `midiAlign` both count from frame 0 instead of from reset: how long the firmware takes to get
 * there depends on its speed, and what it then plays does not.
 * @throws FirmwareTrap; CommandFailed for a firmware without audio to align to
 */
export function perform(emulated: FirmwareBoard, seconds: number, file?: MidiFile): void {
  const start = MIDI_START_SECONDS + emulated.midiPhaseSeconds;
  if (!emulated.options.midiAlign) {
    if (file) emulated.midi.play(file.events, start);
    emulated.run(seconds);
    return;
  }
  emulated.playFromFirstFrame(file?.events ?? [], start, seconds);
  // The run ends by its frames; should there be none, this ends it.
  emulated.run(seconds + LONGEST_BOOT_SECONDS);
  if (emulated.audio.frames === 0) throw new CommandFailed(`--midi-align aligns MIDI to audio frames, but ${emulated.firmware.file} started no audio.`);
}

/** The wires a user wants to see: MIDI both ways, the I2S lines, and a marker for each handler. */
function attachAnalyser(emulated: FirmwareBoard, path: string, window: SessionOptions['vcdWindow']): LogicAnalyser {
  const { board, machine, time, firmware } = emulated;
  const analyser = new LogicAnalyser(machine.timeline, time, path);
  analyser.probe(emulated.pin(board.midi.pins.RX), 'MIDI_RX');
  analyser.probe(emulated.pin(board.midi.pins.TX), 'MIDI_TX');
  if (window !== 'none') analyser.probeI2s(machine.i2sBus(board.audio.i2s), window && { fromSeconds: window[0], toSeconds: window[1] });
  const marker = (vector: string): string => `ISR_${vector}`;
  for (const { name } of firmware.vectors) analyser.addMarker(marker(name));
  // An image's core can take exceptions that the firmware has no handler for.
  const bound = new Set(firmware.vectors.map((v) => v.name));
  const set = (vector: string, level: 0 | 1, cycle: number): void => { if (bound.has(vector)) analyser.marker(marker(vector), level, cycle); };
  machine.observers.add({
    exceptionEnter: (vector, cycle) => set(vector, 1, cycle),
    exceptionExit: (vector, cycle) => set(vector, 0, cycle),
    sleep() {}, blockBoundary() {}, midiByte() {},
  });
  return analyser;
}
