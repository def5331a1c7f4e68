// SPDX-License-Identifier: MIT
// The encoder: literal bytes, what it refuses, running status, and that the parser reads back what it wrote.

import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

// As documented in assembly/midi/encoder.ts.
const E_CHANNEL = -1;
const E_VALUE = -2;
const E_STATUS = -3;
const E_ROOM = -4;
const E_SYSEX = -5;
const E_SYSEX_OPEN = -6;

let f: Fixture;
let encoder: number;
const heap = () => new Uint8Array(f.memory.buffer);
const written = (byteCount: number) => Buffer.from(heap().slice(f.target.value, f.target.value + byteCount)).toString('hex');

function encode(message: number, room = 3): string | number {
  heap().fill(0xee, f.target.value, f.target.value + 8);
  const byteCount = f.encodeMessage(encoder, message, f.target.value, room);
  if (byteCount < 0) assert.equal(written(8), 'ee'.repeat(8), 'writes nothing when it refuses');
  return byteCount < 0 ? byteCount : written(byteCount);
}

function encodeSysex(hex: string, room = 1024): string | number {
  const bytes = Buffer.from(hex, 'hex');
  heap().set(bytes, f.source.value);
  const byteCount = f.encodeSysex(encoder, f.source.value, bytes.length, f.target.value, room);
  return byteCount < 0 ? byteCount : written(byteCount);
}

before(async () => {
  f = await instantiateAssembly('tests/midi/encoder.as.ts');
  encoder = f.createEncoder(false);
});
beforeEach(() => f.resetEncoder(encoder, false));

describe('MIDI messages', () => {
  it('are made of their status and data', () => {
    const cases: [number, string][] = [
      [f.noteOff(0, 60, 64), '803c40'], [f.noteOn(15, 127, 1), '9f7f01'], [f.noteOn(0, 60, 0), '903c00'], [f.polyPressure(1, 2, 3), 'a10203'],
      [f.controlChange(2, 7, 100), 'b20764'], [f.programChange(9, 127), 'c97f'], [f.channelPressure(3, 0), 'd300'], [f.quarterFrame(0x7f), 'f17f'],
      [f.songSelect(1), 'f301'], [f.systemMessage(0xf6), 'f6'], [f.systemMessage(0xf8), 'f8'], [f.systemMessage(0xfa), 'fa'],
      [f.systemMessage(0xfb), 'fb'], [f.systemMessage(0xfc), 'fc'], [f.systemMessage(0xfe), 'fe'], [f.systemMessage(0xff), 'ff'],
    ];
    for (const [message, hex] of cases) assert.equal(encode(message), hex);
  });
  it('split 14 bits, low seven first', () => {
    assert.equal(encode(f.pitchBend(0, 0x2000)), 'e00040');
    assert.equal(encode(f.pitchBend(5, 0x3fff)), 'e57f7f');
    assert.equal(encode(f.pitchBend(5, 0x81)), 'e50101');
    assert.equal(encode(f.songPosition(0)), 'f20000');
    assert.equal(encode(f.songPosition(0x3f80)), 'f2007f');
  });
  it('are refused when a value is out of range', () => {
    for (const bad of [-1, 16, 0x100, 0x7fffffff]) {
      for (const make of [f.noteOff, f.noteOn, f.polyPressure, f.controlChange]) assert.equal(make(bad, 0, 0), E_CHANNEL);
      for (const make of [f.programChange, f.channelPressure, f.pitchBend]) assert.equal(make(bad, 0), E_CHANNEL);
    }
    for (const bad of [-1, 128, 0x10000, -0x80000000]) {
      for (const make of [f.noteOff, f.noteOn, f.polyPressure, f.controlChange]) {
        assert.equal(make(0, bad, 0), E_VALUE);
        assert.equal(make(0, 0, bad), E_VALUE);
      }
      for (const make of [f.programChange, f.channelPressure]) assert.equal(make(0, bad), E_VALUE);
      for (const make of [f.quarterFrame, f.songSelect]) assert.equal(make(bad), E_VALUE);
    }
    for (const bad of [-1, 0x4000, -0x80000000]) {
      assert.equal(f.pitchBend(0, bad), E_VALUE);
      assert.equal(f.songPosition(bad), E_VALUE);
    }
    for (const status of [0, 0x90, 0xf0, 0xf1, 0xf4, 0xf5, 0xf7, 0xf9, 0xfd, 0x100, -1]) assert.equal(f.systemMessage(status), E_STATUS);
  });
});

describe('encodeMessage', () => {
  it('refuses words that are no short message', () => {
    for (const word of [0, 0x7f, 0xf0, 0xf4, 0xf5, 0xf7, 0xf9, 0xfd, 0x3c40]) assert.equal(encode(word), E_STATUS, word.toString(16));
    for (const word of [0x803c90, 0x40803c90, 0x8090, 0x01000090, 0x0100c0, 0x01f6, 0x01f8, 0x010000f8]) assert.equal(encode(word), E_VALUE, word.toString(16));
  });
  it('refuses rather than write past the room', () => {
    assert.equal(encode(0x643c90, 2), E_ROOM);
    assert.equal(encode(0x07c0, 1), E_ROOM);
    assert.equal(encode(0xf8, 0), E_ROOM);
    assert.equal(encode(0x643c90, 3), '903c64');
  });
  it('repeats the status of each message unless asked not to', () => {
    assert.deepEqual([encode(0x643c90), encode(0x003c90)], ['903c64', '903c00']);
    f.resetEncoder(encoder, true);
    assert.deepEqual([encode(0x643c90), encode(0x003c90), encode(0x403d91), encode(0x07c1), encode(0x08c1)], ['903c64', '3c00', '913d40', 'c107', '08']);
  });
  it('keeps running status through real time and drops it at system common and SysEx', () => {
    f.resetEncoder(encoder, true);
    assert.deepEqual([encode(0x643c90), encode(0xf8), encode(0x653c90)], ['903c64', 'f8', '3c65']);
    for (const common of [0xf6, 0x05f1, 0x0102f2, 0x03f3]) {
      encode(common);
      assert.equal(encode(0x643c90), '903c64');
      assert.equal(encode(0x643c90), '3c64');
    }
    encodeSysex('f0f7');
    assert.equal(encode(0x643c90), '903c64');
  });
  it('leaves running status alone when it refuses', () => {
    f.resetEncoder(encoder, true);
    encode(0x643c90);
    assert.equal(encode(0x643c91, 2), E_ROOM);
    assert.equal(encode(0x643c90, 2), '3c64');
  });
});

describe('encodeSysex', () => {
  it('writes a message whole', () => {
    assert.equal(encodeSysex('f07e7f0901f7'), 'f07e7f0901f7');
    assert.equal(encodeSysex('f0f7'), 'f0f7');
    assert.equal(f.isOpen(encoder), 0);
  });
  it('refuses what is no SysEx, and what does not fit', () => {
    for (const bad of ['', '7e', 'f7', '90', 'f080f7', 'f0f0f7', 'f0f7f7', 'f0f801f7']) assert.equal(encodeSysex(bad), E_SYSEX, bad);
    assert.equal(encodeSysex('f001f7', 2), E_ROOM);
    assert.equal(f.isOpen(encoder), 0);
  });
  it('takes pieces, and lets only real time between them', () => {
    assert.equal(encodeSysex('f001'), 'f001');
    assert.equal(encode(0x643c90), E_SYSEX_OPEN);
    assert.equal(encode(0xf6), E_SYSEX_OPEN);
    assert.equal(encode(0xf8), 'f8');
    assert.equal(encodeSysex('f002f7'), E_SYSEX);
    assert.equal(encodeSysex('02'), '02');
    assert.equal(encodeSysex('f7'), 'f7');
    assert.equal(encode(0x643c90), '903c64');
  });
  it('can be abandoned', () => {
    encodeSysex('f001');
    f.abandonSysex(encoder);
    assert.equal(encode(0x643c90), '903c64');
  });
});

describe('encoder and parser', () => {
  const data = fc.integer({ min: 0, max: 127 });
  const message = fc.oneof(
    fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), data, data).map(([s, a, b]) => s | a << 8 | b << 16),
    fc.tuple(fc.integer({ min: 0xe0, max: 0xef }), data, data).map(([s, a, b]) => s | a << 8 | b << 16),
    fc.tuple(fc.integer({ min: 0xc0, max: 0xdf }), data).map(([s, a]) => s | a << 8),
    fc.tuple(fc.constantFrom(0xf1, 0xf3), data).map(([s, a]) => s | a << 8),
    fc.constantFrom(0xf6, 0xf8, 0xfa, 0xfb, 0xfc, 0xfe, 0xff),
  ).filter((m) => (m & 0xff00f0) !== 0x90); // Note On with velocity 0 comes back as Note Off
  it('are each other\'s inverse, with running status and without', () => {
    const parser = f.createParser(64);
    fc.assert(fc.property(fc.array(message, { maxLength: 40, size: 'max' }), fc.boolean(), (messages, useRunningStatus) => {
      f.resetEncoder(encoder, useRunningStatus);
      f.resetParser(parser);
      const back: number[] = [];
      for (const m of messages) {
        for (const byte of Buffer.from(String(encode(m)), 'hex')) {
          const word = f.parseByte(parser, byte) >>> 0;
          if (word !== 0) back.push(word);
        }
      }
      assert.deepEqual(back, messages);
    }), { numRuns: 500 });
  });
});
