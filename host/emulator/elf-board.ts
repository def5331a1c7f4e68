// SPDX-License-Identifier: MIT
// An emulated board whose core executes an image as the chip would: any ELF, hex or plain binary, ours or anyone's.

import type { Board } from '../boards/index.js';
import { ArmCpu } from '../cpu/arm/cpu.js';
import { Debugger } from '../cpu/arm/core/debugger.js';
import { Lockup, type FaultRecord } from '../cpu/arm/core/fault.js';
import { FirmwareExit, Semihosting } from '../cpu/arm/core/semihosting.js';
import { COUNTER_BYTES, CycleCounters } from '../cpu/arm/cycle-counters.js';
import type { DebugTarget } from '../cpu/arm/debug-target.js';
import { acceleratorBytes, FlashAccelerator } from '../cpu/arm/flash-accelerator.js';
import { HotCode, tableBytes } from '../cpu/arm/hot/hot-code.js';
import { decode } from '../cpu/arm/isa/decode.js';
import { ArmMemory, type ArmMemoryRegion } from '../cpu/arm/memory.js';
import { backtrace, type Frame } from '../debug/backtrace.js';
import { CallFrames } from '../debug/call-frames.js';
import { chainLines, faultReport } from '../debug/fault-report.js';
import { Symbols } from '../debug/symbols.js';
import { SerialTerminal } from '../devices/serial-terminal.js';
import { toNumber } from '../machine/fraction.js';
import { EXCEPTION, FIRST_IRQ } from '../machine/exceptions.js';
import { RunEnded } from '../machine/machine.js';
import type { ResetCause } from '../machine/peripheral.js';
import { Usart } from '../peripherals/stm32/usart.js';
import type { VectorFacts } from '../profile/recorder.js';
import { MAIN } from '../profile/context-names.js';
import { BoardHardware, type BoardOptions } from './board-hardware.js';
import type { RunnableImage } from './image-file.js';
import { LoopWatch } from './loop-watch.js';
import { UserError } from '../user-error.js';

export interface ElfBoardOptions extends BoardOptions {
  /** An access to what the emulator does not model ends the run, instead of being reported. */
  readonly strict?: boolean;
  /** Serves BKPT 0xAB, and takes what the firmware prints that way: 1 is standard output, 2 standard error. */
  readonly semihosting?: (bytes: Uint8Array, stream: 1 | 2) => void;
  /** Whether a core that can do nothing any more ends the run (the default); not for a debugger, who may still move it. */
  readonly endsWhenStuck?: boolean;
  /** Ends the run after so many seconds without counting as something that is still to come. */
  readonly patienceSeconds?: number;
  /** Called some hundred times a second of emulated time, with the seconds since reset. */
  readonly onLook?: (seconds: number) => void;
  /** Counts cycles by context and code, for a profile. */
  readonly counting?: boolean;
  /** Addresses of functions that are about an object, their first argument, which then is counted by. */
  readonly about?: (symbols: Symbols) => ReadonlySet<number>;
  /** What is known of handlers beforehand, by vector. */
  readonly vectors?: Readonly<Record<string, VectorFacts>>;
}

/** Why a run is over. */
export type RunEnd =
  /** The time that was asked for has passed, or somebody has ended the run. */
  | { readonly kind: 'time' }
  /** A debugger ended it. */
  | { readonly kind: 'killed' }
  /** Semihosting: the firmware has ended by itself. */
  | { readonly kind: 'exit'; readonly code: number }
  /** A fault whose handler never comes back, or lockup. */
  | { readonly kind: 'fault'; readonly record: FaultRecord; readonly report: string }
  /** The core sleeps, and nothing is left that could wake it. */
  | { readonly kind: 'sleep'; readonly place: string }
  /** The firmware goes round in a loop that nothing can interrupt. */
  | { readonly kind: 'loop'; readonly place: string; readonly why: 'handler' | 'masked' | 'idle'; readonly handler?: string };

/** An image's core met something that the emulator cannot go on with. */
export class EmulationError extends UserError {
  override readonly name = 'EmulationError';
}

const PC = 15, SP = 13;
const FAULTS: readonly number[] = [EXCEPTION.HardFault, EXCEPTION.MemManage, EXCEPTION.BusFault, EXCEPTION.UsageFault];
const VTOR = 0xe000ed08;
const KEPT_FAULTS = 16;

export class ElfBoard extends BoardHardware {
  readonly cpu: ArmCpu;
  readonly memory: ArmMemory;
  /** Translates and runs hot code. */
  readonly hot: HotCode;
  /** Cycles by context and code, with `counting`. */
  readonly counters: CycleCounters | undefined;
  readonly symbols: Symbols;
  readonly frames: CallFrames;
  /** A terminal at each UART of the chip, by its name. */
  readonly terminals: ReadonlyMap<string, SerialTerminal>;
  /** Faults that were taken, the first ones; each may have been handled. */
  readonly faults: FaultRecord[] = [];
  /** How many faults there were in all. */
  faultCount = 0;
  /** System resets that the firmware asked for. */
  resetCount = 0;
  /** Cycles that the core slept. */
  sleepCycles = 0;
  /** Why `run` has returned. */
  ending: RunEnd = { kind: 'time' };
  /** Executes the image, from the first instruction until something throws; for whoever wants to go in other steps (a debugger, a trace). */
  drive: () => void = () => this.cpu.run();
  private lastFault: FaultRecord | undefined;
  /** Lines of the log that the ITM's ports have begun, by port. */
  private readonly stimulusLines: Record<number, { cycle: number; text: string }> = {};
  private readonly watch: LoopWatch;

  /** @throws NotEmulated for a board of a family that has no models */
  constructor(ofBoard: Board, readonly image: RunnableImage, readonly options: ElfBoardOptions = {}) {
    super(ofBoard, { options, vectors: options.vectors ?? {} });
    const { board, machine } = this;
    machine.onReset = (cause) => this.requestReset(cause);
    machine.unmodelled.strict = options.strict ?? false;
    this.symbols = new Symbols(image.elf);
    this.frames = new CallFrames(image.elf);
    this.memory = this.takeMemories();
    for (const { address, bytes } of image.segments) this.load(address, bytes);
    const accelerator = this.plugAccelerator();
    this.counters = options.counting ? new CycleCounters(this.memory, this.memory.counters, board.flash, this.symbols.starts(), MAIN, options.about?.(this.symbols)) : undefined;
    if (this.counters) machine.observers.add(this.counters);
    this.hot = this.plugHotCode(accelerator);
    this.cpu = new ArmCpu({
      machine, blocks: this.coreBlocks, memory: this.memory, core: board.core, overclock: options.overclock,
      semihosting: options.semihosting && new Semihosting({ output: options.semihosting, hertz: () => toNumber(this.time.coreHertz) }).serve,
      flashTiming: accelerator, hot: this.hot, counters: this.counters, writeFlash: (address, size, value) => this.writeFlash(address, size, value),
      sleepDeep: () => this.sleepDeep(),
      wakeDeep: () => this.wakeDeep(),
      onFault: (record) => {
        this.faultCount++;
        if (this.faults.length < KEPT_FAULTS) this.faults.push(record);
        this.lastFault = record;
      },
    });
    this.chip.onRemap((origin) => this.cpu.memory.remap(origin));
    // The event line that EXTI and the core's WFE share (RM0090 12.2.3).
    machine.trigger('EVENT').listen((level) => {
      if (level) this.cpu.system.sendEvent();
    });
    this.coreBlocks.itm.onStimulus = (port, bytes) => this.stimulus(port, bytes);
    this.terminals = new Map(board.peripherals.filter((p) => p.model === 'usart').map(({ name, base }) => {
      const padsWith = (signal: string): string[] => Object.keys(board.alternateFunctions).filter((pad) => board.alternateFunctions[pad].some((f) => f.includes(signal)));
      return [name, new SerialTerminal(name, machine.bus.peripheralAt(base)!.peripheral as Usart, {
        timeline: machine.timeline, time: this.time, pads: { tx: padsWith(`${name}_TX`), rx: padsWith(`${name}_RX`) },
        pin: (pad) => this.pin(pad), padsOf: (signal) => machine.padsOf(signal),
      })];
    }));
    machine.observers.add({
      sleep: (from, to) => { this.sleepCycles += to - from; },
      exceptionEnter() {}, exceptionExit() {}, blockBoundary() {}, midiByte() {},
    });
    this.watch = new LoopWatch(this.machine, this.cpu, (address) => this.wordAt(address));
  }

  /** All memories side by side, where translated code reaches them: RAM, and the chip's own, which keep their contents. */
  private takeMemories(): ArmMemory {
    const { board, machine, chip } = this;
    const flashBytes = board.flash.byteCount;
    const memory = new ArmMemory([
      ...board.memory.map((m): ArmMemoryRegion => ({ name: m.name, origin: m.origin, byteCount: m.byteCount, kind: 'ram', dma: m.dma })),
      ...chip.memories.map((m): ArmMemoryRegion => (
        { name: m.name, origin: m.origin, byteCount: m.bytes.length, kind: m === chip.flash.region ? 'flash' : 'rom', dma: m.dma })),
    ], tableBytes(flashBytes), this.options.counting ? COUNTER_BYTES : 0);
    const own = new Map(chip.memories.map((m) => [m.origin, m]));
    for (const region of memory.regions) {
      const model = own.get(region.origin);
      if (model) {
        region.bytes.set(model.bytes);
        model.bytes = region.bytes;
      }
      machine.bus.addMemory(model ?? region);
    }
    return memory;
  }

  /** The accelerator does what FLASH_ACR says, and a flash that is busy holds up a core that runs from it (RM0090 3.6). */
  private plugAccelerator(): FlashAccelerator {
    const { memory, board, chip: { flash } } = this;
    const accelerator = new FlashAccelerator(memory, board.flash.byteCount, memory.tables);
    flash.onAccessChange(() => {
      const { waitStates, ...access } = flash.access;
      accelerator.configure({ ...access, latency: waitStates });
    });
    flash.onBusy(() => {
      const { executing: pc } = this.cpu;
      if (pc >= board.flash.origin && pc < board.flash.origin + board.flash.byteCount) this.cpu.stall(flash.busyUntil);
    });
    flash.onChange((offset, byteCount) => this.hot.invalidate(offset, byteCount));
    return accelerator;
  }

  private plugHotCode(accelerator: FlashAccelerator): HotCode {
    const { memory, board } = this;
    const code = memory.regions.find((r) => r.kind === 'flash')!;
    const halves = new DataView(code.bytes.buffer, code.bytes.byteOffset, code.byteCount);
    const rams = memory.regions.filter((r) => r.kind === 'ram');
    // The RAM that DMA reaches is the one that most data is in; regions that adjoin are one.
    const [first, ...others] = rams.filter((r) => r.dma);
    let byteCount = first.byteCount;
    for (const r of others) if (r.origin === first.origin + byteCount) byteCount += r.byteCount;
    return new HotCode({
      memory, code, accelerator, counters: this.counters, tables: memory.tables + acceleratorBytes(board.flash.byteCount),
      rams: [{ origin: first.origin, byteCount, offset: first.offset }, ...rams.filter((r) => r.origin < first.origin || r.origin >= first.origin + byteCount)],
      forbidden: (from, to, access) => this.coreBlocks.mpu.forbidden(from, to, access, true),
      decode: (pc, inIT) => decode(halves.getUint16(pc - code.origin, true), halves.getUint16(pc - code.origin + 2, true), pc, inIT),
    });
  }

  /** A store to memory that is no RAM goes to whoever programs it. */
  private writeFlash(address: number, size: 1 | 2 | 4, value: number): void {
    const region = this.chip.memories.find((m) => address >= m.origin && address < m.origin + m.bytes.length);
    region?.write?.(address - region.origin, value, size);
  }

  /** Puts bytes into memory or flash as a programmer does. @throws RangeError when there is none */
  load(address: number, bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const region = this.memory.regions.find((r) => address + at >= r.origin && address + at < r.origin + r.byteCount);
      if (region === undefined) throw new RangeError(`no memory at 0x${(address + at).toString(16)}`);
      const part = bytes.subarray(at, at + region.origin + region.byteCount - address - at);
      region.bytes.set(part, address + at - region.origin);
      at += part.length;
    }
  }

  /** A word of memory without time or side effect; undefined where there is no memory. What is seen at address 0 is seen here too. */
  wordAt(address: number): number | undefined {
    const a = address + (this.cpu.memory.spanAt(address, 4)?.alias ?? 0);
    const region = this.memory.regions.find((r) => a >= r.origin && a + 4 <= r.origin + r.byteCount);
    return region && new DataView(region.bytes.buffer, region.bytes.byteOffset, region.bytes.byteLength).getUint32(a - region.origin, true);
  }

  /** The terminal at a UART. @throws RangeError for one that the chip has not */
  terminal(name: string): SerialTerminal {
    const terminal = this.terminals.get(name.toUpperCase());
    if (!terminal) throw new RangeError(`${this.board.name} has no UART "${name}". It has ${[...this.terminals.keys()].sort().join(', ')}.`);
    return terminal;
  }

  /** Vectors, by name, whose handler in the image is not the one that most unused vectors share. */
  ownHandlers(): Set<string> {
    const { vectorTable } = this.image.start;
    const handlers = new Map<string, number>();
    for (let n = 2; n < this.machine.exceptions.count; n++) {
      const handler = this.wordAt(vectorTable + 4 * n);
      if (handler) handlers.set(this.nameOf(n), handler);
    }
    const counts = new Map<number, number>();
    for (const handler of handlers.values()) counts.set(handler, (counts.get(handler) ?? 0) + 1);
    return new Set([...handlers].filter(([name, handler]) => name !== '' && counts.get(handler) === 1).map(([name]) => name));
  }

  /** R0 to R15 now. */
  get registers(): number[] {
    return Array.from({ length: 16 }, (_, r) => this.cpu.state[r] >>> 0);
  }

  /** Where the core is: "main+0x12 (main.c:5)". */
  get place(): string {
    return this.symbols.describe(this.cpu.state[PC] >>> 0);
  }

  /** Who called whom, from these registers on. */
  backtrace(registers: readonly number[] = this.registers): Frame[] {
    const { cpu: { special } } = this;
    return backtrace(registers, { frames: this.frames, symbols: this.symbols, wordAt: (a) => this.wordAt(a), psp: special.psp >>> 0, msp: special.msp >>> 0 });
  }

  /** A fault in words. */
  explain(record: FaultRecord): string {
    return faultReport(record, {
      symbols: this.symbols, frames: this.backtrace([...record.registers.slice(0, SP), record.sp, record.lr, record.pc].map((r) => r >>> 0)),
      nameOf: (exception) => this.nameOf(exception), seconds: this.time.secondsAt(record.cycle),
    });
  }

  /** The core's place and who called, for what is no fault. */
  chain(): string {
    return chainLines(this.backtrace(), this.symbols).join('\n');
  }

  /** Puts the core before its first instruction, as after power-on or by a debugger. */
  reset(): void {
    const { image: { start }, cpu, board, machine } = this;
    cpu.reset();
    if (start.vectorTable === board.flash.origin) return;
    // An image that the chip would not start by itself is started as a debugger does it.
    machine.bus.write(VTOR, start.vectorTable, 4);
    cpu.special.msp = start.stackPointer;
    cpu.special.thumb = (start.reset & 1) !== 0;
    cpu.special.jump(start.reset);
  }

  /** Called some hundred times a second of emulated time. */
  protected look(): void {}

  protected override runCore(): void {
    this.reset();
    const { endsWhenStuck = true, patienceSeconds = Infinity, onLook } = this.options;
    const look = (): void => {
      onLook?.(this.now);
      this.look();
      if (this.now >= patienceSeconds) this.end();
    };
    if (endsWhenStuck) this.watch.start((what) => this.stuck(what), look);
    this.execute();
  }

  private execute(): void {
    try {
      this.drive();
    } catch (error) {
      this.ended(error);
    }
  }

  /** @throws the error, when it is none of the ways in which a run comes to its end */
  private ended(error: unknown): void {
    if (error instanceof FirmwareExit) this.ending = { kind: 'exit', code: error.code };
    else if (error instanceof Lockup) this.ending = { kind: 'fault', record: error.record, report: this.explain(error.record) };
    else if (!(error instanceof RunEnded)) throw this.describe(error);
  }

  /**
   * Hands the core, before its first instruction, to a debugger. The run goes on by itself when the debugger has let go of it.
   * @param debug works with the core until the run is over, or not
   * @param seconds of emulated time after which the run is over
   */
  async debug(debug: (target: DebugTarget) => Promise<'detached' | 'killed' | { readonly error: unknown }>, seconds = Infinity): Promise<void> {
    this.reset();
    if (seconds !== Infinity) this.at(seconds, () => this.end());
    const target = new Debugger(this.cpu, this.machine, this.coreBlocks);
    const outcome = await debug(target);
    if (outcome === 'killed') this.ending = { kind: 'killed' };
    else if (outcome === 'detached') {
      target.detach();
      this.execute();
    } else this.ended(outcome.error);
    this.settle();
  }

  protected override settle(): void {
    super.settle();
    this.cpu.reportSleep();
  }

  /** The end of the run when its time is over: inside a fault's handler it is a fault. */
  settleEnding(): void {
    if (this.ending.kind !== 'time' || this.lastFault === undefined || !this.isFaultActive) return;
    this.ending = { kind: 'fault', record: this.lastFault, report: this.explain(this.lastFault) };
  }

  override describe(error: unknown): Error {
    if (!(error instanceof Error)) return new Error(String(error));
    if (error instanceof EmulationError) return error;
    return new EmulationError(`${error.message}\n${this.chain()}\n  cycle ${this.cycle}, ${this.now.toFixed(6)} s after reset`, { cause: error });
  }

  private get isFaultActive(): boolean {
    return FAULTS.some((exception) => this.machine.exceptions.isActive(exception));
  }

  private nameOf(exception: number): string {
    return this.machine.vectorName(exception - FIRST_IRQ);
  }

  /** The core can do nothing else any more. */
  private stuck(what: 'sleep' | 'handler' | 'masked' | 'idle'): void {
    const { place, lastFault } = this;
    if (lastFault !== undefined && this.isFaultActive) this.ending = { kind: 'fault', record: lastFault, report: this.explain(lastFault) };
    else if (what === 'sleep') this.ending = { kind: 'sleep', place: this.placeOfSleep() };
    else this.ending = { kind: 'loop', place, why: what, handler: what === 'handler' ? this.nameOf(this.machine.exceptions.current) : undefined };
    this.end();
  }

  /** The line that sleeps is often one of a header; its caller says more. */
  private placeOfSleep(): string {
    return this.symbols.describe((this.cpu.state[PC] >>> 0) - 2);
  }

  /** Resets chip and core as by the reset pin, and leaves the core before its first instruction. */
  resetByDebugger(): void {
    this.recorder.abandon();
    this.chip.reset('pin');
    this.reset();
  }

  /** SCR.SLEEPDEEP: stop, or standby, in which the core has no power and RAM forgets (RM0090 5.3.5, 5.3.6). */
  private sleepDeep(): void {
    if (this.chip.deepSleep === 'stop') {
      this.coreBlocks.systick.hold(true);
      this.chip.enterStop();
      return;
    }
    this.coreBlocks.reset();
    for (const { kind, bytes } of this.memory.regions) if (kind === 'ram') bytes.fill(0);
    this.chip.enterStandby();
  }

  private wakeDeep(): number {
    this.coreBlocks.systick.hold(false);
    return this.chip.leaveStop();
  }

  /** What the firmware writes to the ITM's ports is text, line by line. */
  private stimulus(port: number, bytes: readonly number[]): void {
    const { log, timeline } = this.machine;
    for (const byte of bytes) {
      if (byte === 10) delete this.stimulusLines[port];
      else if (byte !== 13) {
        let line = this.stimulusLines[port];
        if (line === undefined) log.push(line = this.stimulusLines[port] = { cycle: timeline.now, text: '' });
        line.text += String.fromCharCode(byte);
      }
    }
  }

  private requestReset(cause: ResetCause): void {
    this.resetCount++;
    this.recorder.abandon();
    this.chip.reset(cause);
    this.cpu.requestReset();
  }
}

