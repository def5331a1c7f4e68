// SPDX-License-Identifier: MIT
// Lock-free queues in linear memory, from one producer to one consumer, either of which may be an interrupt handler that pre-empts the other.

import { loadShared, storeShared } from "../shim/shared";

/*
 `head` counts what was ever put in, `tail` what was ever taken out, both modulo 2^32; the slot of a count is its low bits.

      tail         head             Only the producer writes head, only the consumer writes tail, each in one store of an aligned word, and after
   ────▼────────────▼─────────      its work on the slots: the producer fills slots that the consumer cannot see yet, then moves head; the consumer
    ... │ │ │ │ │ │  free ...       reads slots that the producer may not fill yet, then moves tail. A stale copy of the other's count errs on the
   ───────────────────────────      safe side: less room, or less to read, than there is.

 One producer means one context, or several that cannot pre-empt each other; the same goes for the consumer.
*/

/** What the queues below have in common; not to be used by itself. */
@unmanaged
export class Ring {
  head: u32;
  tail: u32;
  capacity: u32;
  slots: usize;
  /** Most entries that the producer ever saw waiting, the newest included. The producer's own; a consumer may meanwhile have taken some. */
  highWater: u32;

  /** Entries waiting, for the producer or the consumer to ask: there may be fewer by the time the producer looks, more by the time the consumer does. */
  count(): u32 {
    return loadShared(changetype<usize>(this) + offsetof<Ring>("head")) - loadShared(changetype<usize>(this) + offsetof<Ring>("tail"));
  }

  /** Entries that fit now; the producer can rely on it. */
  room(): u32 {
    return this.capacity - this.count();
  }

  /** Producer: shows the consumer `count` more entries, whose slots are filled. */
  // @ts-ignore: decorator
  @inline
  protected publish(head: u32, tail: u32): void {
    if (head - tail > this.highWater) this.highWater = head - tail;
    storeShared(changetype<usize>(this) + offsetof<Ring>("head"), head);
  }

  /** Consumer: gives the slots before `tail` back. */
  protected release(tail: u32): void {
    storeShared(changetype<usize>(this) + offsetof<Ring>("tail"), tail);
  }

  // Its own count a context reads as it is: nobody else writes it. The other's it reads anew each time.

  // @ts-ignore: decorator
  @inline
  protected sharedHead(): u32 {
    return loadShared(changetype<usize>(this) + offsetof<Ring>("head"));
  }

  // @ts-ignore: decorator
  @inline
  protected sharedTail(): u32 {
    return loadShared(changetype<usize>(this) + offsetof<Ring>("tail"));
  }
}

function createRing(structByteCount: usize, capacity: u32, slotByteCount: u32): usize {
  assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
  const ring = changetype<Ring>(heap.alloc(structByteCount));
  ring.head = 0;
  ring.tail = 0;
  ring.capacity = capacity;
  ring.slots = heap.alloc(capacity * slotByteCount);
  ring.highWater = 0;
  return changetype<usize>(ring);
}

/** Bytes alone. */
@unmanaged
export class ByteQueue extends Ring {
  /** Producer. False: full, and nothing was put in. */
  push(byte: u8): bool {
    const head = this.head;
    const tail = this.sharedTail();
    if (head - tail == this.capacity) return false;
    store<u8>(this.slots + (head & (this.capacity - 1)), byte);
    this.publish(head + 1, tail);
    return true;
  }

  /** Producer: puts all of `byteCount` bytes in, which the consumer sees appear at once. False: they do not all fit, and none was put in. */
  pushAll(source: usize, byteCount: u32): bool {
    const head = this.head;
    const tail = this.sharedTail();
    if (byteCount > this.capacity - (head - tail)) return false;
    // @bound(sysex: 65535, sysex in all)
    for (let i: u32 = 0; i < byteCount; i++) store<u8>(this.slots + ((head + i) & (this.capacity - 1)), load<u8>(source + i));
    this.publish(head + byteCount, tail);
    return true;
  }

  /** Consumer. */
  isEmpty(): bool {
    return this.sharedHead() == this.tail;
  }

  /** Consumer. A byte, or -1 when empty. */
  pop(): i32 {
    const tail = this.tail;
    if (this.sharedHead() == tail) return -1;
    const byte = <i32>load<u8>(this.slots + (tail & (this.capacity - 1)));
    this.release(tail + 1);
    return byte;
  }

  /** Consumer: takes `byteCount` bytes. False: there are fewer, and none was taken. */
  popAll(target: usize, byteCount: u32): bool {
    const tail = this.tail;
    if (this.sharedHead() - tail < byteCount) return false;
    // @bound(sysex: 65535, sysex in all)
    for (let i: u32 = 0; i < byteCount; i++) store<u8>(target + i, load<u8>(this.slots + ((tail + i) & (this.capacity - 1))));
    this.release(tail + byteCount);
    return true;
  }

  /** Consumer: one of the bytes that are there, the oldest being number 0. It stays in the queue. */
  byteAt(index: u32): u32 {
    return load<u8>(this.slots + ((this.tail + index) & (this.capacity - 1)));
  }

  /**
   * Consumer of this queue and producer of another: moves `byteCount` bytes, which are there, and which the other's consumer sees appear at once. False: the
   * other has no room for all, and none was moved.
   */
  moveTo(target: ByteQueue, byteCount: u32): bool {
    const from = this.tail;
    const to = target.head;
    const targetTail = target.sharedTail();
    if (byteCount > target.capacity - (to - targetTail)) return false;
    const fromMask = this.capacity - 1;
    const toMask = target.capacity - 1;
    const fromSlots = this.slots;
    const toSlots = target.slots;
    // @bound(sysex: 65535, sysex in all)
    for (let i: u32 = 0; i < byteCount; i++) store<u8>(toSlots + ((to + i) & toMask), load<u8>(fromSlots + ((from + i) & fromMask)));
    target.publish(to + byteCount, targetTail);
    this.release(from + byteCount);
    return true;
  }

  /** Consumer: takes out bytes that are there. */
  drop(byteCount: u32): void {
    this.release(this.tail + byteCount);
  }
}

/** Words that are never 0, such as MIDI events. */
@unmanaged
export class WordQueue extends Ring {
  /** Producer. False: full, and nothing was put in. */
  push(word: u32): bool {
    const head = this.head;
    const tail = this.sharedTail();
    if (head - tail == this.capacity) return false;
    store<u32>(this.slots + ((head & (this.capacity - 1)) << 2), word);
    this.publish(head + 1, tail);
    return true;
  }

  /** Consumer. A word, or 0 when empty. */
  pop(): u32 {
    const tail = this.tail;
    if (this.sharedHead() == tail) return 0;
    const word = load<u32>(this.slots + ((tail & (this.capacity - 1)) << 2));
    this.release(tail + 1);
    return word;
  }
}

/** Values with the time they belong to: received bytes with their time stamps, events with their frames. */
@unmanaged
export class StampedQueue extends Ring {
  /** What the last successful `pop` took. The consumer's own. */
  stamp: u32;
  value: u32;

  /** Producer. False: full, and nothing was put in. */
  push(stamp: u32, value: u32): bool {
    const head = this.head;
    const tail = this.sharedTail();
    if (head - tail == this.capacity) return false;
    const slot = this.slots + ((head & (this.capacity - 1)) << 3);
    store<u32>(slot, stamp);
    store<u32>(slot, value, 4);
    this.publish(head + 1, tail);
    return true;
  }

  /** Consumer. True: `stamp` and `value` hold the oldest entry, which is taken out. False: empty. */
  pop(): bool {
    if (!this.peek()) return false;
    this.drop();
    return true;
  }

  /** Consumer: like `pop`, but leaves the entry in the queue. */
  peek(): bool {
    const tail = this.tail;
    if (this.sharedHead() == tail) return false;
    const slot = this.slots + ((tail & (this.capacity - 1)) << 3);
    this.stamp = load<u32>(slot);
    this.value = load<u32>(slot, 4);
    return true;
  }

  /** Consumer: the value of one of the entries that are there, the oldest being number 0. It stays in the queue. */
  valueAt(index: u32): u32 {
    return load<u32>(this.slots + (((this.tail + index) & (this.capacity - 1)) << 3), 4);
  }

  /** Consumer: takes out the oldest entries, which `peek` has shown or `count` counted. */
  drop(entryCount: u32 = 1): void {
    this.release(this.tail + entryCount);
  }
}

// The functions below allocate, so call them at start only. A capacity is a power of two.

export function createByteQueue(capacity: u32): ByteQueue {
  return changetype<ByteQueue>(createRing(offsetof<ByteQueue>(), capacity, 1));
}

export function createWordQueue(capacity: u32): WordQueue {
  return changetype<WordQueue>(createRing(offsetof<WordQueue>(), capacity, 4));
}

export function createStampedQueue(capacity: u32): StampedQueue {
  return changetype<StampedQueue>(createRing(offsetof<StampedQueue>(), capacity, 8));
}
