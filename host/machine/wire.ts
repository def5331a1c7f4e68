// SPDX-License-Identifier: MIT
// A digital line with a name, a level, listeners, and a short memory of its edges.

import type { Timeline } from './timeline.js';

export type Level = 0 | 1;
export type EdgeListener = (level: Level, cycle: number) => void;

/** Edges kept for `levelAt`: more than a UART character with its start and stop bits can have. */
const HISTORY = 64;

export class Wire {
  private readonly listeners: EdgeListener[] = [];
  private watchers = 0;
  private readonly edges: { cycle: number; level: Level }[];

  /** @param level the level the line rests at */
  constructor(readonly name: string, private readonly timeline: Timeline, level: Level = 1) {
    this.edges = [{ cycle: -Infinity, level }];
  }

  get level(): Level {
    return this.edges[this.edges.length - 1].level;
  }

  /** What comes in on the line. The same line, unless it has an end that drives and can be let go, as a chip's bidirectional pin has. */
  get incoming(): Wire {
    return this;
  }

  /** Drives the line, or with `enabled` false lets it go; a plain line takes the level either way. */
  drive(level: Level, _enabled = true): void {
    this.set(level);
  }

  /** Drives the line now. Setting the level it has already is no edge. */
  set(level: Level): void {
    if (level === this.level) return;
    const cycle = this.timeline.now;
    this.edges.push({ cycle, level });
    if (this.edges.length > HISTORY) this.edges.shift();
    for (const listener of this.listeners) listener(level, cycle);
  }

  /** Level at a past cycle, as far back as the last 64 edges reach (before them: the level of the oldest kept). */
  levelAt(cycle: number): Level {
    for (let i = this.edges.length - 1; i > 0; i--) if (this.edges[i].cycle <= cycle) return this.edges[i].level;
    return this.edges[0].level;
  }

  /** Whether somebody wants to see every edge: if not, a fast serial block may move whole frames and leave the line as it ends. */
  get watched(): boolean {
    return this.watchers > 0;
  }

  /** Calls `listener` at every later edge. @param watches false for a listener that is there in any case and must not slow the line down */
  onEdge(listener: EdgeListener, watches = true): void {
    this.listeners.push(listener);
    if (watches) this.watchers++;
  }
}
