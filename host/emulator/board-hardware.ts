// SPDX-License-Identifier: MIT
// A board on the desk that is not there, whatever its core executes: chip, codec, MIDI cable, microphone and buttons, put together, and its time.

import { emulatable, type Board, type Stm32Board } from '../boards/index.js';
import { sampleRateOf } from '../build/board-module.js';
import { AudioSink } from '../devices/audio-sink.js';
import type { AudioDac } from '../devices/audio-gate.js';
import { plugCodec } from '../devices/codecs.js';
import type { MidiFileEvent } from '../devices/midi-file.js';
import { MidiSource } from '../devices/midi-source.js';
import { SerialReceiver } from '../devices/serial-receiver.js';
import { SerialSender } from '../devices/serial-sender.js';
import { floorTimes, fraction, times } from '../machine/fraction.js';
import { Machine, RunEnded } from '../machine/machine.js';
import { RealTime } from '../machine/real-time.js';
import type { Appointment } from '../machine/timeline.js';
import type { Wire } from '../machine/wire.js';
import { plugCore, type CorePeripherals } from '../peripherals/cortex-m/core.js';
import { plugStm32, type Stm32 } from '../peripherals/stm32/chip.js';
import { Recorder, type VectorFacts } from '../profile/recorder.js';

/** What the board's surroundings do. */
export interface BoardOptions {
  /** How many times faster than the chip's the core is. */
  readonly overclock?: number;
  /** Chooses where in a frame the MIDI source's clock lies. 0: on the cycle that its times say. */
  readonly seed?: number;
  /** Each MIDI character completes just after a frame boundary, so that a handler's latency cannot move it to the next frame. */
  readonly midiAlign?: boolean;
}

/** What a board is told of that which it runs. */
export interface BoardConfig {
  readonly options: BoardOptions;
  /** What is known of each handler beforehand, by its vector. */
  readonly vectors: Readonly<Record<string, VectorFacts>>;
}

/** Cycles after a frame boundary at which an aligned character completes: the boundary is past, and nearly all of the frame is left. */
const ALIGN_DELAY = 64;
const MIDI_BAUD = 31_250;
/** The last bytes that came in, kept for the report of a trap. */
const LAST_BYTES = 12;

/** A small integer hash, to turn a seed into a phase. */
function phaseOf(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export abstract class BoardHardware {
  readonly board: Stm32Board;
  readonly machine: Machine;
  /** The core's own peripherals. */
  readonly coreBlocks: CorePeripherals;
  readonly chip: Stm32;
  readonly time: RealTime;
  readonly codec: AudioDac;
  /** What the codec plays. */
  readonly audio = new AudioSink();
  readonly recorder: Recorder;
  readonly sampleRate: number;
  /** Characters that have come in over the MIDI cable. */
  midiByteCount = 0;
  protected readonly lastMidiBytes: number[] = [];
  private readonly boardOptions: BoardOptions;
  private ringItems = 0;
  private cable: { readonly source: MidiSource; readonly receiver: SerialReceiver } | undefined;

  /** @throws NotEmulated for a board of a family that has no models */
  protected constructor(ofBoard: Board, { options, vectors }: BoardConfig) {
    const board = (this.board = emulatable(ofBoard));
    const lines = Array.from({ length: board.nvic.lines }, () => '');
    for (const [name, irq] of Object.entries(board.vectors)) if (irq >= 0) lines[irq] = name;
    this.machine = new Machine({ vectors: lines, priorityBits: board.nvic.priorityBits, seed: options.seed });
    const { machine } = this;
    this.coreBlocks = plugCore(machine, { cpuid: board.core.cpuid, systickReferenceDivider: board.nvic.systickReferenceDivider, onResetRequest: () => machine.requestReset('software') });
    this.chip = plugStm32(machine, board);
    this.time = new RealTime(machine.timeline, machine.clocks);
    this.sampleRate = sampleRateOf(board);
    this.boardOptions = options;
    // Buttons pull their pad one way while they are pressed, and a resistor holds it the other way until then.
    for (const pad of Object.values(board.buttons)) this.chip.pad(pad).hold(board.buttonLevel === 0 ? 1 : 0);
    this.codec = plugCodec(machine, this.time, board, (pad) => this.pin(pad), this.audio);
    this.recorder = new Recorder(vectors, () => this.activeVoices());
    machine.observers.add(this.recorder);
    const { dma } = board.audio;
    this.chip.dma(dma.controller).onHalf(dma.stream, () => {
      // The longest pass is the ring; a shorter one goes on after an error.
      this.ringItems = Math.max(this.ringItems, this.chip.dma(dma.controller).programmedItems(dma.stream));
      machine.observers.blockBoundary(machine.timeline.now);
    });
  }

  /** Resets the core and runs it until something throws; `RunEnded` is the good end. */
  protected abstract runCore(): void;

  /** The error with which `run` answers what the core threw. */
  abstract describe(error: unknown): Error;

  /** Voices that sound now, for a firmware that tells. */
  protected activeVoices(): number {
    return 0;
  }

  /** The keyboard at the far end of the MIDI cable. The cable is plugged in when it is first asked for. */
  get midi(): MidiSource {
    return this.plugMidi().source;
  }

  /** Whoever listens to MIDI OUT, from when the cable is plugged in. */
  get midiOut(): SerialReceiver {
    return this.plugMidi().receiver;
  }

  /** Plugs the MIDI cable in, which holds the board's RX pad high while nothing is sent. */
  protected plugMidi(): NonNullable<typeof this.cable> {
    if (this.cable) return this.cable;
    const { board, machine: { timeline }, time } = this;
    const sender = new SerialSender(timeline, time, this.pin(board.midi.pins.RX), MIDI_BAUD,
      this.boardOptions.midiAlign ? { nextBoundary: (cycle) => this.audio.nextBoundary(cycle), delayCycles: ALIGN_DELAY } : undefined);
    sender.onCharacter((byte, start, end) => this.heard(byte, start, end));
    return this.cable = { source: new MidiSource(sender), receiver: new SerialReceiver(timeline, time, this.pin(board.midi.pins.TX), MIDI_BAUD) };
  }

  /** A pad of the chip by its name (PA3): read its level, drive it, listen to its edges. */
  pin(name: string): Wire {
    return this.chip.pad(name);
  }

  /** Seconds since reset. */
  get now(): number {
    return this.time.now;
  }

  /** Core cycles since reset. */
  get cycle(): number {
    return this.machine.timeline.now;
  }

  /** Frames in a block: half of the DMA ring, two samples a frame. 0 before the first block has gone. */
  get blockFrames(): number {
    return this.ringItems / 4;
  }

  /** Offset in seconds that the seed gives the MIDI source's clock: less than one frame. */
  get midiPhaseSeconds(): number {
    const { seed = 0 } = this.boardOptions;
    return seed === 0 ? 0 : phaseOf(seed) / this.sampleRate;
  }

  /**
   * Plays a MIDI file and ends the run by frames of the audio stream instead of by seconds since reset, so that a core of another speed, which
   * boots faster or slower, gives the same samples. For a board with `midiAlign`.
   * @param startSeconds, totalSeconds from the stream's first frame on
   */
  playFromFirstFrame(events: readonly MidiFileEvent[], startSeconds: number, totalSeconds: number): void {
    let started = false;
    this.machine.i2sBus(this.board.audio.i2s).listen({
      start: ({ originCycle, slotCycles }) => {
        if (started) return;
        started = true;
        const frameCycles = times(slotCycles, fraction(2));
        const cycleOf = (frame: number): number => originCycle + floorTimes(frame, frameCycles);
        for (const { seconds, bytes } of events) this.midi.send(bytes, { cycle: cycleOf(Math.ceil((startSeconds + seconds) * this.sampleRate)) });
        this.machine.timeline.at(cycleOf(Math.floor(totalSeconds * this.sampleRate)), () => this.end());
      },
      slots() {},
      stop() {},
    });
  }

  /** Calls `action` when `seconds` since reset have passed; again and again when it returns a later time. */
  at(seconds: number, action: () => number | void): void {
    const { timeline } = this.machine;
    let when = seconds;
    const plan = (): Appointment => timeline.at(Math.max(timeline.now, this.time.cycleAt(when)), () => {
      const next = action();
      if (typeof next !== 'number') return;
      when = next;
      appointment = plan();
    });
    let appointment = plan();
    this.time.onChange(() => {
      if (!appointment.pending) return;
      timeline.cancel(appointment);
      appointment = plan();
    });
  }

  /** Ends the run at the present: `run` returns. For use inside of `at`. */
  end(): never {
    throw new RunEnded();
  }

  /**
   * Resets the board and runs it until `seconds` since reset have passed, or until `end`.
   * @throws what the core's code did wrong, put into words
   */
  run(seconds = Infinity): void {
    if (seconds !== Infinity) this.at(seconds, () => this.end());
    const stackTraceLimit = Error.stackTraceLimit;
    Error.stackTraceLimit = 60;
    try {
      this.runCore();
    } catch (error) {
      if (!(error instanceof RunEnded)) throw this.describe(error);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    this.settle();
  }

  /** Brings everything up to the run's last cycle. */
  protected settle(): void {
    this.chip.settle();
  }

  private heard(byte: number, start: number, end: number): void {
    this.midiByteCount++;
    this.lastMidiBytes.push(byte);
    if (this.lastMidiBytes.length > LAST_BYTES) this.lastMidiBytes.shift();
    this.machine.observers.midiByte(byte, start, end);
  }
}
