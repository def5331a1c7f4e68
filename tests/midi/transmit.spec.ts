// SPDX-License-Identifier: MIT
// The outgoing side: order on the wire, real time ahead of it, whole or refused; then with the transmit interrupt amid every access.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fixture } from '../../host/testing/assembly.js';
import { hexOf, referenceParse } from './reference-parser.js';
import { SharedMemory } from './shared-memory.js';

// As documented in assembly/midi/encoder.ts.
const E_STATUS = -3;
const E_ROOM = -4;
const E_SYSEX = -5;
const E_SYSEX_OPEN = -6;
const E_FULL = -7;

let shared: SharedMemory;
let f: Fixture;

function drain(t: number): string {
  const bytes: number[] = [];
  for (let byte = f.nextByte(t); byte >= 0; byte = f.nextByte(t)) bytes.push(byte);
  return hexOf(bytes);
}

function sendSysex(t: number, hex: string): number {
  const bytes = Buffer.from(hex, 'hex');
  new Uint8Array(f.memory.buffer).set(bytes, f.source.value);
  return f.sendSysex(t, bytes.length);
}

before(async () => {
  shared = await SharedMemory.load('tests/midi/transmit.as.ts');
  f = shared.fixture;
});

describe('transmitter', () => {
  it('gives messages byte by byte, in order, then -1', () => {
    const t = f.createTransmitter(16, 4, 0);
    assert.deepEqual([f.send(t, 0x643c90), f.send(t, 0x07c1), sendSysex(t, 'f001f7'), f.send(t, 0xf6)], [3, 2, 3, 1]);
    assert.equal(drain(t), '903c64c107f001f7f6');
    assert.equal(f.nextByte(t), -1);
  });
  it('lets real time out next, between any two bytes, inside a SysEx too', () => {
    const t = f.createTransmitter(16, 4, 0);
    sendSysex(t, 'f00102f7');
    f.send(t, 0x643c90);
    const wire = [f.nextByte(t)];
    for (const status of [0xf8, 0xfe]) assert.equal(f.sendRealTime(t, status), 1);
    wire.push(f.nextByte(t), f.nextByte(t), f.nextByte(t));
    f.sendRealTime(t, 0xfa);
    assert.equal(hexOf(wire) + drain(t), 'f0f8fe01fa02f7903c64');
  });
  it('refuses a message that does not fit whole, and counts its bytes', () => {
    const t = f.createTransmitter(8, 1, 0);
    assert.deepEqual([f.send(t, 0x643c90), f.send(t, 0x643c90), f.send(t, 0x643c90), f.send(t, 0x07c0)], [3, 3, E_FULL, 2]);
    assert.deepEqual([sendSysex(t, 'f0f7'), sendSysex(t, 'f000000000000000f7')], [E_FULL, E_ROOM]);
    assert.deepEqual([f.sendRealTime(t, 0xf8), f.sendRealTime(t, 0xf8)], [1, E_FULL]);
    assert.deepEqual([f.refusedBytes(t), f.refusedRealTime(t)], [14, 1]);
    assert.equal(drain(t), 'f8903c64903c64c007');
    f.publish(t);
    // Words from byte 64 on: txQueueFull is counter 5, txQueueHigh 27 (host/abi.ts).
    assert.deepEqual([5, 27].map((i) => new Uint32Array(f.memory.buffer, 64, 30)[i]), [15, 8]);
  });
  it('keeps running status true through refusals', () => {
    const t = f.createTransmitter(4, 1, 1);
    assert.deepEqual([f.send(t, 0x643c90), f.send(t, 0x643c91), f.send(t, 0x07c0)], [3, E_FULL, E_FULL]);
    assert.equal(drain(t), '903c64');
    assert.deepEqual([f.send(t, 0x653d90), drain(t)], [2, '3d65']);
    assert.deepEqual([f.send(t, 0x653d91), drain(t)], [3, '913d65']);
  });
  it('puts nothing but real time between the pieces of a SysEx', () => {
    const t = f.createTransmitter(16, 2, 0);
    assert.equal(sendSysex(t, 'f001'), 2);
    assert.deepEqual([f.send(t, 0x643c90), sendSysex(t, 'f0f7')], [E_SYSEX_OPEN, E_SYSEX]);
    assert.equal(f.refusedBytes(t), 3, 'a sound message is counted, an unsound one is not');
    assert.equal(f.sendRealTime(t, 0xf8), 1);
    assert.equal(sendSysex(t, '02f7'), 2);
    assert.equal(f.send(t, 0x643c90), 3);
    assert.equal(drain(t), 'f8f00102f7903c64');
    sendSysex(t, 'f001');
    f.abandon(t);
    f.send(t, 0x643c90);
    assert.equal(drain(t), 'f001903c64');
  });
  it('refuses what belongs to the other queue or to none', () => {
    const t = f.createTransmitter(16, 2, 0);
    assert.deepEqual([f.send(t, 0xf8), f.send(t, 0xf4), f.send(t, 0x3c)], [E_STATUS, E_STATUS, E_STATUS]);
    assert.deepEqual([0xf9, 0xfd, 0xf6, 0x90, 0x1f8].map((s) => f.sendRealTime(t, s)), [E_STATUS, E_STATUS, E_STATUS, E_STATUS, E_STATUS]);
    assert.equal(drain(t), '');
  });
});

describe('transmitter under its interrupt', () => {
  const data = fc.integer({ min: 0, max: 127 });
  const action: fc.Arbitrary<{ message: number; wire: readonly number[] }> = fc.oneof(
    fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), data, data).map(([s, a, b]) => ({ message: s | a << 8 | b << 16, wire: [s, a, b] })),
    fc.tuple(fc.integer({ min: 0xc0, max: 0xdf }), data).map(([s, a]) => ({ message: s | a << 8, wire: [s, a] })),
    fc.constant({ message: 0xf6, wire: [0xf6] }),
    fc.array(data, { maxLength: 6, size: 'max' }).map((payload) => ({ message: 0xf0, wire: [0xf0, ...payload, 0xf7] })),
    fc.constantFrom(0xf8, 0xfa, 0xfe).map((status) => ({ message: status, wire: [status] })),
  );
  const transmitters = new Map<boolean, number>();
  it('sends exactly what was accepted, no message split, real time first', () => {
    let refusals = 0;
    fc.assert(fc.property(fc.array(action, { maxLength: 60, size: 'max' }), fc.boolean(), fc.array(fc.nat(3), { minLength: 20, maxLength: 50 }), (actions, running, plan) => {
      if (!transmitters.has(running)) transmitters.set(running, f.createTransmitter(8, 2, running ? 1 : 0));
      const t = transmitters.get(running)!;
      const wire: number[] = [];
      let step = 0;
      shared.preempt = () => {
        if (plan[step++ % plan.length] !== 0) return;
        const byte = f.nextByte(t);
        if (byte >= 0) wire.push(byte);
      };
      const accepted: (readonly number[])[] = [];
      try {
        // Clears the running status of the run before, whose queue was drained.
        assert.equal(f.send(t, 0xf6), 1);
        accepted.push([0xf6]);
        for (const { message, wire: bytes } of actions) {
          const result = message >= 0xf8 && message <= 0xff ? f.sendRealTime(t, message) : message === 0xf0 ? sendSysex(t, hexOf(bytes)) : f.send(t, message);
          if (result > 0) accepted.push(bytes);
          else assert.ok(result === E_FULL || result === E_ROOM, String(result));
          if (result < 0) refusals++;
        }
      } finally {
        shared.preempt = () => {};
      }
      wire.push(...Buffer.from(drain(t), 'hex'));
      const sent = referenceParse(wire, 64);
      const wanted = referenceParse(accepted.flat(), 64);
      const isRealTime = ({ t: type }: { t: string }) => ['clock', 'start', 'active_sensing'].includes(type);
      const bare = (events: typeof sent.events) => events.map(({ at: _, ...event }) => event);
      assert.deepEqual(bare(sent.events.filter((e) => !isRealTime(e))), bare(wanted.events.filter((e) => !isRealTime(e))));
      assert.deepEqual(bare(sent.events.filter(isRealTime)), bare(wanted.events.filter(isRealTime)));
      assert.deepEqual(sent.losses, wanted.losses);
    }), { numRuns: 500 });
    assert.ok(refusals > 100, `only ${refusals} refusals`);
  });
});
