// SPDX-License-Identifier: MIT
// Pads and the alternate functions routed to them: RM0090 rev 18, 8.3; signal names as in the data sheet's table of alternate functions.

import { AnalogNet } from '../../machine/analog-net.js';
import type { Diagnostic } from '../../machine/peripheral.js';
import type { Timeline } from '../../machine/timeline.js';
import { Wire, type Level } from '../../machine/wire.js';

/** How a port sets a pad up. */
export interface PadSetup {
  readonly mode: 'input' | 'output' | 'alternate' | 'analog';
  readonly openDrain: boolean;
  readonly pull: 'none' | 'up' | 'down';
  /** Level of the output data register. */
  readonly output: Level;
  /** Signals of the selected alternate function, whatever the mode. */
  readonly signals: readonly string[];
}

/** Signals that the chip drives as soon as they are routed. I2C's lines count as driven: the bus itself is modelled as a bus, not as wires. */
const DRIVEN = /^(USART|UART|CAN)\d_TX$|^USART\d_(RTS|CK)$|^I2S\d_MCK$|^I2C\d_(SCL|SDA)$|^MCO\d$|^TRACE|^JTDO$/;
/** Signals that their block drives or listens to, as it is set up. I2S is modelled as a bus, and leaves its pads to the SPI's signals on them. */
const EITHER = /^SPI\d_(SCK|MOSI|MISO|NSS)$|^I2S\d(ext)?_(CK|WS|SD)$|^TIM\d+_CH\dN?$|^I2C\d_SMBA$/;

/** Whether the chip may drive the signal: all others are inputs. */
export const isDriven = (signal: string): boolean => DRIVEN.test(signal) || EITHER.test(signal);

/** What a pad without any drive or pull shows, until it is driven for the first time. */
const FLOATING: Level = 1;
/** What an input signal shows while no pad is routed to it: lines that rest high do, timers' inputs show 0. */
const idleOf = (signal: string): Level => (signal.startsWith('TIM') ? 0 : 1);

/** The peripheral's end of an alternate function: what it drives, if it does, and what comes in from the pads. */
class Signal extends Wire {
  private readonly fromPads: Wire | undefined;
  private driving: boolean;

  constructor(name: string, timeline: Timeline, private readonly onDrive: (name: string) => void, private readonly isWatched: (name: string) => boolean) {
    super(name, timeline, idleOf(name));
    this.driving = DRIVEN.test(name);
    if (isDriven(name)) this.fromPads = new Wire(name, timeline, idleOf(name));
  }

  /** Level that the peripheral puts on the pads; undefined when it drives nothing. */
  get driven(): Level | undefined {
    return this.driving ? this.level : undefined;
  }
  override get incoming(): Wire {
    return this.fromPads ?? this;
  }

  override get watched(): boolean {
    return this.isWatched(this.name);
  }

  override drive(level: Level, enabled = true): void {
    if (enabled === this.driving && (level === this.level || !enabled)) return;
    this.driving = enabled;
    if (enabled) super.set(level);
    this.onDrive(this.name);
  }
  override set(level: Level): void {
    this.drive(level);
  }

  /** The pads' level has changed. */
  hear(level: Level): void {
    if (this.fromPads !== undefined) this.fromPads.set(level);
    else super.set(level);
  }
}

/**
 * A pad of the chip. Whoever is outside drives it with `set` and lets it go with `release`, or holds it by a resistor; `level` is what is on the
 * pad after all drives and pulls: a drive wins over a resistor, that over the chip's own pull, low over high, and a pad that nothing drives or
 * pulls keeps its level.
 */
export class Pad extends Wire {
  /** The voltage that somebody puts on the pad. The Schmitt trigger sees it as a level: below 0.3 VDD low, above 0.7 VDD high, between them as it was. */
  readonly analog: AnalogNet;
  private outside: Level | undefined;
  private held: Level | undefined;
  private setup: PadSetup = { mode: 'input', openDrain: false, pull: 'none', output: 0, signals: [] };
  private shorted = false;

  constructor(name: string, timeline: Timeline, private readonly router: PadRouter) {
    super(name, timeline, FLOATING);
    this.analog = new AnalogNet(name, timeline);
    this.analog.onChange((volts) => {
      const share = volts / router.vddVolts;
      if (share >= 0.7) this.set(1);
      else if (share <= 0.3) this.set(0);
    });
  }

  /** What the ADC sees, in volts: the voltage on the pad, else that of a digital drive or a pull-up, else 0. */
  get volts(): number {
    const { volts } = this.analog;
    if (volts !== undefined) return volts;
    const level = this.chipDrive() ?? this.outside ?? this.held ?? (this.setup.pull === 'up' && this.setup.mode !== 'analog' ? 1 : 0);
    return level * this.router.vddVolts;
  }

  get routed(): readonly string[] {
    return this.setup.mode === 'alternate' ? this.setup.signals : [];
  }

  /** Drives the pad from outside of the chip. */
  override set(level: Level): void {
    this.outside = level;
    this.resolve();
  }

  /** Takes the outside's drive away. */
  release(): void {
    this.outside = undefined;
    this.resolve();
  }

  /** A resistor on the board to one of the rails, for good. It gives way to whatever drives the pad. */
  hold(level: Level): void {
    this.held = level;
    this.resolve();
  }

  /** Level as the port's Schmitt trigger gives it to the chip: 0 in analog mode (8.3.12). */
  get input(): Level {
    return this.setup.mode === 'analog' ? 0 : this.level;
  }

  configure(setup: PadSetup): void {
    const before = this.routed;
    this.setup = setup;
    this.resolve();
    for (const signal of before) if (!this.routed.includes(signal)) this.router.unroute(signal, this);
    for (const signal of this.routed) this.router.route(signal, this);
  }

  /** Works out the level, and hands it on to the input signals that are routed here. */
  resolve(): void {
    const chip = this.chipDrive();
    if (chip !== undefined && this.outside !== undefined && chip !== this.outside && !this.setup.openDrain && !this.shorted) {
      this.shorted = true;
      this.router.diagnose({ where: this.name, message: `the chip drives ${this.name} to ${chip} and the board drives it to ${this.outside}` });
    }
    const { pull, mode } = this.setup;
    const rest = this.held ?? (mode === 'analog' || pull === 'none' ? this.level : pull === 'up' ? 1 : 0);
    const level = chip === undefined && this.outside === undefined ? rest : chip === 0 || this.outside === 0 ? 0 : 1;
    if (level === this.level) return;
    super.set(level);
    for (const signal of this.routed) this.router.updateInput(signal);
  }

  /** What the chip puts on the pad; undefined when it drives nothing. */
  private chipDrive(): Level | undefined {
    const { mode, openDrain, output, signals } = this.setup;
    let level: Level;
    if (mode === 'output') level = output;
    else if (mode === 'alternate') {
      const drives = signals.map((s) => this.router.driveOf(s)).filter((drive) => drive !== undefined);
      if (drives.length === 0) return undefined;
      level = drives.every((drive) => drive === 1) ? 1 : 0;
    } else return undefined;
    return openDrain && level === 1 ? undefined : level;
  }
}

/** All pads of a chip and all ends of alternate functions, and which is joined to which. One for a machine. */
export class PadRouter {
  private readonly pads = new Map<string, Pad>();
  private readonly signals = new Map<string, Signal>();
  private readonly routes = new Map<string, Set<Pad>>();

  constructor(private readonly timeline: Timeline, readonly diagnose: (finding: Diagnostic) => void, readonly vddVolts = 3.3) {}

  /** A pad by its name (PA3). */
  pad(name: string): Pad {
    let pad = this.pads.get(name);
    if (pad === undefined) this.pads.set(name, pad = new Pad(name, this.timeline, this));
    return pad;
  }

  /** The peripheral's end of an alternate function (USART2_RX). */
  signal(name: string): Wire {
    return this.end(name);
  }

  /** What the peripheral drives the signal to; undefined when it does not, or is not there. */
  driveOf(name: string): Level | undefined {
    return isDriven(name) ? this.end(name).driven : undefined;
  }

  private end(name: string): Signal {
    let signal = this.signals.get(name);
    if (signal === undefined) {
      signal = new Signal(
        name, this.timeline, (driver) => this.routes.get(driver)?.forEach((pad) => pad.resolve()),
        (driver) => [...(this.routes.get(driver) ?? [])].some((pad) => pad.watched),
      );
      this.signals.set(name, signal);
      this.updateInput(name);
    }
    return signal;
  }

  /** Names of the pads that a signal is routed to now. */
  padsOf(signal: string): readonly string[] {
    return [...(this.routes.get(signal) ?? [])].map((pad) => pad.name);
  }

  /** Joins a signal to a pad. */
  route(signal: string, pad: Pad): void {
    const pads = this.routes.get(signal) ?? new Set();
    this.routes.set(signal, pads);
    if (pads.has(pad)) return;
    pads.add(pad);
    if (pads.size > 1 && !isDriven(signal)) this.diagnose({ where: pad.name, message: `${signal} is an input and routed to ${this.padsOf(signal).join(' and ')} at once` });
    this.updateInput(signal);
  }

  unroute(signal: string, pad: Pad): void {
    if (this.routes.get(signal)?.delete(pad)) this.updateInput(signal);
  }

  /** Gives an input signal the level of its pads: low when one of several is low, idle when there is none. */
  updateInput(signal: string): void {
    const pads = this.routes.get(signal);
    const level: Level = pads === undefined || pads.size === 0 ? idleOf(signal) : [...pads].every((pad) => pad.level === 1) ? 1 : 0;
    this.signals.get(signal)?.hear(level);
  }
}
