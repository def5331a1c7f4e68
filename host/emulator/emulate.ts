// SPDX-License-Identifier: MIT
// One run of an image as a user asks for it: what goes into its UARTs, how long, and what to leave behind.

import { readFileSync, writeSync } from 'node:fs';
import type { Board } from '../boards/index.js';
import { serveGdb } from '../debug/gdb-server.js';
import { Trace, type TraceKind } from '../debug/trace.js';
import { LogicAnalyser } from '../devices/logic-analyser.js';
import { readMidiFile } from '../devices/midi-file.js';
import { PartialFile } from '../devices/partial-file.js';
import { toNumber } from '../machine/fraction.js';
import { prepareOutput } from '../output.js';
import type { EmulationResult, UartResult } from '../profile/emulation-result.js';
import { ElfBoard, type RunEnd } from './elf-board.js';
import { readRunnable } from './image-file.js';
import { interruptible } from './interruptible.js';
import { MIDI_START_SECONDS } from './session.js';

/** Bytes of a file, typed into a UART. */
export interface UartInput {
  readonly uart: string;
  readonly file: string;
  /** Not before, in seconds since reset. */
  readonly atSeconds?: number;
}

export interface EmulateOptions {
  readonly board: Board;
  readonly elf: string;
  readonly base?: number;
  /** Emulated seconds from reset; default: until the firmware ends, or `PATIENCE_SECONDS`. */
  readonly seconds?: number;
  /** Where what a UART sends goes: a file, or "-" for stdout. */
  readonly uart?: readonly { readonly uart: string; readonly file: string }[];
  readonly uartIn?: readonly UartInput[];
  /** Seconds between the characters that are typed; 0: one directly after the other. */
  readonly uartPauseSeconds?: number;
  readonly wav?: string;
  readonly vcd?: string;
  readonly vcdWindow?: readonly [from: number, to: number];
  readonly midi?: string;
  readonly strict?: boolean;
  /** Serves semihosting; its standard output goes to this file descriptor. */
  readonly semihosting?: 1 | 2;
  /** Port for gdb, which then has the core from before its first instruction; 0 for any. */
  readonly gdb?: number;
  readonly onGdbListening?: (port: number) => void;
  /** File for a line an instruction. */
  readonly trace?: string;
  readonly traceKinds?: readonly TraceKind[];
  readonly traceWindow?: readonly [from: number, to: number];
  readonly overclock?: number;
  readonly onProgress?: (done: number) => void;
}

export interface EmulateResult {
  readonly result: EmulationResult;
  readonly emulated: ElfBoard;
  /** 0: it ended well; 1: it did not. */
  readonly code: 0 | 1;
}

/** Emulated seconds after which a firmware that does not end by itself is ended, when nobody says how long. */
export const PATIENCE_SECONDS = 5;

/** Collects what a UART sends. */
class UartLog {
  private readonly file: PartialFile | undefined;
  private pending: number[] = [];

  constructor(path: string) {
    this.file = path === '-' ? undefined : new PartialFile(path);
  }
  add(byte: number): void {
    this.pending.push(byte);
    // A terminal wants lines as they come; a file does not mind.
    if (byte === 10 || this.pending.length >= BATCH) this.flush();
  }
  /** The file appears, whatever became of the run: what a firmware said before it fell is what one wants to read. */
  close(): void {
    this.flush();
    this.file?.commit();
  }
  private flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending);
    this.pending = [];
    if (this.file) this.file.write(bytes);
    else writeAll(1, bytes);
  }
}

const BATCH = 4096;

/**
 * @throws ImageError, MidiFileError, OutputError, EmulationError, Interrupted; RangeError for a UART that the chip has not
 */
export async function emulate(options: EmulateOptions): Promise<EmulateResult> {
  const { board, elf, base, seconds, uart = [], uartIn = [], wav, vcd, midi, onProgress } = options;
  const image = readRunnable(elf, board, base);
  const file = midi === undefined ? undefined : await readMidiFile(midi);
  for (const path of [wav, vcd, options.trace, ...uart.map((u) => u.file).filter((f) => f !== '-')]) if (path !== undefined) await prepareOutput(path);
  const emulated = new ElfBoard(board, image, {
    strict: options.strict, overclock: options.overclock,
    semihosting: options.semihosting && ((bytes, stream) => writeAll(stream === 1 ? options.semihosting! : 2, bytes)),
    patienceSeconds: seconds === undefined ? PATIENCE_SECONDS : undefined, onLook: (now) => onProgress?.(now / (seconds ?? PATIENCE_SECONDS)),
  });
  const logs = uart.map(({ uart: name, file: path }) => {
    const log = new UartLog(path);
    emulated.terminal(name).onByte((byte) => log.add(byte));
    return log;
  });
  for (const { uart: name, file: path, atSeconds } of uartIn) emulated.terminal(name).type(readFileSync(path), atSeconds, options.uartPauseSeconds);
  if (file) emulated.midi.play(file.events, MIDI_START_SECONDS);
  const analyser = vcd === undefined ? undefined : attachAnalyser(emulated, vcd, options.vcdWindow);
  const trace = options.trace === undefined ? undefined : new Trace(emulated, { path: options.trace, kinds: options.traceKinds, window: options.traceWindow });
  try {
    if (options.gdb !== undefined) await debugWithGdb(emulated, options.gdb, seconds, options.onGdbListening);
    else interruptible(() => emulated.run(seconds));
    analyser?.close();
    trace?.close();
  } finally {
    analyser?.abort();
    trace?.close();
    for (const log of logs) log.close();
  }
  onProgress?.(1);
  emulated.settleEnding();
  if (wav !== undefined) emulated.audio.writeWav(wav, emulated.sampleRate);
  const result = resultOf(emulated, seconds);
  return { result, emulated, code: codeOf(emulated.ending) };
}

/** gdb has the core: time passes when gdb lets it. */
function debugWithGdb(emulated: ElfBoard, port: number, seconds: number | undefined, onListening: EmulateOptions['onGdbListening']): Promise<void> {
  return emulated.debug((target) => serveGdb({
    target, port, sectors: emulated.board.flash.sectors, reset: () => emulated.resetByDebugger(), explain: (record) => emulated.explain(record),
    onListening: (actual) => onListening?.(actual),
  }), seconds);
}

/** Writes all, also to a pipe that takes only a part at once. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const codeOf = (end: RunEnd): 0 | 1 => (end.kind === 'time' || end.kind === 'killed' || (end.kind === 'exit' && end.code === 0) ? 0 : 1);

/** Why the run is over, in words. */
export function endMessage(emulated: ElfBoard, seconds?: number): string {
  const { ending } = emulated;
  const more = seconds === undefined ? ' Give --seconds to let time go on.' : '';
  switch (ending.kind) {
    case 'exit': return `The firmware ended with exit code ${ending.code} after ${emulated.now.toFixed(6)} s.`;
    case 'fault': return ending.report;
    case 'killed': return 'gdb ended the run.';
    case 'sleep': return `The firmware sleeps for ever at ${ending.place}: no interrupt is enabled that could wake it.${more}`;
    case 'loop': {
      const where = `The firmware goes round for ever at ${ending.place}`;
      if (ending.why === 'handler') return `${where}, in the handler of ${ending.handler}, and nothing more urgent is enabled.`;
      if (ending.why === 'masked') return `${where} with interrupts masked.`;
      return `${where}, and no interrupt is enabled that could end that.${more}`;
    }
    default: return `${emulated.now.toFixed(3)} s have passed${seconds === undefined ? ` (--seconds sets another time than ${PATIENCE_SECONDS})` : ''}.`;
  }
}

function resultOf(emulated: ElfBoard, seconds?: number): EmulationResult {
  const { board, audio, codec, machine, recorder, ending, terminals } = emulated;
  const [left, right] = audio.levels();
  const uart: Record<string, UartResult> = {};
  for (const [name, { bytesOut, bytesIn, framingErrors, parityErrors, baud }] of terminals) {
    if (bytesOut + bytesIn > 0) uart[name] = { sent: bytesOut, framingErrors, parityErrors, received: bytesIn, baud: Math.round(baud * 100) / 100 };
  }
  return {
    format: 1,
    board: board.name,
    file: emulated.image.file,
    end: { kind: ending.kind, message: endMessage(emulated, seconds), exitCode: ending.kind === 'exit' ? ending.code : null },
    seconds: emulated.now,
    cycles: machine.timeline.now,
    coreHertz: toNumber(emulated.time.coreHertz),
    resets: emulated.resetCount,
    idleShare: machine.timeline.now === 0 ? 0 : emulated.sleepCycles / machine.timeline.now,
    sampleRate: emulated.sampleRate,
    frames: audio.frames,
    audioSha256: audio.sha256(),
    peak: Math.max(left.peak, right.peak),
    rms: Math.sqrt((left.rms ** 2 + right.rms ** 2) / 2),
    uart,
    isr: recorder.isr(machine.timeline.now),
    faultCount: emulated.faultCount,
    faults: emulated.faults.map(({ kind, causes, cycle, pc, address }) => ({
      kind, causes: [...causes], cycle, pc: pc >>> 0, place: emulated.symbols.describe(pc >>> 0), address: address ?? null,
    })),
    log: machine.log.map(({ cycle, text }) => ({ seconds: emulated.time.secondsAt(cycle), text })),
    codecProblems: codec.addressed || audio.frames > 0 ? codec.problems() : [],
    diagnostics: [...machine.diagnostics, ...codec.warnings().map((message) => ({ where: board.audio.codec.model, message }))],
  };
}

/** All pads, the I2S lines, and a marker for each handler that the image has of its own. */
function attachAnalyser(emulated: ElfBoard, path: string, window: EmulateOptions['vcdWindow']): LogicAnalyser {
  const { board, machine, time } = emulated;
  const analyser = new LogicAnalyser(machine.timeline, time, path);
  for (const pad of board.package.pads) analyser.probe(emulated.pin(pad));
  analyser.probeI2s(machine.i2sBus(board.audio.i2s), window && { fromSeconds: window[0], toSeconds: window[1] });
  const own = emulated.ownHandlers();
  const marker = (vector: string): string => `ISR_${vector}`;
  for (const vector of own) analyser.addMarker(marker(vector));
  const set = (vector: string, level: 0 | 1, cycle: number): void => { if (own.has(vector)) analyser.marker(marker(vector), level, cycle); };
  machine.observers.add({
    exceptionEnter: (vector, cycle) => set(vector, 1, cycle),
    exceptionExit: (vector, cycle) => set(vector, 0, cycle),
    sleep() {}, blockBoundary() {}, midiByte() {},
  });
  return analyser;
}
