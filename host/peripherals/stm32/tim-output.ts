// SPDX-License-Identifier: MIT
// One channel's way from its reference to the pins: polarity, complementary output, dead time, and what break and MOE leave of it.
// RM0090 rev 18, 17.3.11 and 17.3.12, table 98 (control bits of complementary outputs), table 101 (outputs without break).

import type { Appointment, Timeline } from '../../machine/timeline.js';
import type { Level, Wire } from '../../machine/wire.js';
import { OutputPin } from './output-pin.js';

/** What the registers say about one channel's outputs. */
export interface OutputSetup {
  /** CCxE, CCxP, CCxNE, CCxNP. */
  readonly enabled: boolean;
  readonly inverted: boolean;
  readonly complementEnabled: boolean;
  readonly complementInverted: boolean;
  /** MOE; always set on a timer without break. */
  readonly main: boolean;
  /** OSSR and OSSI: whether an output that is off is driven to its inactive level while MOE is 1, or 0. */
  readonly offWhenRunning: boolean;
  readonly offWhenIdle: boolean;
  /** OISx and OISxN. */
  readonly idle: Level;
  readonly complementIdle: Level;
  /** Dead time in core cycles. */
  readonly deadCycles: number;
}

export class TimOutput {
  private readonly pin: OutputPin;
  private readonly complement: OutputPin | undefined;
  private reference: Level = 0;
  /** Cycle from which the side that the reference turned on may be active. */
  private activeFrom = 0;
  /** Cycle from which OISx and OISxN may show after MOE fell. */
  private idleFrom = 0;
  private main = false;
  private due: Appointment | undefined;
  private setup: OutputSetup | undefined;

  constructor(private readonly timeline: Timeline, wire: Wire, complement: Wire | undefined) {
    for (const line of [wire, complement]) line?.drive(0, false);
    this.pin = new OutputPin(wire);
    this.complement = complement && new OutputPin(complement);
  }

  update(reference: Level, setup: OutputSetup): void {
    const { now } = this.timeline;
    this.setup = setup;
    const both = setup.enabled && setup.complementEnabled;
    if (reference !== this.reference) {
      this.reference = reference;
      this.activeFrom = now + (both ? setup.deadCycles : 0);
    }
    if (this.main && !setup.main) this.idleFrom = now + (both ? setup.deadCycles : 0);
    this.main = setup.main;
    this.show();
    const next = this.main ? this.activeFrom : this.idleFrom;
    this.timeline.cancel(this.due);
    if (next > now) this.due = this.timeline.at(next, () => this.show());
  }

  private show(): void {
    const setup = this.setup!;
    const { now } = this.timeline;
    if (setup.main) {
      this.pin.set(setup.enabled ? this.mainLevel(setup, now) : this.off(setup.inverted), setup.enabled || (setup.offWhenRunning && setup.complementEnabled));
      this.complement?.set(
        setup.complementEnabled ? this.complementLevel(setup, now) : this.off(setup.complementInverted),
        setup.complementEnabled || (setup.offWhenRunning && setup.enabled),
      );
      return;
    }
    const driven = setup.offWhenIdle && (setup.enabled || setup.complementEnabled);
    // After the dead time the idle states show, unless both would be active at once.
    const idle = now >= this.idleFrom && !(this.complement && setup.idle === this.on(setup.inverted) && setup.complementIdle === this.on(setup.complementInverted));
    this.pin.set(idle ? setup.idle : this.off(setup.inverted), driven);
    this.complement?.set(idle ? setup.complementIdle : this.off(setup.complementInverted), driven);
  }

  private on(inverted: boolean): Level {
    return inverted ? 0 : 1;
  }
  private off(inverted: boolean): Level {
    return inverted ? 1 : 0;
  }

  private mainLevel(setup: OutputSetup, now: number): Level {
    const active = this.reference === 1 && (!setup.complementEnabled || now >= this.activeFrom);
    return active ? this.on(setup.inverted) : this.off(setup.inverted);
  }

  /** OCxN alone follows the reference; beside OCx it is its complement (table 98). */
  private complementLevel(setup: OutputSetup, now: number): Level {
    const active = setup.enabled ? this.reference === 0 && now >= this.activeFrom : this.reference === 1;
    return active ? this.on(setup.complementInverted) : this.off(setup.complementInverted);
  }
}
