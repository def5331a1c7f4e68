// SPDX-License-Identifier: MIT
// What the machine tells whoever watches it: exceptions, sleep, block boundaries and MIDI characters, each with its core cycle.

/**
 * Called by the machine as things happen, so it must be quick and must change nothing.
 *
 * Calls come in the order of their cycles, but for `sleep`, which comes when a sleep is over and may hold block boundaries that were
 * reported meanwhile. Cycles count from reset.
 */
export interface MachineObserver {
  /**
   * The core begins to take an exception: `cycle` is when it leaves what it was doing (stacking comes after), `pendedAt` when the vector
   * became pending. `vector` is the manual's name (USART2, DMA1_Stream5, PendSV).
   */
  exceptionEnter(vector: string, cycle: number, pendedAt: number): void;
  /** The handler has returned; from `cycle` on, after unstacking, the core does something else. Exits match entries like brackets. */
  exceptionExit(vector: string, cycle: number): void;
  /** The core slept (WFI) from `fromCycle` up to `toCycle`. */
  sleep(fromCycle: number, toCycle: number): void;
  /** Half-transfer or transfer-complete of the audio DMA stream: a block ends here and the next begins. */
  blockBoundary(cycle: number): void;
  /** A MIDI character came in: `startCycle` is the edge of its start bit, `endCycle` the end of its stop bit. */
  midiByte(byte: number, startCycle: number, endCycle: number): void;
}

/** Tells several observers the same. */
export class Observers implements MachineObserver {
  private readonly all: MachineObserver[] = [];

  add(observer: MachineObserver): void {
    this.all.push(observer);
  }
  exceptionEnter(vector: string, cycle: number, pendedAt: number): void {
    for (const o of this.all) o.exceptionEnter(vector, cycle, pendedAt);
  }
  exceptionExit(vector: string, cycle: number): void {
    for (const o of this.all) o.exceptionExit(vector, cycle);
  }
  sleep(fromCycle: number, toCycle: number): void {
    for (const o of this.all) o.sleep(fromCycle, toCycle);
  }
  blockBoundary(cycle: number): void {
    for (const o of this.all) o.blockBoundary(cycle);
  }
  midiByte(byte: number, startCycle: number, endCycle: number): void {
    for (const o of this.all) o.midiByte(byte, startCycle, endCycle);
  }
}
