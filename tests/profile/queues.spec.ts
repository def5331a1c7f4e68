// SPDX-License-Identifier: MIT
// Queues of a firmware that a profile finds by itself: how many entries fit, how many waited at most, and what they are called.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadBoard } from '../../host/boards/index.js';
import { packageRoot } from '../../host/paths.js';
import { profile } from '../../host/profile/profile.js';
import { without } from '../../host/testing/needs.js';

const directory = mkdtempSync(join(tmpdir(), 'tonewheel-queues-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const library = (module: string): string => JSON.stringify(relative(directory, join(packageRoot, 'assembly', module)));
const firmware = join(directory, 'queues.ts');
writeFileSync(firmware, `
import { clockInit } from ${library('drivers/clock')};
import { uartInit, uartInterrupt, uartKick, uartSend, uartStart } from ${library('drivers/uart')};
import { createByteQueue, createStampedQueue, createWordQueue, ByteQueue, StampedQueue } from ${library('midi/queue')};
import { waitForInterrupt } from ${library('shim/abi')};

class Pair {
  first: ByteQueue = createByteQueue(128);
  second: StampedQueue = createStampedQueue(2);
}
const echoes = createWordQueue(32);
const pair = new Pair();

export function init(): void {
  assert(clockInit() == 0);
  uartInit();
  uartStart();
  for (let i: u32 = 1; i <= 21; i++) echoes.push(i);
  while (echoes.pop() != 0) {}
  echoes.push(1);
  for (let i: u32 = 0; i < 5; i++) pair.first.push(<u8>i);
  for (let i: u32 = 0; i < 3; i++) pair.second.push(i, i);
}
export function main(): void {
  for (let i: u32 = 0; i < 4; i++) uartSend(0x40_3c_90);
  uartKick();
  while (true) waitForInterrupt();
}
@isr("MIDI_UART", 1)
function moved(): void { uartInterrupt(); }
`);

/** What was pushed at most, of what was asked for, as written above; of the driver's, what its source says. */
const OWN = [
  { name: 'echoes', of: 'messages', capacity: 32, highWater: 21, lost: null },
  { name: 'pair', of: 'bytes', capacity: 128, highWater: 5, lost: null },
  { name: 'pair #2', of: 'entries with their time', capacity: 2, highWater: 2, lost: null },
];

describe('queues in a profile', () => {
  for (const { cpu, engine, skip } of [{ cpu: 'wasm', engine: 'aot', skip: false }, { cpu: 'arm', engine: 'aot', skip: without('arm-none-eabi-gcc') }] as const) {
    it(`have the names of their variables, on CPU ${cpu}`, { skip }, async () => {
      const { result: { queues } } = await profile({ firmware, board: loadBoard('stm32f4-discovery'), cpu, engine, seconds: 0.02, command: 'a test' });
      assert.deepEqual(OWN.map(({ name }) => queues.find((queue) => queue.name === name)), OWN);
      const received = queues.find(({ name }) => name === 'received bytes');
      assert.deepEqual([received?.capacity, received?.highWater, received?.lost], [256, 0, 0]);
      const toSend = queues.find(({ name }) => name === 'bytes to send');
      assert.ok(toSend && toSend.capacity! >= 64 && toSend.highWater >= 10 && toSend.highWater <= 12, JSON.stringify(toSend));
    });
  }

  it('are there without their names where the interpreter keeps the variables', { skip: without('arm-none-eabi-gcc') }, async () => {
    const { result: { queues } } = await profile({ firmware, board: loadBoard('stm32f4-discovery'), cpu: 'arm', engine: 'wasm3', seconds: 0.1, command: 'a test' });
    for (const { of, capacity, highWater } of OWN) assert.ok(queues.some((q) => q.of === of && q.capacity === capacity && q.highWater === highWater && /^queue \d$/.test(q.name)), of);
  });
});
