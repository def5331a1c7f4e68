// SPDX-License-Identifier: MIT
// The router's filters, its clients' losses and the wholeness of the SysEx they see; then MIDI Thru through it.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fixture } from '../../host/testing/assembly.js';
import { midiStream } from './arbitraries.js';
import { hexOf, referenceParse } from './reference-parser.js';
import { SharedMemory } from './shared-memory.js';

// As documented in assembly/midi/events.ts and router.ts.
const ABORTED = 1 << 24;
const ALL = 0xffffff;
const NOTES = 0b11;
const SYSEX = 1 << 8;
const CLOCK = 1 << 16;

let f: Fixture;
let parser: number;

before(async () => {
  f = (await SharedMemory.load('tests/midi/router.as.ts')).fixture;
  parser = f.createParser(8);
});

function feed(router: number, hex: string, stamp = 0): void {
  for (const byte of Buffer.from(hex.replace(/ /g, ''), 'hex')) f.route(router, f.parseByte(parser, byte), stamp++, f.sysexBuffer(parser));
}

/** Takes one event of a client: "word" or "word:sysex bytes"; '' when it has none. */
function take(client: number): string {
  const word = f.take(client) >>> 0;
  if (word === 0) return '';
  if ((word & 0xff) !== 0xf0) return word.toString(16);
  const byteCount = (word >>> 8) & 0xffff;
  assert.equal(f.takeSysex(client, byteCount), 1, 'the bytes are there');
  return `${word.toString(16)}:${hexOf([...new Uint8Array(f.memory.buffer, f.bytes.value, byteCount)])}`;
}

function takeAll(client: number): string[] {
  const all: string[] = [];
  for (let entry = take(client); entry !== ''; entry = take(client)) all.push(entry);
  return all;
}

function fresh(): number {
  f.resetParser(parser);
  return f.createRouter();
}

describe('router', () => {
  it('gives every client what its filter passes, with the stamp', () => {
    const router = fresh();
    const synth = f.addClient(router, NOTES, 1 << 2, 16, 0);
    const monitor = f.addClient(router, ALL, 0xffff, 16, 64);
    const clock = f.addClient(router, CLOCK, 0, 16, 0);
    feed(router, '92 3C 64 93 3C 64 82 3C 00 B2 07 01 F8 F0 01 F7 F2 01 02', 100);
    assert.deepEqual(takeAll(synth), ['643c92', '3c82']);
    assert.equal(f.stampOf(synth), 108);
    assert.deepEqual(takeAll(clock), ['f8']);
    assert.deepEqual(takeAll(monitor), ['643c92', '643c93', '3c82', '107b2', 'f8', '3f0:f001f7', '201f2']);
    assert.equal(f.stampOf(monitor), 118);
    assert.deepEqual([synth, monitor, clock].map((c) => f.lost(c)), [0, 0, 0]);
  });
  it('knows each kind by a bit of its own', () => {
    const messages = ['80 01 02', '90 01 02', 'A0 01 02', 'B0 01 02', 'C0 01', 'D0 01', 'E0 01 02', '', 'F0 01 F7', 'F1 01', 'F2 01 02', 'F3 01', '', '', 'F6', '',
      'F8', '', 'FA', 'FB', 'FC', '', 'FE', 'FF'];
    for (const [bit, message] of messages.entries()) {
      if (message === '') continue;
      const router = fresh();
      const only = f.addClient(router, 1 << bit, 0xffff, 4, 16);
      const others = f.addClient(router, ALL & ~(1 << bit), 0xffff, 4, 16);
      feed(router, message);
      assert.deepEqual([takeAll(only).length, takeAll(others).length], [1, 0], message);
    }
  });
  it("counts a client's losses as its own, and the others lose nothing", () => {
    const router = fresh();
    const slow = f.addClient(router, ALL, 0xffff, 2, 0);
    const quick = f.addClient(router, ALL, 0xffff, 16, 0);
    feed(router, '90 3C 64 3D 64 3E 64 3F 64');
    assert.deepEqual([f.lost(slow), f.lost(quick)], [2, 0]);
    assert.deepEqual(takeAll(slow), ['643c90', '643d90']);
    assert.equal(takeAll(quick).length, 4);
  });
  it('tells of an abort, and then of the message that caused it', () => {
    const router = fresh();
    const client = f.addClient(router, ALL, 0xffff, 8, 64);
    const deaf = f.addClient(router, ALL & ~SYSEX, 0xffff, 8, 64);
    feed(router, 'F0 01 02 F6');
    assert.deepEqual(takeAll(client), [(ABORTED | 0xf6).toString(16)]);
    assert.deepEqual(takeAll(deaf), ['f6']);
  });
  it('drops a SysEx whole when its bytes do not fit, and takes the next', () => {
    const router = fresh();
    const client = f.addClient(router, SYSEX, 0, 8, 8);
    feed(router, 'F0 01 02 03 F7 F0 04 05 F7');
    assert.equal(f.lost(client), 1);
    assert.deepEqual(takeAll(client), ['5f0:f0010203f7']);
    feed(router, 'F0 06 F7');
    assert.deepEqual(takeAll(client), ['3f0:f006f7']);
  });
  it('aborts a SysEx whose later chunk does not fit, even when the abort itself has to wait', () => {
    const router = fresh();
    const client = f.addClient(router, ALL, 0xffff, 2, 8);
    feed(router, 'F0 01 02 03 04 05 06 07'); // a chunk of 8 bytes, the buffer's size
    feed(router, 'F8'); // fills the event queue
    feed(router, '08 F7'); // no room
    assert.equal(f.lost(client), 1);
    assert.deepEqual([take(client), take(client), take(client)], ['20008f0:f001020304050607', 'f8', '']);
    feed(router, 'FA');
    assert.deepEqual(takeAll(client), [(ABORTED | 0xfa).toString(16)]);
  });
  it('shows whole SysEx only, however small the queues and whenever they are read', () => {
    fc.assert(fc.property(fc.array(midiStream, { maxLength: 5, size: 'max' }), fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }), (streams, plan) => {
      const bytes = streams.flat();
      const sent = referenceParse(bytes, 1 << 16).events.filter((e) => e.t === 'sysex').map((e) => e.data);
      f.resetParser(parser);
      const { router, client } = propertyRouter();
      takeAll(client);
      const lostBefore = f.lost(client);
      const got: string[] = [];
      let open: string | undefined;
      let step = 0;
      const read = (entry: string) => {
        const [word, data] = entry.split(':');
        const w = parseInt(word, 16);
        if (w & ABORTED) open = undefined;
        if (data === undefined) return;
        const continued = (w & 1 << 26) !== 0;
        assert.equal(open !== undefined, continued, 'a continuing chunk follows one that continues');
        open = (open ?? '') + data;
        if (w & 1 << 25) return;
        got.push(open);
        open = undefined;
      };
      for (const byte of bytes) {
        f.route(router, f.parseByte(parser, byte), 0, f.sysexBuffer(parser));
        if (plan[step++ % plan.length] === 0) {
          const entry = take(client);
          if (entry !== '') read(entry);
        }
      }
      for (const entry of takeAll(client)) read(entry);
      // The parser was left in an unknown state for the next run; end it with an abort or nothing.
      f.route(router, f.parseByte(parser, 0xf6), 0, f.sysexBuffer(parser));
      takeAll(client);
      const lost = f.lost(client) - lostBefore;
      let from = 0;
      for (const message of got) {
        const found = sent.indexOf(message, from);
        assert.ok(found >= 0, `${message} was sent`);
        from = found + 1;
      }
      assert.ok(sent.length - got.length <= lost, 'every SysEx that is missing was counted');
    }), { numRuns: 500 });
  });
  let kept: { router: number; client: number } | undefined;
  function propertyRouter() {
    if (!kept) {
      const router = f.createRouter();
      kept = { router, client: f.addClient(router, ALL, 0xffff, 4, 16) };
    }
    return kept;
  }
  it('takes eight clients and no more', () => {
    const router = fresh();
    for (let i = 0; i < 8; i++) f.addClient(router, ALL, 0xffff, 1, 0);
    assert.throws(() => f.addClient(router, ALL, 0xffff, 1, 0), /abort/);
  });
});

describe('thru', () => {
  it('holds back what the transmitter has no room for, and loses nothing', () => {
    const router = fresh();
    const client = f.addClient(router, ALL, 0xffff, 64, 64);
    const transmitter = f.createTransmitter(64, 64, 0);
    const small = f.createTransmitter(8, 1, 0);
    assert.throws(() => f.createThru(client, small), /abort/);
    const thru = f.createThru(client, transmitter);
    const hex = '903c64f0010203f7f8b10740c105f6';
    for (let i = 0; i < 6; i++) feed(router, hex);
    let wire = '';
    let rounds = 0;
    while (f.forward(thru, 5) > 0 || wire.length < 6 * hex.length) {
      rounds++;
      for (let i = 0; i < 7; i++) {
        const byte = f.nextByte(transmitter);
        if (byte >= 0) wire += hexOf([byte]);
      }
    }
    assert.ok(rounds > 2);
    assert.equal(wire.replace(/f8/g, ''), hex.repeat(6).replace(/f8/g, ''));
    assert.equal(wire.match(/f8/g)!.length, 6);
    assert.equal(f.lost(client), 0);
  });
  it('passes on no more events than it is told, and the rest at the next calls', () => {
    const router = fresh();
    const transmitter = f.createTransmitter(64, 64, 0);
    const thru = f.createThru(f.addClient(router, ALL, 0xffff, 16, 64), transmitter);
    feed(router, '90 3c 64 f8 f0 01 02 f7 b1 07 40 c1 05');
    const wire = (): string => {
      let sent = '';
      for (let byte = f.nextByte(transmitter); byte >= 0; byte = f.nextByte(transmitter)) sent += hexOf([byte]);
      return sent;
    };
    assert.equal(f.forward(thru, 3), 3);
    assert.equal(wire(), 'f8903c64f00102f7');
    assert.equal(f.forward(thru, 1), 1);
    assert.equal(wire(), 'b10740');
    assert.deepEqual([f.forward(thru, 3), f.forward(thru, 3)], [1, 0]);
    assert.equal(wire(), 'c105');
  });
  it('passes on what the plain model hears in any stream, chunks and aborts included', () => {
    const router = fresh();
    const client = f.addClient(router, ALL, 0xffff, 512, 1024);
    const transmitter = f.createTransmitter(1024, 64, 1);
    const thru = f.createThru(client, transmitter);
    fc.assert(fc.property(midiStream, (bytes) => {
      f.resetParser(parser);
      f.resetTransmitter(transmitter);
      const wire: number[] = [];
      for (const byte of bytes) {
        f.route(router, f.parseByte(parser, byte), 0, f.sysexBuffer(parser));
        f.forward(thru, 2);
        for (let out = f.nextByte(transmitter); out >= 0; out = f.nextByte(transmitter)) wire.push(out);
      }
      // Of a SysEx that fits no buffer the chunks go on at once; one that was aborted may then have left a beginning, which the receiver drops.
      const events = (stream: readonly number[]) => referenceParse(stream, 1 << 16).events.filter((e) => e.t !== 'sysex_abort').map(({ at: _, ...event }) => event);
      const order = (list: ReturnType<typeof events>) => list.map((e) => JSON.stringify(e));
      assert.deepEqual(order(events(wire)), order(events(bytes)));
      f.forward(thru, 2);
    }), { numRuns: 300 });
  });
});
