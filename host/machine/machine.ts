// SPDX-License-Identifier: MIT
// One machine: time, exceptions, bus, the lines between models, and what watches them. It names no chip; a chip is plugged into it.

import { AnalogNet } from './analog-net.js';
import { Bus } from './bus.js';
import { DmaRequestLine } from './dma-request.js';
import { ExceptionController, FIRST_IRQ } from './exceptions.js';
import { I2cBus, I2sBus, SpiBus } from './links.js';
import { Observers } from './observer.js';
import type { ClockTree, Diagnostic, InterruptLine, ModelContext, ResetCause } from './peripheral.js';
import { CORE_VECTORS } from '../vectors.js';
import { Timeline } from './timeline.js';
import { TriggerLine } from './trigger.js';
import { Unmodelled } from './unmodelled.js';
import { Wire } from './wire.js';

const CORE_NAMES = new Map(Object.entries(CORE_VECTORS).map(([name, irq]) => [irq, name]));

/** Names each kind of thing once, making it when it is first asked for. */
function lazily<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    let thing = made.get(name);
    if (thing === undefined) made.set(name, (thing = make(name)));
    return thing;
  };
}

export interface MachineConfig {
  /** Interrupt lines by the manual's names, in order of their numbers; a gap is an empty name. */
  readonly vectors: readonly string[];
  readonly priorityBits: number;
  /** What models that are random on the chip start from; default 0. */
  readonly seed?: number;
}

/** Thrown out of the timeline to end a run; nothing has gone wrong. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
}

export class Machine implements ModelContext {
  readonly timeline = new Timeline();
  /** Whether an access to what has no model is an error (the default) or a finding. */
  readonly unmodelled = new Unmodelled((finding) => this.diagnose(finding));
  readonly bus = new Bus(this.unmodelled);
  readonly exceptions: ExceptionController;
  readonly observers = new Observers();
  readonly diagnostics: Diagnostic[] = [];
  readonly dmaRequest = lazily((name) => new DmaRequestLine(name));
  readonly i2sBus = lazily((name) => new I2sBus(name));
  readonly spiBus = lazily((name) => new SpiBus(name));
  readonly i2cBus = lazily((name) => new I2cBus(name));
  readonly trigger = lazily((name) => new TriggerLine(name));
  /** Lines of text that the firmware logged, with the cycle of each. */
  readonly log: { cycle: number; text: string }[] = [];
  /** The chip's part, set when it is plugged in: clocks, and the joints between pads and alternate functions. */
  clocks!: ClockTree;
  signal: (name: string) => Wire = lazily((name) => new Wire(name, this.timeline));
  padsOf: (signal: string) => readonly string[] = () => [];
  analog: (pad: string) => AnalogNet = lazily((name) => new AnalogNet(name, this.timeline));
  /** What a request for a reset does; whoever runs the machine sets it. It may be called amid an instruction or an appointment. */
  onReset: (cause: ResetCause) => void = (cause) => {
    const who = cause === 'software' ? 'the firmware asked for a system reset (SCB_AIRCR.SYSRESETREQ)' : `there was a system reset (${cause})`;
    throw new Error(`${who}, which ends a run here`);
  };

  /** Names of all exceptions by their numbers; empty where there is none. */
  private readonly exceptionNames: readonly string[];
  private readonly sharedLine = lazily((vector) => ({ line: this.exceptions.line(this.config.vectors.indexOf(vector)), active: 0 }));

  constructor(private readonly config: MachineConfig) {
    this.exceptionNames = [...Array.from({ length: FIRST_IRQ }, (_, n) => CORE_NAMES.get(n - FIRST_IRQ) ?? ''), ...config.vectors];
    this.exceptions = new ExceptionController(this.timeline, config.vectors.length, config.priorityBits);
  }

  get seed(): number {
    return this.config.seed ?? 0;
  }

  requestReset(cause: ResetCause): void {
    this.onReset(cause);
  }

  /**
   * A model's own end of an interrupt line; models that share a vector are ORed, as on the chip.
   * @throws Error when the chip has no such vector: a mistake in the chip's data
   */
  interrupt(vector: string): InterruptLine {
    const irq = this.config.vectors.indexOf(vector);
    if (irq < 0) throw new Error(`the chip has no interrupt ${vector}`);
    const shared = this.sharedLine(vector);
    let own = false;
    return {
      set: (active) => {
        if (active === own) return;
        own = active;
        shared.active += active ? 1 : -1;
        shared.line.set(shared.active > 0);
      },
    };
  }

  /** The manual's name of an interrupt or core exception, by CMSIS's number. */
  vectorName(irq: number): string {
    return this.exceptionNames[FIRST_IRQ + irq] || `interrupt ${irq}`;
  }

  /** Keeps each finding once, however often it happens. */
  diagnose(finding: Diagnostic): void {
    if (!this.diagnostics.some((d) => d.where === finding.where && d.message === finding.message)) this.diagnostics.push(finding);
  }
}
