// SPDX-License-Identifier: MIT
// A block's hold on one of its pins: driven or let go as the block is set up.

import type { Level, Wire } from '../../machine/wire.js';

/** Touches its line only when what it puts there changes, so that a line which the board drives is left alone. */
export class OutputPin {
  private enabled = false;
  private level: Level = 0;

  constructor(private readonly wire: Wire) {}

  set(level: Level, enabled = true): void {
    if (enabled === this.enabled && (level === this.level || !enabled)) return;
    this.enabled = enabled;
    this.level = level;
    this.wire.drive(enabled ? level : 0, enabled);
  }

  /** Drives the level that it had last. */
  hold(enabled: boolean): void {
    this.set(this.level, enabled);
  }
}
