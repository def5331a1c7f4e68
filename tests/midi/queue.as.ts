// SPDX-License-Identifier: MIT
// The queues, for specs.

import { ByteQueue, Ring, StampedQueue, WordQueue } from "../../assembly/midi/queue";

export { createByteQueue, createStampedQueue, createWordQueue } from "../../assembly/midi/queue";

export const scratch: usize = heap.alloc(64);

/** Empties a queue, with both counts at `start`, and forgets its high-water mark. */
export function reset(ring: Ring, start: u32): void {
  ring.head = start;
  ring.tail = start;
  ring.highWater = 0;
}
export function highWater(ring: Ring): u32 { return ring.highWater; }
export function waiting(ring: Ring): u32 { return ring.count(); }
export function room(ring: Ring): u32 { return ring.room(); }

export function bytePush(queue: ByteQueue, byte: u8): bool { return queue.push(byte); }
export function bytePop(queue: ByteQueue): i32 { return queue.pop(); }
/** Pushes `count` bytes that count up from `first`. */
export function bytePushAll(queue: ByteQueue, first: u8, count: u32, source: usize): bool {
  for (let i: u32 = 0; i < count; i++) store<u8>(source + i, first + <u8>i);
  return queue.pushAll(source, count);
}
export function bytePopAll(queue: ByteQueue, count: u32, target: usize): bool { return queue.popAll(target, count); }

export function wordPush(queue: WordQueue, word: u32): bool { return queue.push(word); }
export function wordPop(queue: WordQueue): u32 { return queue.pop(); }

export function stampedPush(queue: StampedQueue, stamp: u32, value: u32): bool { return queue.push(stamp, value); }
export function stampedPop(queue: StampedQueue): bool { return queue.pop(); }
export function stampOf(queue: StampedQueue): u32 { return queue.stamp; }
export function poppedValue(queue: StampedQueue): u32 { return queue.value; }
