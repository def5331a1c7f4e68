// SPDX-License-Identifier: MIT
// The queues: order, capacity, wrap-around; then with one side pre-empting the other at every access they share.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fixture } from '../../host/testing/assembly.js';
import { SharedMemory } from './shared-memory.js';

let shared: SharedMemory;
let f: Fixture;
const queues = new Map<string, number>();

/** An empty queue, whose counts begin at `start`. Made once a kind and capacity, since firmware memory is never freed. */
function queueOf(kind: 'Byte' | 'Word' | 'Stamped', capacity: number, start = 0): number {
  const key = `${kind}${capacity}`;
  if (!queues.has(key)) queues.set(key, f[`create${kind}Queue`](capacity));
  f.reset(queues.get(key)!, start);
  return queues.get(key)!;
}

before(async () => {
  shared = await SharedMemory.load('tests/midi/queue.as.ts');
  f = shared.fixture;
});

describe('queues', () => {
  it('give back what was put in, in order, and refuse when full or empty', () => {
    const bytes = queueOf('Byte', 4);
    assert.deepEqual([10, 0, 255, 13, 14].map((b) => f.bytePush(bytes, b)), [1, 1, 1, 1, 0]);
    assert.deepEqual([1, 2, 3, 4, 5].map(() => f.bytePop(bytes)), [10, 0, 255, 13, -1]);
    const words = queueOf('Word', 2);
    assert.deepEqual([0x643c90, 0xffffffff, 3].map((w) => f.wordPush(words, w)), [1, 1, 0]);
    assert.deepEqual([1, 2, 3].map(() => f.wordPop(words) >>> 0), [0x643c90, 0xffffffff, 0]);
    const stamped = queueOf('Stamped', 2);
    assert.deepEqual([[1000, 0x90], [0xfffffff0, 0], [5, 5]].map(([s, v]) => f.stampedPush(stamped, s, v)), [1, 1, 0]);
    assert.deepEqual([1, 2].map(() => [f.stampedPop(stamped), f.stampOf(stamped) >>> 0, f.poppedValue(stamped)]), [[1, 1000, 0x90], [1, 0xfffffff0, 0]]);
    assert.equal(f.stampedPop(stamped), 0);
  });
  it('hold a capacity of one', () => {
    const queue = queueOf('Byte', 1);
    for (let i = 0; i < 3; i++) assert.deepEqual([f.bytePush(queue, i), f.bytePush(queue, 9), f.bytePop(queue), f.bytePop(queue)], [1, 0, i, -1]);
  });
  it('run on when their counts pass 2^32', () => {
    const queue = queueOf('Word', 4, 0xfffffffe);
    assert.deepEqual([1, 2, 3, 4, 5].map((w) => f.wordPush(queue, w)), [1, 1, 1, 1, 0]);
    assert.deepEqual([f.waiting(queue), f.room(queue)], [4, 0]);
    assert.deepEqual([1, 2, 3, 4, 5].map(() => f.wordPop(queue)), [1, 2, 3, 4, 0]);
  });
  it('keep a high-water mark', () => {
    const queue = queueOf('Byte', 8);
    for (let i = 0; i < 3; i++) f.bytePush(queue, i);
    f.bytePop(queue);
    f.bytePush(queue, 3);
    assert.equal(f.highWater(queue), 3);
    f.bytePushAll(queue, 0, 4, f.scratch.value);
    assert.equal(f.highWater(queue), 7);
  });
  it('take several bytes whole or not at all, and give them so', () => {
    const queue = queueOf('Byte', 8, 0xfffffffd);
    assert.deepEqual([5, 4, 3].map((n) => f.bytePushAll(queue, 1, n, f.scratch.value)), [1, 0, 1]);
    assert.equal(f.bytePopAll(queue, 9, f.scratch.value), 0);
    assert.equal(f.bytePopAll(queue, 8, f.scratch.value), 1);
    assert.deepEqual([...new Uint8Array(f.memory.buffer, f.scratch.value, 8)], [1, 2, 3, 4, 5, 1, 2, 3]);
    assert.equal(f.bytePop(queue), -1);
  });
  it('refuse to be made with a capacity that is no power of two', () => {
    for (const capacity of [0, 3, 12]) assert.throws(() => f.createByteQueue(capacity), /abort/);
  });
});

/** A numbered sequence from a producer that is sometimes refused to a consumer that sometimes finds nothing. */
class Traffic {
  accepted: number[] = [];
  refusedWhenNotFull = 0;
  taken: number[] = [];
  private next = 1;

  constructor(private readonly kind: 'Byte' | 'Word' | 'Stamped', private readonly queue: number, private readonly capacity: number) {}

  produce(): void {
    const n = this.next++ & 0xff || this.next++;
    // Room at the moment of the call: a consumer can only make more of it.
    const wasFull = f.waiting(this.queue) === this.capacity;
    const ok = this.kind === 'Byte' ? f.bytePush(this.queue, n) : this.kind === 'Word' ? f.wordPush(this.queue, n) : f.stampedPush(this.queue, ~n, n);
    if (ok) this.accepted.push(n & 0xff);
    else if (!wasFull) this.refusedWhenNotFull++;
  }

  consume(): void {
    if (this.kind === 'Byte') {
      const byte = f.bytePop(this.queue);
      if (byte >= 0) this.taken.push(byte);
    } else if (this.kind === 'Word') {
      const word = f.wordPop(this.queue);
      if (word !== 0) this.taken.push(word & 0xff);
    } else if (f.stampedPop(this.queue)) {
      const value = f.poppedValue(this.queue);
      assert.equal(f.stampOf(this.queue), ~value, 'stamp and value belong together');
      this.taken.push(value & 0xff);
    }
  }
}

const kind = fc.constantFrom('Byte' as const, 'Word' as const, 'Stamped' as const);
const capacity = fc.constantFrom(1, 2, 4);
const start = fc.constantFrom(0, 0xfffffffd);

describe('queues under pre-emption', () => {
  for (const [handler, main] of [['produce', 'consume'], ['consume', 'produce']] as const) {
    it(`lose, repeat and reorder nothing when the handler ${handler}s amid any access of main`, () => {
      let interruptions = 0;
      fc.assert(fc.property(kind, capacity, start, fc.array(fc.nat(2), { minLength: 400, maxLength: 400 }), fc.array(fc.boolean(), { maxLength: 30, size: 'max' }),
        (k, size, from, plan, turns) => {
          const queue = queueOf(k, size, from);
          const traffic = new Traffic(k, queue, size);
          let step = 0;
          shared.preempt = () => {
            for (let i = plan[step++ % plan.length]; i > 0; i--) {
              interruptions++;
              traffic[handler]();
            }
          };
          try {
            for (const both of turns) {
              traffic[main]();
              if (both) traffic[main]();
            }
          } finally {
            shared.preempt = () => {};
          }
          for (let i = 0; i < size; i++) traffic.consume();
          assert.deepEqual(traffic.taken, traffic.accepted);
          assert.equal(traffic.refusedWhenNotFull, 0);
          assert.ok(f.highWater(queue) <= size);
        }), { numRuns: 400 });
      assert.ok(interruptions > 1000, `only ${interruptions} interruptions`);
    });
  }
  it('show a consumer none or all of what pushAll puts in', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 8 }), start, (count, from) => {
      const queue = queueOf('Byte', 8, from);
      const seen = new Set<number>();
      shared.preempt = () => void seen.add(f.waiting(queue));
      try {
        f.bytePushAll(queue, 1, count, f.scratch.value);
      } finally {
        shared.preempt = () => {};
      }
      assert.deepEqual([...seen], [0, count]);
    }));
  });
});
