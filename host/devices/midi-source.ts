// SPDX-License-Identifier: MIT
// A MIDI keyboard, or a sequencer, at the far end of a cable (MIDI 1.0 Detailed Specification).

import { dataByteCount } from './midi-messages.js';
import type { MidiFileEvent } from './midi-file.js';
import type { Moment, SerialSender } from './serial-sender.js';

/**
 * Messages onto a wire. Channels count from 0. `at` is the earliest start of the message (default now); what does not fit onto the wire in time
 * waits its turn, 320 us a byte, and a message is never torn apart, but for real-time bytes.
 */
export class MidiSource {
  /** Leaves out a channel status that is in force already, as most keyboards do. */
  runningStatus = false;
  /** The channel status in force on the wire. */
  private status: number | undefined;

  constructor(readonly sender: SerialSender) {
    sender.onCharacter((byte) => {
      if (byte >= 0x80 && byte < 0xf8) this.status = byte < 0xf0 ? byte : undefined;
    });
  }

  noteOn(channel: number, note: number, velocity: number, at?: Moment): void {
    this.channelMessage(0x90, channel, [note, velocity], at);
  }
  noteOff(channel: number, note: number, velocity = 64, at?: Moment): void {
    this.channelMessage(0x80, channel, [note, velocity], at);
  }
  polyPressure(channel: number, note: number, pressure: number, at?: Moment): void {
    this.channelMessage(0xa0, channel, [note, pressure], at);
  }
  controlChange(channel: number, controller: number, value: number, at?: Moment): void {
    this.channelMessage(0xb0, channel, [controller, value], at);
  }
  program(channel: number, program: number, at?: Moment): void {
    this.channelMessage(0xc0, channel, [program], at);
  }
  channelPressure(channel: number, pressure: number, at?: Moment): void {
    this.channelMessage(0xd0, channel, [pressure], at);
  }
  /** @param bend 0 to 16383; 8192 is the middle */
  pitchBend(channel: number, bend: number, at?: Moment): void {
    inRange('pitch bend', bend, 16_383);
    this.channelMessage(0xe0, channel, [bend & 0x7f, bend >> 7], at);
  }
  /** @param data what stands between F0 and F7 */
  sysex(data: readonly number[], at?: Moment): void {
    for (const byte of data) inRange('SysEx data byte', byte, 127);
    this.raw([0xf0, ...data, 0xf7], at);
  }
  /** A real-time byte (F8 to FF): goes ahead of all that waits, even inside another message. */
  realTime(byte: number, at?: Moment): void {
    if (byte < 0xf8 || byte > 0xff) throw new RangeError(`real-time byte ${byte}: wanted 0xF8 to 0xFF`);
    this.sender.send(byte, { at, urgent: true });
  }
  /** Any bytes, in this order, as they are. */
  raw(bytes: readonly number[], at?: Moment): void {
    for (const byte of bytes) this.sender.send(byte, { at });
  }

  /**
   * Queues a whole file. Real-time bytes of the file keep their place in it.
   * @param events in order of time, as a MidiFile has them
   * @param fromSeconds when the file's second 0 is, in seconds since reset
   */
  play(events: Iterable<MidiFileEvent>, fromSeconds = 0): void {
    for (const { seconds, bytes } of events) this.send(bytes, { seconds: fromSeconds + seconds });
  }

  private channelMessage(kind: number, channel: number, data: readonly number[], at: Moment | undefined): void {
    inRange('channel', channel, 15);
    for (const byte of data) inRange('data byte', byte, 127);
    this.send([kind | channel, ...data], at);
  }

  /** Queues one message; with running status, a status that is in force already is left out. */
  send(bytes: readonly number[], at?: Moment): void {
    const [status, ...data] = bytes;
    const whole = status >= 0x80 && status < 0xf0 && data.length === dataByteCount(status);
    // Which status is in force shows when the byte's turn comes: by then other messages may have been put in between.
    const unless = whole && this.runningStatus ? () => this.status === status : undefined;
    this.sender.send(status, { at, unless });
    this.raw(data, at);
  }
}

function inRange(what: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${what} ${value}: wanted 0 to ${max}`);
}
