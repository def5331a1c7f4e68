// SPDX-License-Identifier: MIT
// Received MIDI characters on their way from the UART's handler to the parser, with the audio frame and the time of each.

import { count, Counter, setGauge } from "../../shim/counters";
import { rememberMidi } from "../../shim/recent";
import { createStampedQueue } from "../../midi/queue";
import { timestamp } from "../timer";

const CAPACITY: u32 = 256; // 82 ms of a full line, twenty times the longest block

/*
 In the queue, a byte's frame is the stamp, and the value is

   31            9      8      7      0
   ┌──────────────┬───────────┬────────┐     The low 23 bits of the time stamp are enough to find the others again when the byte is taken out
   │ microseconds │ AFTER_GAP │  byte  │     within 8 seconds.
   └──────────────┴───────────┴────────┘
*/
const AFTER_GAP: u32 = 1 << 8;
const TIME_SHIFT: u32 = 9;
const TIME_MASK: u32 = 0xffffffff >> TIME_SHIFT;

const received = createStampedQueue(CAPACITY);

/** Where the queue is, for a host that wants to know which frame each byte was stamped with (host/testing/qemu-events.ts). */
export const receivedQueue: usize = changetype<usize>(received);

/**
 * The handler's side: queues a byte with the present time stamp.
 * @param frame absolute audio frame of its arrival
 * @param afterGap whether bytes were lost just before it
 * @returns false when the queue was full; the byte is lost then, and counted
 */
// @ts-ignore: decorator
@inline
export function queueReceived(frame: u32, byte: u32, afterGap: bool): bool {
  rememberMidi(byte);
  const queued = received.push(frame, byte | (afterGap ? AFTER_GAP : 0) | (timestamp() << TIME_SHIFT));
  if (!queued) count(Counter.rxQueueFull);
  setGauge(Counter.rxQueueHigh, received.highWater);
  return queued;
}

/**
 * Takes the oldest received byte; false when there is none. The functions below then tell of it. For one context only.
 *
 * A loop that goes on while there are bytes finds, in a handler that is done before it is wanted again, those that have come since it last looked: in two
 * blocks' time, at 14 frames a byte; or in a handler that the UART's pends, two. `tonewheel check` holds each handler's rate against that.
 */
// @turns(received: 2 + 2 * audioOutInit.blockFrameCount / 14, CAPACITY at most)
export function uartReceive(): bool {
  return received.pop();
}

/** The byte that `uartReceive` took. */
// @ts-ignore: decorator
@inline
export function uartByte(): u32 {
  return received.value & 0xff;
}

/** Whether bytes were lost just before it, so that it may not belong to what came before. */
// @ts-ignore: decorator
@inline
export function uartAfterGap(): bool {
  return (received.value & AFTER_GAP) != 0;
}

/** Absolute audio frame in which it arrived; 0 while audio does not run. */
// @ts-ignore: decorator
@inline
export function uartFrame(): u32 {
  return received.stamp;
}

/** Time stamp of its arrival, in microseconds. */
export function uartTimestamp(): u32 {
  const now = timestamp();
  return now - ((now - (received.value >> TIME_SHIFT)) & TIME_MASK);
}
