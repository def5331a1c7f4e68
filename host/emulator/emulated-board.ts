// SPDX-License-Identifier: MIT
// A board on the desk that is not there: chip, CPU, codec, MIDI cable, microphone and logic analyser, put together and run.

import { counters, COUNTERS_OFFSET, type CounterName } from '../abi.js';
import { emulatable, type Board, type Stm32Board } from '../boards/index.js';
import { sampleRateOf } from '../build/board-module.js';
import type { Firmware } from '../build/compile.js';
import { SourceMap } from '../build/source-map.js';
import { loadCoreCosts, type EngineCosts } from '../cpu/wasm/costs.js';
import type { PreEmptiveCpu } from '../cpu/pre-emptive-cpu.js';
import { parseModule, type WasmModule } from '../cpu/wasm/decode.js';
import { describeTrap, type FirmwareTrap } from '../cpu/wasm/trap.js';
import { AudioSink } from '../devices/audio-sink.js';
import { plugCodec } from '../devices/codecs.js';
import type { AudioDac } from '../devices/audio-gate.js';
import type { MidiFileEvent } from '../devices/midi-file.js';
import { MidiSource } from '../devices/midi-source.js';
import { SerialReceiver } from '../devices/serial-receiver.js';
import { SerialSender } from '../devices/serial-sender.js';
import { Machine, RunEnded } from '../machine/machine.js';
import { RealTime } from '../machine/real-time.js';
import type { Appointment } from '../machine/timeline.js';
import { floorTimes, fraction, times } from '../machine/fraction.js';
import type { Wire } from '../machine/wire.js';
import { createCpu, type CpuOptions } from './create-cpu.js';
import { mapMemory } from './memory-map.js';
import { plugCore } from '../peripherals/cortex-m/core.js';
import { plugStm32, type Stm32 } from '../peripherals/stm32/chip.js';
import { Recorder } from '../profile/recorder.js';
import type { IsrResult } from '../profile/run-result.js';

export interface EmulationOptions extends CpuOptions {
  /** Whose instruction costs are counted: an engine of the core's cost table; by default aot, and wasm3 with CPU wasm3. */
  readonly engine?: string;
  /** How many times faster than the chip's the core is. */
  readonly overclock?: number;
  /** Chooses where in a frame the MIDI source's clock lies. 0: on the cycle that its times say. */
  readonly seed?: number;
  /** Each MIDI character completes just after a frame boundary, so that a handler's latency cannot move it to the next frame. */
  readonly midiAlign?: boolean;
}

/** Cycles after a frame boundary at which an aligned character completes: the boundary is past, and nearly all of the frame is left. */
const ALIGN_DELAY = 64;
const MIDI_BAUD = 31_250;
/** Bytes shown when a firmware traps. */
const LAST_BYTES = 12;

const counterNames = Object.keys(counters) as CounterName[];

/** A small integer hash, to turn a seed into a phase. */
function phaseOf(seed: number): number {
  let x = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

export class EmulatedBoard {
  readonly machine: Machine;
  readonly chip: Stm32;
  readonly time: RealTime;
  readonly cpu: PreEmptiveCpu;
  /** The keyboard at the far end of the MIDI cable. */
  readonly midi: MidiSource;
  /** Whoever listens to MIDI OUT. */
  readonly midiOut: SerialReceiver;
  readonly codec: AudioDac;
  /** What the codec plays. */
  readonly audio = new AudioSink();
  readonly recorder: Recorder;
  readonly costs: EngineCosts;
  readonly engine: string;
  readonly sampleRate: number;
  /** Physical address of linear memory's byte 0. */
  readonly memoryAddress: number;
  /** Characters that have come in. */
  midiByteCount = 0;
  /** Linear memory. */
  private words: Uint32Array = new Uint32Array(0);
  private ringItems = 0;
  private readonly lastMidiBytes: number[] = [];
  private readonly module: WasmModule;
  private readonly sourceMap: SourceMap | undefined;

  readonly board: Stm32Board;

  /**
   * @throws NotEmulated for a board of a family that has no models; Error when the engine has no cost table for this core, or CPU wasm3 has not
   *   been made ready (prepareCpu)
   */
  constructor(ofBoard: Board, readonly firmware: Firmware, readonly options: EmulationOptions = {}) {
    const board = (this.board = emulatable(ofBoard));
    const lines = Array.from({ length: board.nvic.lines }, () => '');
    for (const [name, irq] of Object.entries(board.vectors)) if (irq >= 0) lines[irq] = name;
    this.machine = new Machine({ vectors: lines, priorityBits: board.nvic.priorityBits, seed: options.seed });
    const { machine } = this;
    plugCore(machine, {
      cpuid: board.core.cpuid,
      systickReferenceDivider: board.nvic.systickReferenceDivider,
      onResetRequest: () => machine.requestReset('software'),
    });
    this.chip = plugStm32(machine, board);
    this.time = new RealTime(machine.timeline, machine.clocks);
    this.sampleRate = sampleRateOf(board);

    this.engine = options.engine ?? (options.cpu === 'wasm3' ? 'wasm3' : 'aot');
    const core = board.lineage[board.lineage.length - 1];
    const costs = loadCoreCosts(core);
    this.costs = costs.engines[this.engine];
    if (!this.costs) throw new Error(`no costs for engine "${this.engine}" on ${core}; there are ${Object.keys(costs.engines).join(', ')}`);
    this.module = parseModule(firmware.wasm);
    this.sourceMap = firmware.sourceMap ? new SourceMap(firmware.sourceMap) : undefined;
    const memoryBytes = (this.module.memory?.initial ?? 0) * 65536;
    const { address, rest } = mapMemory(board, memoryBytes, firmware.file);
    this.memoryAddress = address;
    this.cpu = createCpu({ ...options, costs: this.costs, module: this.module, natives: new Set(firmware.natives.map((n) => n.index)), memoryBytes, rest }, {
      machine, vectors: firmware.vectors, core: board.core, dispatch: this.costs.dispatch, overclock: options.overclock ?? 1,
      memoryAddress: address,
      onMemory: (bytes) => {
        this.words = new Uint32Array(bytes.buffer);
        // First, for it is what the DMA reads.
        for (const region of [{ name: 'linear memory', origin: address, dma: true, bytes }, ...rest, ...this.chip.memories]) machine.bus.addMemory(region);
      },
    });
    // Buttons pull their pad one way while they are pressed, and a resistor holds it the other way until then.
    for (const pad of Object.values(board.buttons)) this.pin(pad).set(board.buttonLevel === 0 ? 1 : 0);

    const rx = this.pin(board.midi.pins.RX);
    const sender = new SerialSender(machine.timeline, this.time, rx, MIDI_BAUD,
      options.midiAlign ? { nextBoundary: (cycle) => this.audio.nextBoundary(cycle), delayCycles: ALIGN_DELAY } : undefined);
    sender.onCharacter((byte, start, end) => this.heard(byte, start, end));
    this.midi = new MidiSource(sender);
    this.midiOut = new SerialReceiver(machine.timeline, this.time, this.pin(board.midi.pins.TX), MIDI_BAUD);

    this.codec = plugCodec(machine, this.time, board, (pad) => this.pin(pad), this.audio);

    const vectors = Object.fromEntries(firmware.vectors.map((v) => [v.name, { priority: v.priority, budget: v.budget ?? null }]));
    this.recorder = new Recorder(vectors, () => this.counter('activeVoices'));
    machine.observers.add(this.recorder);
    const { dma } = board.audio;
    this.chip.dma(dma.controller).onHalf(dma.stream, () => {
      // The longest pass is the ring; a shorter one goes on after an error.
      this.ringItems = Math.max(this.ringItems, this.chip.dma(dma.controller).programmedItems(dma.stream));
      machine.observers.blockBoundary(machine.timeline.now);
    });
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

  /** What a handler has cost so far, by its vector. @throws RangeError when the firmware binds no handler to it */
  isr(vector: string): IsrResult {
    const result = this.recorder.isr()[vector];
    if (!result) throw new RangeError(`no handler is bound to ${vector}; there are ${this.firmware.vectors.map((v) => v.name).join(', ')}`);
    return result;
  }

  /** Frames in a block: half of the DMA ring, two samples a frame. 0 before the first block has gone. */
  get blockFrames(): number {
    return this.ringItems / 4;
  }

  /** Offset in seconds that the seed gives the MIDI source's clock: less than one frame. */
  get midiPhaseSeconds(): number {
    const { seed = 0 } = this.options;
    return seed === 0 ? 0 : phaseOf(seed) / this.sampleRate;
  }

  /** A counter of the firmware, by its name in the ABI. */
  counter(name: CounterName): number {
    return this.words[COUNTERS_OFFSET / 4 + counterNames.indexOf(name)];
  }

  /** All counters, in the order of the ABI table. */
  counterWords(): Uint32Array {
    return this.words.slice(COUNTERS_OFFSET / 4, COUNTERS_OFFSET / 4 + counterNames.length);
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
   * Resets the board and runs its firmware until `seconds` since reset have passed, or until `end`.
   * @throws FirmwareTrap when the firmware traps, aborts, or touches what is not there
   */
  run(seconds = Infinity): void {
    if (seconds !== Infinity) this.at(seconds, () => this.end());
    const stackTraceLimit = Error.stackTraceLimit;
    Error.stackTraceLimit = 60;
    try {
      this.cpu.run();
    } catch (error) {
      if (!(error instanceof RunEnded)) throw this.describe(error);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    this.chip.settle();
  }

  /** What the firmware threw, with the place in its source, the handler, and the last MIDI bytes. */
  describe(error: unknown): FirmwareTrap {
    return describeTrap(error, {
      module: this.module, sourceMap: this.sourceMap, offsets: this.cpu.offsetsOf(error), running: [...this.cpu.running], seconds: this.now, cycle: this.machine.timeline.now, lastMidiBytes: this.lastMidiBytes,
    });
  }

  private heard(byte: number, start: number, end: number): void {
    this.midiByteCount++;
    this.lastMidiBytes.push(byte);
    if (this.lastMidiBytes.length > LAST_BYTES) this.lastMidiBytes.shift();
    this.machine.observers.midiByte(byte, start, end);
  }
}
