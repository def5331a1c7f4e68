// SPDX-License-Identifier: MIT
// Every queue of a firmware, found in its memory after the run: how much waited in it at most, and how much fits. A queue is a block of the heap that the
// heap's own order gives away (assembly/midi/queue.ts): its slots are the block behind it. It is called by the global variable that leads to it.

import { parseModule } from '../cpu/wasm/decode.js';
import type { FirmwareBoard } from '../emulator/firmware-board.js';
import type { QueueProfile } from './profile-result.js';
import type { RunResult } from './run-result.js';

/** Word offsets in a queue. */
const RING = { head: 0, tail: 1, capacity: 2, slots: 3, highWater: 4 } as const;
/** Words of a queue at least: those above. */
const RING_WORDS = 5;
/** The heap of the stub runtime: a word with the byte count in front of each block, which begins at a multiple of 16. */
const ALIGNMENT = 16;
const HEADER = 4;
/** What waits, by the bytes of a slot. */
const STAMPED = 'entries with their time';
const ENTRIES = [[1, 'bytes'], [4, 'messages'], [8, STAMPED]] as const;
/** Objects between a global variable and a queue, at most. */
const DEEPEST = 4;

interface Ring {
  readonly address: number;
  readonly of: string;
  readonly capacity: number;
  /** Entries that were ever taken out, modulo 2^32. */
  readonly taken: number;
  readonly highWater: number;
}

/** What the ABI has counters for, by the variable of the queue where it is one of the above (assembly/drivers). */
const COUNTED = [
  { name: 'received bytes', of: 'bytes waiting for the parser', variable: /\/drivers\/common\/received\/received$/, high: 'rxQueueHigh', lost: 'rxQueueFull' },
  { name: 'bytes to send', of: 'bytes waiting for the transmitter', variable: /\/drivers\/\w+\/uart\/uartTransmitter$/, high: 'txQueueHigh', lost: 'txQueueFull' },
  { name: 'messages', of: 'messages waiting for the synth', variable: undefined, high: 'eventQueueHigh', lost: 'eventQueueFull' },
] as const;

/** Queues with their variables' names; what the ABI counts besides, of queues that have no name or are none of `queue.ts`, stands with no capacity. */
export function queuesOf(board: FirmwareBoard, { gauges, losses }: Pick<RunResult, 'gauges' | 'losses'>): QueueProfile[] {
  const words = wordsOf(board);
  const rings = ringsIn(words);
  const names = namesOf(board, words, rings);
  const found = rings.map(({ address, of, capacity, highWater }, i): QueueProfile => {
    const { variable, part } = names.get(address) ?? { variable: undefined, part: 0 };
    const counted = COUNTED.find((known) => part === 0 && variable !== undefined && known.variable?.test(variable));
    const own = variable === undefined ? `queue ${i + 1}` : `${variable.replace(/^.*\//, '')}${part === 0 ? '' : ` #${part + 1}`}`;
    return { name: counted?.name ?? own, of: counted?.of ?? of, capacity, highWater, lost: counted ? losses[counted.lost] : null };
  });
  const others = COUNTED.filter(({ name, high, lost }) => gauges[high] + losses[lost] > 0 && !found.some((queue) => queue.name === name));
  return [...found, ...others.map(({ name, of, high, lost }): QueueProfile => ({ name, of, capacity: null, highWater: gauges[high], lost: losses[lost] }))];
}

/** Received MIDI bytes that wait in their queue (assembly/drivers/common/received.ts), when none was ever taken out of it; else 0. */
export function untouchedBytes(board: FirmwareBoard): number {
  const most = board.counter('rxQueueHigh');
  const found = ringsIn(wordsOf(board)).find(({ of, taken, highWater }) => of === STAMPED && taken === 0 && highWater === most);
  return found?.highWater ?? 0;
}

const wordsOf = ({ linearMemory: { buffer, byteOffset, byteLength } }: FirmwareBoard): Uint32Array => new Uint32Array(buffer, byteOffset, byteLength >> 2);

/** Byte count of the block that the heap makes for something. */
const blockBytes = (byteCount: number): number => Math.ceil((byteCount + HEADER) / ALIGNMENT) * ALIGNMENT - HEADER;

/** In the order in which they were made. */
function ringsIn(words: Uint32Array): Ring[] {
  const found: Ring[] = [];
  for (let at = ALIGNMENT / 4; at + RING_WORDS <= words.length; at += ALIGNMENT / 4) {
    const [capacity, slots, highWater] = [words[at + RING.capacity], words[at + RING.slots], words[at + RING.highWater]];
    const behind = 4 * at + words[at - 1] + HEADER;
    if (slots !== behind || words[at - 1] !== blockBytes(words[at - 1]) || slots >> 2 >= words.length) continue;
    const taken = words[at + RING.tail];
    const waiting = (words[at + RING.head] - taken) >>> 0;
    if (capacity === 0 || (capacity & (capacity - 1)) !== 0 || waiting > capacity || highWater > capacity) continue;
    const of = ENTRIES.filter(([slotBytes]) => words[(slots >> 2) - 1] === blockBytes(capacity * slotBytes)).map(([, entries]) => entries);
    if (of.length > 0) found.push({ address: 4 * at, of: of.length === 1 ? of[0] : 'entries', capacity, taken, highWater });
  }
  return found;
}

/** By a queue's address, the first global variable from which pointers lead to it, and the how manieth of its queues it is. */
function namesOf(board: FirmwareBoard, words: Uint32Array, rings: readonly Ring[]): Map<number, { variable: string; part: number }> {
  const names = new Map<number, { variable: string; part: number }>();
  const wanted = new Set(rings.map(({ address }) => address));
  const globals = [...parseModule(board.firmware.wasm).globalNames].map(([index, name]) => ({ name, address: board.globalValue(index) ?? 0 }));
  // Breadth first over all of them, so that a queue has the name of the variable that is nearest.
  let objects = globals.map(({ name, address }) => ({ name, address }));
  const parts = new Map<string, number>();
  const seen = new Set<number>();
  for (let depth = 0; depth <= DEEPEST && objects.length > 0; depth++) {
    const next: typeof objects = [];
    for (const { name, address } of objects) {
      if (wanted.has(address)) {
        if (names.has(address)) continue;
        const part = parts.get(name) ?? 0;
        names.set(address, { variable: name, part });
        parts.set(name, part + 1);
      } else if (address % ALIGNMENT === 0 && address >= ALIGNMENT && address >> 2 < words.length && !seen.has(address)) {
        seen.add(address);
        const byteCount = words[(address >> 2) - 1];
        if (byteCount % 4 !== 0 || (address + byteCount) >> 2 > words.length) continue;
        for (let at = address >> 2; at < (address + byteCount) >> 2; at++) next.push({ name, address: words[at] });
      }
    }
    objects = next;
  }
  return names;
}
