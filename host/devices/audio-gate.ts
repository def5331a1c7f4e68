// SPDX-License-Identifier: MIT
// What every DAC model has in common: samples pass while it plays, and become zeros of the same number while it does not.

import { floorTimes } from '../machine/fraction.js';
import type { I2sListener, I2sStream } from '../machine/links.js';
import type { Timeline } from '../machine/timeline.js';

/** A DAC as the emulated board knows it, whichever it is. */
export interface AudioDac {
  /** Its serial port. */
  readonly audio: I2sListener;
  /** Whether the firmware has ever turned to it: one that makes no sound need not. */
  readonly addressed: boolean;
  /** Whether what arrives now is heard. */
  readonly playing: boolean;
  /** Why nothing is heard, in words for whoever writes the firmware; empty while it plays. */
  problems(): string[];
  /** What the data sheet forbids although the chip plays. */
  warnings(): string[];
}

/** The way from a DAC's serial port to a sink, whose time is the wire's. Slots come late and in batches; what held when each began decides. */
export class AudioGate implements I2sListener {
  /** The run of the transmitter that is on the wire; undefined between runs. */
  stream: I2sStream | undefined;
  /** From which cycle on it has been playing or not; the first one counts from the beginning. */
  private changes: { readonly cycle: number; readonly playing: boolean }[] = [];
  private zeros = new Int32Array(0);

  /** @param playing whether what arrives now is heard; asked whenever a run starts and in `reconsider` */
  constructor(private readonly timeline: Timeline, private readonly sink: I2sListener, private readonly playing: () => boolean) {}

  start(stream: I2sStream): void {
    this.stream = stream;
    this.changes = [{ cycle: -Infinity, playing: this.playing() }];
    this.sink.start(stream);
  }

  slots(stream: I2sStream, firstSlot: number, values: Int32Array, count: number): void {
    let done = 0;
    while (done < count) {
      const { playing } = this.changes[0];
      const next = this.changes[1];
      let end = next === undefined ? count : done;
      while (end < count && stream.originCycle + floorTimes(firstSlot + end, stream.slotCycles) < next.cycle) end++;
      if (end > done) this.sink.slots(stream, firstSlot + done, playing ? values.subarray(done, end) : this.silence(end - done), end - done);
      if (end < count) this.changes.shift();
      done = end;
    }
  }

  stop(stream: I2sStream, endSlot: number): void {
    this.stream = undefined;
    this.changes = [];
    this.sink.stop(stream, endSlot);
  }

  /** Something that decides about playing has changed just now. */
  reconsider(): void {
    if (this.stream === undefined) return;
    const playing = this.playing();
    if (playing !== this.changes[this.changes.length - 1].playing) this.changes.push({ cycle: this.timeline.now, playing });
  }

  private silence(count: number): Int32Array {
    if (this.zeros.length < count) this.zeros = new Int32Array(count);
    return this.zeros.subarray(0, count);
  }
}
