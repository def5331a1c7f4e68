// SPDX-License-Identifier: MIT
// An asynchronous serial receiver (8N1) outside the chip: listens on a wire and samples each bit in its middle.

import type { RealTime } from '../machine/real-time.js';
import type { Appointment, Timeline } from '../machine/timeline.js';
import type { Wire } from '../machine/wire.js';

export interface ReceivedCharacter {
  readonly byte: number;
  /** Cycle of the start edge, and the same in seconds since reset. */
  readonly startCycle: number;
  readonly seconds: number;
}

const STOP_BIT = 9;

export class SerialReceiver {
  /** All that has been received, in order; characters with a framing error are not among it. */
  readonly characters: ReceivedCharacter[] = [];
  /** Characters whose stop bit was low; a break is one, however long. */
  framingErrors = 0;
  /** Start edges that were gone by the middle of their bit. */
  falseStarts = 0;
  private readonly listeners: ((character: ReceivedCharacter) => void)[] = [];
  private startCycle = 0;
  private startSeconds = 0;
  /** The next bit to be sampled: 0 start, 1 to 8 data, 9 stop; undefined between characters. */
  private bit: number | undefined;
  private byte = 0;
  private appointment: Appointment | undefined;

  /** @param baud bits a second */
  constructor(private readonly timeline: Timeline, private readonly time: RealTime, private readonly wire: Wire, readonly baud: number) {
    if (!(baud > 0)) throw new RangeError(`baud rate ${baud}: wanted a positive number`);
    wire.onEdge((level, cycle) => {
      if (level === 1 || this.bit !== undefined) return;
      this.startCycle = cycle;
      this.startSeconds = time.secondsAt(cycle);
      this.byte = 0;
      this.bit = 0;
      this.plan();
    });
    time.onChange(() => {
      if (this.bit !== undefined) this.plan();
    });
  }

  /** Calls `listener` in the middle of each good stop bit. */
  onCharacter(listener: (character: ReceivedCharacter) => void): void {
    this.listeners.push(listener);
  }

  /** Makes the appointment for the middle of the next bit. */
  private plan(): void {
    this.timeline.cancel(this.appointment);
    const middle = this.time.cycleAt(this.startSeconds + (this.bit! + 0.5) / this.baud);
    this.appointment = this.timeline.at(Math.max(this.timeline.now, middle), () => this.sample());
  }

  private sample(): void {
    const { level } = this.wire;
    const bit = this.bit!;
    this.bit = undefined;
    if (bit === STOP_BIT) return this.finish(level === 1);
    if (bit === 0 && level === 1) {
      this.falseStarts++;
      return;
    }
    if (bit > 0) this.byte |= level << (bit - 1);
    this.bit = bit + 1;
    this.plan();
  }

  private finish(good: boolean): void {
    if (!good) {
      this.framingErrors++;
      return;
    }
    const character: ReceivedCharacter = { byte: this.byte, startCycle: this.startCycle, seconds: this.startSeconds };
    this.characters.push(character);
    for (const listener of this.listeners) listener(character);
  }
}
