// SPDX-License-Identifier: MIT
// A core that runs an engine's code until the timeline's next appointment, and lets exceptions pre-empt it as a Cortex-M does.
//
// The engine counts down the cycles left until the next appointment. When they run out it calls `tick`, between two pieces of its code; time is
// brought up to the present, and whatever exception is due runs as a nested call of its handler, on top of the interrupted code, which
// continues when the handler has returned: the order of a Cortex-M, with the engine's stack as its stack.

import { abi, type AbiImports } from '../abi.js';
import { BusError } from '../machine/errors.js';
import { FIRST_IRQ } from '../machine/exceptions.js';
import type { Machine } from '../machine/machine.js';
import type { Vector } from '../vectors.js';

/** The counter is an i32; no deadline is further away than this. */
const FARTHEST = 2 ** 30;

export interface CpuConfig {
  readonly machine: Machine;
  readonly vectors: readonly Vector[];
  /** Cycles of exception entry, exit, and of going from one handler to the next. */
  readonly core: { readonly exceptionEntryCycles: number; readonly exceptionExitCycles: number; readonly tailChainCycles: number };
  /** Cycles of the shim's dispatcher on the way into a handler. */
  readonly dispatch: number;
  /** How many cycles' worth of instructions the core does in one cycle: 1, or more to let a slow engine keep up. */
  readonly overclock: number;
  /** Physical address at which linear memory lies. */
  readonly memoryAddress: number;
  /** Told of linear memory once it is there. It never grows, so the array stays good. */
  readonly onMemory: (bytes: Uint8Array) => void;
}

/** Abort of the firmware: a failed assertion or a bounds check of AssemblyScript's. */
export class FirmwareAbort extends Error {
  override readonly name = 'FirmwareAbort';
  constructor(message: string, readonly file: string, readonly line: number, readonly column: number) {
    super(message);
  }
}

type Handler = { readonly vector: Vector; readonly call: () => void };

/** The part that every engine shares. A subclass supplies the countdown and the handlers, and calls `tick` when the countdown is below zero. */
export abstract class PreEmptiveCpu {
  /** Handlers that are running, outermost first, for reports of a trap. */
  readonly running: string[] = [];
  /** Linear memory, as bytes and as words. */
  protected bytes: Uint8Array = new Uint8Array(0);
  private words: Uint32Array = new Uint32Array(0);
  /** Exceptions of the running handlers. */
  private readonly active: number[] = [];
  private deadline = 0;
  /** What the countdown was set to last, and what had been charged by then. */
  private armed = 0;
  private chargedBefore = 0;
  /** Cycles that the engine has left until its next `tick`; below 0 when that is due. */
  protected getLeft!: () => number;
  protected setLeft!: (cycles: number) => void;
  private readonly handlers = new Map<number, Handler>();
  /** Since when the core sleeps; undefined while it is awake. */
  asleepSince: number | undefined;

  constructor(protected readonly config: CpuConfig) {}

  /** Resets and runs the firmware, `init` and then `main`, until something throws. */
  abstract run(): never;

  /** Byte offsets in the firmware's module of what was being executed when an error was thrown, innermost first; empty when that is not known. */
  abstract offsetsOf(error: unknown): number[];

  /** Takes linear memory over. It never grows, so the arrays stay good. */
  protected useMemory(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
    this.config.onMemory(bytes);
  }

  /** Binds the handlers. @param handlerOf what calls the handler of a vector, by its place in the table */
  protected bind(handlerOf: (vector: Vector, index: number) => () => void): void {
    const { machine: { exceptions }, vectors } = this.config;
    for (const [index, vector] of vectors.entries()) {
      const exception = FIRST_IRQ + vector.irq;
      exceptions.setPriority(exception, vector.priority << (8 - exceptions.priorityBits));
      this.handlers.set(exception, { vector, call: handlerOf(vector, index) });
    }
    this.arm();
  }

  /** Ends the handlers that a trap has torn down, so that other code can be called. */
  abandonHandlers(): void {
    const { exceptions } = this.config.machine;
    for (let exception = this.active.pop(); exception !== undefined; exception = this.active.pop()) exceptions.deactivate(exception);
    this.running.length = 0;
    exceptions.primask = false;
  }

  /** The present, from what the engine has left. */
  get now(): number {
    return this.deadline - Math.floor(this.getLeft() / this.config.overclock);
  }

  /** What the engine has charged for code since reset, in cycles before overclocking. */
  get charged(): number {
    return this.chargedBefore + this.armed - this.getLeft();
  }

  protected tick(): void {
    this.synchronise();
    this.serve();
  }

  /** Brings the timeline up to the present: all that is due happens. */
  protected synchronise(): void {
    const { timeline } = this.config.machine;
    const { now } = this;
    if (now > timeline.now || timeline.nextDue <= now) timeline.advanceTo(Math.max(now, timeline.now));
  }

  /** Sets the countdown for the next appointment, or for at once when an exception may have become takeable meanwhile. */
  protected arm(): void {
    const { machine: { timeline, exceptions }, overclock } = this.config;
    this.deadline = exceptions.attention ? timeline.now : Math.min(timeline.nextDue, timeline.now + Math.floor(FARTHEST / overclock));
    this.chargedBefore = this.charged;
    this.armed = Math.floor((this.deadline - timeline.now) * overclock);
    this.setLeft(this.armed);
  }

  /** Lets the core's own fixed-time work pass. */
  private spend(cycles: number): void {
    const { timeline } = this.config.machine;
    timeline.advanceTo(timeline.now + Math.round(cycles / this.config.overclock));
  }

  /** Takes what may be taken, then lets the interrupted code go on. */
  private serve(): void {
    const { exceptions } = this.config.machine;
    while (exceptions.attention) this.takeExceptions();
    this.arm();
  }

  private takeExceptions(): void {
    const { machine, core, dispatch } = this.config;
    const { exceptions, timeline, observers } = machine;
    exceptions.attention = false;
    if (exceptions.next() === 0) return;
    let enteredAt = timeline.now;
    this.spend(core.exceptionEntryCycles);
    // Asked again after stacking: a more urgent one that arrived meanwhile goes first (late arrival).
    for (let exception = exceptions.next(); exception !== 0; exception = exceptions.next()) {
      const handler = this.handlers.get(exception);
      if (!handler) {
        const name = machine.vectorName(exception - FIRST_IRQ);
        throw new Error(`${name} interrupts, but the firmware has no handler for it: mark a function with @isr("${name}", priority), or do not enable it`);
      }
      const { name } = handler.vector;
      const pendedAt = exceptions.pendedAt(exception);
      exceptions.activate(exception);
      // One that arrives late, during the stacking for another, did not wait at all.
      observers.exceptionEnter(name, Math.max(enteredAt, pendedAt), pendedAt);
      this.running.push(name);
      this.active.push(exception);
      this.spend(dispatch);
      this.arm();
      handler.call();
      this.synchronise();
      this.running.pop();
      this.active.pop();
      exceptions.deactivate(exception);
      const next = exceptions.next();
      this.spend(next === 0 ? core.exceptionExitCycles : core.tailChainCycles);
      enteredAt = timeline.now;
      observers.exceptionExit(name, enteredAt);
    }
  }

  protected imports(): AbiImports {
    const { machine, memoryAddress } = this.config;
    const { bus, exceptions, timeline } = machine;
    // Linear memory seen through the bus is the firmware's own: nothing is due before the countdown runs out, so no time need be told for it.
    const inMemory = (address: number, size: number): number => {
      const offset = (address >>> 0) - memoryAddress;
      return offset >= 0 && offset + size <= this.bytes.length && offset % size === 0 ? offset : -1;
    };
    const load = (size: 1 | 2 | 4) => (address: number): number => {
      const offset = inMemory(address, size);
      if (offset >= 0) return size === 4 ? this.words[offset >> 2] : size === 2 ? this.bytes[offset] | (this.bytes[offset + 1] << 8) : this.bytes[offset];
      this.synchronise();
      const value = bus.read(address >>> 0, size);
      this.afterAccess();
      return value;
    };
    const store = (size: 1 | 2 | 4) => (address: number, value: number): void => {
      const offset = inMemory(address, size);
      if (offset >= 0) {
        if (size === 4) this.words[offset >> 2] = value;
        else for (let i = 0; i < size; i++) this.bytes[offset + i] = value >>> (8 * i);
        return;
      }
      this.synchronise();
      bus.write(address >>> 0, value, size);
      this.afterAccess();
    };
    const exceptionOf = (irq: number): number => {
      const exception = FIRST_IRQ + irq;
      if (exception < 1 || exception >= exceptions.count) throw new BusError(0, 'write', `interrupt ${irq} does not exist on this chip`);
      return exception;
    };
    return {
      load8: load(1), load16: load(2), load32: load(4), store8: store(1), store16: store(2), store32: store(4),
      irqEnable: (irq) => this.access(() => exceptions.enable(exceptionOf(irq))),
      irqDisable: (irq) => this.access(() => exceptions.disable(exceptionOf(irq))),
      irqPend: (irq) => this.access(() => exceptions.setPending(exceptionOf(irq))),
      irqPriority: (irq, priority) => {
        const levels = 1 << exceptions.priorityBits;
        if (priority >>> 0 >= levels) throw new BusError(0, 'write', `priority ${priority >>> 0}: the chip has 0 to ${levels - 1}`);
        this.access(() => exceptions.setPriority(exceptionOf(irq), priority << (8 - exceptions.priorityBits)));
      },
      irqMask: () => {
        const state = exceptions.primask ? 1 : 0;
        exceptions.primask = true;
        return state;
      },
      irqRestore: (state) => {
        exceptions.primask = state !== 0;
        if (exceptions.next() === 0) return;
        this.synchronise();
        exceptions.attention = true;
        this.serve();
      },
      waitForInterrupt: () => this.waitForInterrupt(),
      cycleCounter: () => {
        this.synchronise();
        return timeline.now % 2 ** 32 | 0;
      },
      dcacheClean: (offset, byteCount) => this.checkRange('dcacheClean', offset, byteCount),
      dcacheInvalidate: (offset, byteCount) => this.checkRange('dcacheInvalidate', offset, byteCount),
      memoryAddress: () => memoryAddress,
      log: (offset, byteCount) => {
        this.checkRange('log', offset, byteCount);
        this.log(this.bytes.slice(offset >>> 0, (offset >>> 0) + (byteCount >>> 0)));
      },
      abort: (message, file, line, column) => this.abort(message, file, line, column),
    };
  }

  /** A register access may have pended an interrupt or moved the next appointment: take the one now, arm for the other. */
  private afterAccess(): void {
    const { exceptions, timeline } = this.config.machine;
    if (exceptions.attention) this.serve();
    else if (timeline.nextDue < this.deadline || timeline.nextDue <= timeline.now) this.arm();
  }

  private access(action: () => void): void {
    this.synchronise();
    action();
    this.afterAccess();
  }

  protected waitForInterrupt(): void {
    const { exceptions, timeline, observers } = this.config.machine;
    this.synchronise();
    const from = timeline.now;
    this.asleepSince = from;
    try {
      while (!exceptions.wakesFromWfi()) {
        if (timeline.nextDue === Infinity) throw new Error('the firmware sleeps for ever: no interrupt is enabled that could wake it');
        timeline.advanceTo(timeline.nextDue);
      }
    } finally {
      // The run may end in a sleep.
      this.asleepSince = undefined;
      if (timeline.now > from) observers.sleep(from, timeline.now);
    }
    exceptions.attention = true;
    this.serve();
  }

  /** Keeps text that the firmware logged, with the time. */
  protected log(text: Uint8Array): void {
    const { machine } = this.config;
    this.synchronise();
    machine.log.push({ cycle: machine.timeline.now, text: new TextDecoder().decode(text) });
  }

  /** @throws FirmwareAbort with the strings that lie in the firmware's memory */
  protected abort(message: number, file: number, line: number, column: number): never {
    throw new FirmwareAbort(this.string(message) || 'abort', this.string(file), line >>> 0, column >>> 0);
  }

  private checkRange(name: keyof typeof abi, offset: number, byteCount: number): void {
    if ((offset >>> 0) + (byteCount >>> 0) > this.bytes.length) {
      throw new BusError(offset >>> 0, 'read', `${name}(${offset >>> 0}, ${byteCount >>> 0}) reaches beyond linear memory`);
    }
  }

  /** An AssemblyScript string: UTF-16, its byte length in the four bytes in front of it. */
  string(pointer: number): string {
    if (pointer === 0) return '';
    const byteCount = new DataView(this.bytes.buffer, this.bytes.byteOffset).getUint32(pointer - 4, true);
    return new TextDecoder('utf-16le').decode(this.bytes.slice(pointer, pointer + byteCount));
  }
}
