// SPDX-License-Identifier: MIT
// A bench for specs of peripheral models: real timeline, bus and wires; clocks, pads, interrupt and DMA lines as the spec sets them.

import { AnalogNet } from '../machine/analog-net.js';
import { Bus } from '../machine/bus.js';
import { DmaRequestLine } from '../machine/dma-request.js';
import { divide, fraction, type Fraction } from '../machine/fraction.js';
import { I2cBus, I2sBus, SpiBus } from '../machine/links.js';
import type { Diagnostic, ModelContext, ResetCause } from '../machine/peripheral.js';
import { Timeline } from '../machine/timeline.js';
import { TriggerLine } from '../machine/trigger.js';
import { Wire } from '../machine/wire.js';

export class BenchDmaRequest extends DmaRequestLine {
  /** How often the line rose. */
  rises = 0;
  onChange: (active: boolean) => void = () => {};
  constructor(name: string) {
    super(name);
    this.listen((active) => {
      if (active) this.rises++;
      this.onChange(active);
    });
  }
}

function lazily<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name)!;
  };
}

/** Stands in for the machine around one model. Core clock as given; other clocks set with `setClock`. */
export class ModelBench implements ModelContext {
  readonly timeline = new Timeline();
  readonly bus = new Bus();
  readonly diagnostics: Diagnostic[] = [];
  /** Interrupt lines that are high. */
  readonly interrupts = new Set<string>();
  /** How often each interrupt line rose. */
  readonly interruptRises = new Map<string, number>();
  readonly signal = lazily((name) => new Wire(name, this.timeline));
  readonly dmaRequest = lazily((name) => new BenchDmaRequest(name));
  readonly i2sBus = lazily((name) => new I2sBus(name));
  readonly spiBus = lazily((name) => new SpiBus(name));
  readonly i2cBus = lazily((name) => new I2cBus(name));
  readonly trigger = lazily((name) => new TriggerLine(name));
  readonly analog = lazily((name) => new AnalogNet(name, this.timeline));
  /** Resets that a model has asked for. */
  readonly resets: ResetCause[] = [];
  /** Models' ends of each interrupt line, which are ORed. */
  private readonly ends = new Map<string, { active: boolean }[]>();
  private readonly hz = new Map<string, Fraction>();
  private readonly pads = new Map<string, string[]>();
  private readonly clockListeners: (() => void)[] = [];

  constructor(coreHertz = 168_000_000) {
    this.hz.set('HCLK', fraction(coreHertz));
  }

  readonly clocks = {
    running: (clock: string) => this.hz.has(clock),
    hertz: (clock: string) => {
      const hz = this.hz.get(clock);
      if (!hz) throw new Error(`clock ${clock} is not running`);
      return hz;
    },
    cyclesPerTick: (clock: string) => divide(this.hz.get('HCLK')!, this.clocks.hertz(clock)),
    onChange: (listener: () => void) => void this.clockListeners.push(listener),
  };

  setClock(name: string, hertz: Fraction | number): void {
    this.hz.set(name, typeof hertz === 'number' ? fraction(hertz) : hertz);
    for (const listener of this.clockListeners) listener();
  }

  /** Says which pads a signal is routed to; default is one pad for every signal, so that models are connected. */
  route(signal: string, pads: string[]): void {
    this.pads.set(signal, pads);
  }
  padsOf(signal: string): readonly string[] {
    return this.pads.get(signal) ?? ['PX0'];
  }

  interrupt(vector: string) {
    const own = { active: false };
    this.ends.set(vector, [...(this.ends.get(vector) ?? []), own]);
    return {
      set: (active: boolean) => {
        own.active = active;
        if (active && !this.interrupts.has(vector)) this.interruptRises.set(vector, (this.interruptRises.get(vector) ?? 0) + 1);
        if (this.ends.get(vector)!.some((end) => end.active)) this.interrupts.add(vector);
        else this.interrupts.delete(vector);
      },
    };
  }

  requestReset(cause: ResetCause): void {
    this.resets.push(cause);
  }

  diagnose(finding: Diagnostic): void {
    this.diagnostics.push(finding);
  }

  /** Lets `cycles` pass. */
  run(cycles: number): void {
    this.timeline.advanceTo(this.timeline.now + cycles);
  }
}
