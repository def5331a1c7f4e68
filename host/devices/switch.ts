// SPDX-License-Identifier: MIT
// A switch or push-button between a pad and one of the rails.

import type { RealTime } from '../machine/real-time.js';
import type { Timeline } from '../machine/timeline.js';
import type { Level, Wire } from '../machine/wire.js';

/** A line that can be let go, and held by a resistor: a pad of the chip. */
export interface ReleasableWire extends Wire {
  release(): void;
  hold(level: Level): void;
}

export interface SwitchConfig {
  /** Level of the pad while the switch is closed. */
  readonly closedLevel: Level;
  /** Level that a resistor on the board holds the pad at while it is open; without one the pad's own pull decides. */
  readonly openLevel?: Level;
  /** Times in seconds after a change, ascending, at which the contact opens and closes again, before it rests; none by default. */
  readonly bounceSeconds?: readonly number[];
}

export class Switch {
  private state = false;
  /** Counts the changes, so that the bounces of an older one are no more. */
  private changes = 0;

  constructor(private readonly timeline: Timeline, private readonly time: RealTime, private readonly pad: ReleasableWire, private readonly config: SwitchConfig) {
    if (config.openLevel !== undefined) pad.hold(config.openLevel);
    this.contact(false);
  }

  get closed(): boolean {
    return this.state;
  }

  /** Closes or opens it now; the contact bounces as configured. */
  set closed(closed: boolean) {
    if (closed === this.state) return;
    this.state = closed;
    const change = ++this.changes;
    const now = this.time.now;
    this.contact(closed);
    (this.config.bounceSeconds ?? []).forEach((seconds, i, all) => {
      const touches = i === all.length - 1 ? closed : (i % 2 === 0) !== closed;
      this.timeline.at(Math.max(this.timeline.now, this.time.cycleAt(now + seconds)), () => {
        if (change === this.changes) this.contact(touches);
      });
    });
  }

  private contact(closed: boolean): void {
    if (closed) this.pad.set(this.config.closedLevel);
    else this.pad.release();
  }
}
