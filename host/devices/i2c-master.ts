// SPDX-License-Identifier: MIT
// A master on the board's I2C bus that addresses the chip, as another microcontroller would.

import type { I2cBus } from '../machine/links.js';
import type { Timeline } from '../machine/timeline.js';

export interface I2cTransfer {
  /** 7 bits. */
  readonly address: number;
  /** Bytes to write first, then how many to read after a repeated start. */
  readonly write?: readonly number[];
  readonly readCount?: number;
}

export interface I2cResult {
  /** Bytes that were acknowledged, addresses not counted. */
  readonly written: number;
  readonly read: readonly number[];
  /** An address was not acknowledged. */
  readonly refused: boolean;
}

/** One transfer at a time, at a constant bit rate; it waits as long as the chip holds SCL low. */
export class I2cMaster {
  /** @param bitCycles core cycles in a period of SCL */
  constructor(private readonly timeline: Timeline, private readonly bus: I2cBus, private readonly bitCycles: number) {}

  /** Begins a transfer. @param done called after the stop condition */
  start(transfer: I2cTransfer, done: (result: I2cResult) => void): void {
    const steps = this.run(transfer, done);
    const proceed = (): void => {
      const bits = steps.next().value;
      if (bits !== undefined) this.whenReady(() => this.timeline.after(bits * this.bitCycles, proceed));
    };
    proceed();
  }

  private whenReady(action: () => void): void {
    const { bus } = this;
    bus.onReady = () => {};
    if (bus.slave?.ready !== false) return action();
    bus.onReady = () => {
      bus.onReady = () => {};
      // SCL rises a moment after it was let go.
      this.timeline.after(1, action);
    };
  }

  /** Yields how many bit times pass before the next step. */
  private *run({ address, write = [], readCount = 0 }: I2cTransfer, done: (result: I2cResult) => void): Generator<number, undefined> {
    const { slave } = this.bus;
    const read: number[] = [];
    let written = 0;
    let refused = false;
    if (write.length > 0 || readCount === 0) {
      yield 10;
      refused = slave?.addressed(address << 1) !== true;
      for (const byte of refused ? [] : write) {
        yield 9;
        if (!slave!.receive(byte)) break;
        written++;
      }
    }
    if (!refused && readCount > 0) {
      yield 10;
      refused = slave?.addressed((address << 1) | 1) !== true;
      while (!refused && read.length < readCount) {
        yield 9;
        read.push(slave!.transmit());
        slave!.acknowledged(read.length < readCount);
      }
    }
    yield 1;
    slave?.stopped();
    done({ written, read, refused });
    return undefined;
  }
}
