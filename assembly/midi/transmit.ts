// SPDX-License-Identifier: MIT
// The outgoing side above a UART: whole messages into a queue, bytes out to the transmit interrupt, real time ahead of everything (MIDI 1.0
// Detailed Specification, version 4.2, "System Real Time Messages").

import { Counter, setGauge } from "../shim/counters";
import { abandonSysex, checkSysex, commitSysex, createEncoder, E_FULL, E_ROOM, E_STATUS, E_SYSEX, E_SYSEX_OPEN, encodeMessage, Encoder, systemMessage } from "./encoder";
import { messageByteCount } from "./events";
import { ByteQueue, createByteQueue } from "./queue";

/**
 * One outgoing port. `nextByte` is for one consumer, the transmit interrupt. The messages are from one producer, and the real-time bytes from one
 * that may be another, say a timer's handler.
 */
@unmanaged
export class Transmitter {
  messages: ByteQueue;
  realTime: ByteQueue;
  encoder: Encoder;
  scratch: usize;
  /** Bytes of sound messages refused, for want of room or amid a SysEx in pieces; the producer of messages writes it. */
  refusedByteCount: u32;
  /** Real-time bytes refused because theirs was full; their producer writes it. */
  refusedRealTimeCount: u32;
  /** Bytes of the last message for which there was no room. */
  private refused: u32;

  /**
   * Queues a short message, whole or not at all. Real time (F8 to FF) is `sendRealTime`'s.
   * @returns bytes queued, or E_FULL, or a code of `encodeMessage`
   */
  send(message: u32): i32 {
    const result = this.pass(message);
    if (result == E_FULL) this.refusedByteCount += this.refused;
    return result;
  }

  /** The same for who tries again later: E_FULL is then no loss, and is not counted. */
  pass(message: u32): i32 {
    if ((message & 0xff) >= 0xf8) return E_STATUS;
    const running = this.encoder.running;
    const byteCount = encodeMessage(this.encoder, message, this.scratch, 3);
    if (byteCount == E_SYSEX_OPEN) this.refusedByteCount += messageByteCount(message);
    if (byteCount < 0 || this.messages.pushAll(this.scratch, byteCount)) return byteCount;
    this.encoder.running = running;
    this.refused = byteCount;
    return E_FULL;
  }

  /**
   * Queues a SysEx, or the next piece of one, whole or not at all. Between pieces only real time can be sent; `abandon` ends that.
   * @param source the bytes in linear memory, copied before return
   * @returns bytes queued, E_ROOM when they could not fit even an empty queue, E_FULL, or E_SYSEX
   */
  sendSysex(source: usize, byteCount: i32): i32 {
    const error = checkSysex(this.encoder, source, byteCount);
    if (error < 0) return error;
    if (this.messages.pushAll(source, byteCount)) {
      commitSysex(this.encoder, load<u8>(source + byteCount - 1));
      return byteCount;
    }
    this.refusedByteCount += byteCount;
    return <u32>byteCount > this.messages.capacity ? E_ROOM : E_FULL;
  }

  /**
   * Queues a SysEx, or the next piece of one, that waits in another queue, for who tries again later. Its bytes are data, with F0 before the first and F7 after
   * the last piece, as a parser gives them.
   * @returns bytes queued; E_FULL, and nothing has happened; or E_SYSEX, and the bytes were dropped and counted
   */
  passSysex(source: ByteQueue, byteCount: u32): i32 {
    const encoder = this.encoder;
    if ((source.byteAt(0) == 0xf0) == encoder.sysexOpen) {
      source.drop(byteCount);
      this.refusedByteCount += byteCount;
      return E_SYSEX;
    }
    const last = source.byteAt(byteCount - 1);
    if (!source.moveTo(this.messages, byteCount)) return E_FULL;
    commitSysex(encoder, last);
    return <i32>byteCount;
  }

  /** Gives up a SysEx sent in pieces; the next status ends it at the receiver, as an abort. */
  abandon(): void {
    abandonSysex(this.encoder);
  }

  /**
   * Queues a real-time byte ahead of all messages: it leaves next, even inside a SysEx.
   * @param status F8, FA, FB, FC, FE or FF
   * @returns 1, E_FULL or E_STATUS
   */
  sendRealTime(status: i32): i32 {
    const result = this.passRealTime(status);
    if (result == E_FULL) this.refusedRealTimeCount++;
    return result;
  }

  /** The same for who tries again later. */
  passRealTime(status: i32): i32 {
    if (status < 0xf8 || systemMessage(status) < 0) return E_STATUS;
    return this.realTime.push(<u8>status) ? 1 : E_FULL;
  }

  /** The byte to send now, or -1 when there is none. For the transmit interrupt. */
  nextByte(): i32 {
    return (this.realTime.isEmpty() ? this.messages : this.realTime).pop();
  }

  /** Bytes of messages that fit now; room only grows until the producer sends again. */
  room(): u32 {
    return this.messages.room();
  }

  /** Puts the losses and the high-water mark among the firmware's counters. For firmware with one outgoing port. */
  publish(): void {
    setGauge(Counter.txQueueFull, this.refusedByteCount + this.refusedRealTimeCount);
    setGauge(Counter.txQueueHigh, this.messages.highWater);
  }
}

/**
 * Makes a transmitter. Allocates, so call it at start only.
 * @param messageCapacity bytes, a power of two; no SysEx piece can be longer
 * @param realTimeCapacity bytes, a power of two
 */
export function createTransmitter(messageCapacity: u32, realTimeCapacity: u32, useRunningStatus: bool): Transmitter {
  const transmitter = changetype<Transmitter>(heap.alloc(offsetof<Transmitter>()));
  transmitter.messages = createByteQueue(messageCapacity);
  transmitter.realTime = createByteQueue(realTimeCapacity);
  transmitter.encoder = createEncoder(useRunningStatus);
  transmitter.scratch = heap.alloc(3);
  transmitter.refusedByteCount = 0;
  transmitter.refusedRealTimeCount = 0;
  return transmitter;
}
