// SPDX-License-Identifier: MIT
// What the machine tells whoever measures it. Called some ten thousand times in an emulated second: implementations must be cheap.

export interface MachineObserver {
  /** A handler begins: at `cycle`, pending since `pendedAt`. */
  exceptionEnter(vector: string, cycle: number, pendedAt: number): void;
  exceptionExit(vector: string, cycle: number): void;
  /** The core slept in WFI. */
  sleep(fromCycle: number, toCycle: number): void;
  /** Half-transfer or transfer-complete of the audio DMA stream. */
  blockBoundary(cycle: number): void;
  /** A character came in on the MIDI wire, from its start bit's edge to the end of its stop bit. */
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
