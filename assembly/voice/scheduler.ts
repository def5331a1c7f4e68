// SPDX-License-Identifier: MIT
// Messages that wait for their frame. The renderer asks how many frames it may render before the next one is due, so that each sounds at
// exactly its own frame wherever the blocks fall.

import { count, Counter, raiseGauge } from "../shim/counters";

@unmanaged
class Event {
  frame: u32;
  message: u32;
}

/**
 * A ring of (frame, message), in order of frame and, at one frame, of arrival. Frames are absolute and wrap at 2^32; two that are compared
 * must lie less than 2^31 apart. Everything here runs in the renderer's context; what crosses from a handler crosses in a lock-free queue
 * before it is pushed.
 *
 *     while (frames to go) {
 *       while (scheduler.isDue(now)) apply(scheduler.take(now));
 *       const n = scheduler.framesUntilNext(now, frames to go);
 *       render n frames; now += n
 *     }
 *
 * or, for a renderer that works a message's frame in by itself,
 *
 *     while ((n = scheduler.framesUntilNext(now, frames to go)) < frames to go) apply(scheduler.take(now + n), n);
 */
@final
export class Scheduler {
  /** Number of messages that wait. */
  length: i32 = 0;
  private events: usize;
  private mask: u32;
  private head: u32 = 0;

  /** @param capacity most messages that can wait; a power of two */
  constructor(capacity: i32) {
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    this.mask = <u32>capacity - 1;
    this.events = changetype<usize>(new StaticArray<u64>(capacity));
  }

  /**
   * Adds a message that is to sound at `frame`. Messages nearly always come in order; one that does not is moved before those with later frames.
   * @returns 0, or -1 if the ring is full: the message is lost and counted as `eventQueueFull`
   */
  push(frame: u32, message: u32): i32 {
    if (<u32>this.length > this.mask) {
      count(Counter.eventQueueFull);
      return -1;
    }
    let at = this.head + <u32>this.length;
    this.length++;
    // @bound(late-arrivals: 65535)
    for (; at != this.head; at--) {
      const before = this.at(at - 1);
      if (<i32>(before.frame - frame) <= 0) break;
      const here = this.at(at);
      here.frame = before.frame;
      here.message = before.message;
    }
    const event = this.at(at);
    event.frame = frame;
    event.message = message;
    raiseGauge(Counter.eventQueueHigh, <u32>this.length);
    return 0;
  }

  /** Whether a message is to be applied before frame `now` is rendered. */
  isDue(now: u32): bool {
    return this.length > 0 && <i32>(this.at(this.head).frame - now) <= 0;
  }

  /** Takes the message that is due first. One whose frame is already past is counted as `lateEvents`. Only after `isDue` has said yes. */
  take(now: u32): u32 {
    const event = this.at(this.head);
    if (event.frame != now) count(Counter.lateEvents);
    this.head++;
    this.length--;
    return event.message;
  }

  /** How many frames can be rendered from `now` on until a message is due: at most `most`. */
  framesUntilNext(now: u32, most: i32): i32 {
    if (this.length == 0) return most;
    return max(0, min(most, <i32>(this.at(this.head).frame - now)));
  }

  clear(): void {
    this.length = 0;
  }

  // @ts-ignore: decorator
  @inline
  private at(position: u32): Event {
    return changetype<Event>(this.events + ((position & this.mask) << 3));
  }
}
