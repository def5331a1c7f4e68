// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { MidiSource } from './midi-source.js';
import { SerialSender } from './serial-sender.js';

const CHARACTER = 53_760; // cycles at 168 MHz and 31250 baud

function setUp() {
  const bench = new ModelBench();
  const time = new RealTime(bench.timeline, bench.clocks);
  const midi = new MidiSource(new SerialSender(bench.timeline, time, bench.signal('MIDI_IN'), 31250));
  const bytes: number[] = [];
  const starts: number[] = [];
  midi.sender.onCharacter((byte, start) => {
    bytes.push(byte);
    starts.push(start);
  });
  return { bench, midi, bytes, starts };
}

test('every kind of message, as the specification spells it', () => {
  const { bench, midi, bytes } = setUp();
  midi.noteOn(0, 60, 100);
  midi.noteOff(15, 60);
  midi.polyPressure(1, 61, 5);
  midi.controlChange(2, 7, 127);
  midi.program(3, 12);
  midi.channelPressure(4, 99);
  midi.pitchBend(5, 8192);
  midi.pitchBend(6, 16_383);
  midi.sysex([0x7e, 0x7f, 9, 1]);
  midi.raw([0xf2, 1, 2]);
  bench.run(40 * CHARACTER);
  assert.deepEqual(bytes, [
    0x90, 60, 100, 0x8f, 60, 64, 0xa1, 61, 5, 0xb2, 7, 127, 0xc3, 12, 0xd4, 99, 0xe5, 0, 64, 0xe6, 127, 127, 0xf0, 0x7e, 0x7f, 9, 1, 0xf7, 0xf2, 1, 2,
  ]);
});

test('a chord at one time is spread by the wire: 320 us a byte', () => {
  const { bench, midi, starts } = setUp();
  for (const note of [60, 64, 67]) midi.noteOn(0, note, 100, { seconds: 0.01 });
  bench.run(1_680_000 + 9 * CHARACTER);
  assert.deepEqual(starts, Array.from({ length: 9 }, (_, i) => 1_680_000 + i * CHARACTER));
});

test('messages are not torn apart by others that come while they are on the wire; real-time bytes go between', () => {
  const { bench, midi, bytes } = setUp();
  midi.noteOn(0, 60, 100);
  bench.run(CHARACTER / 2);
  midi.noteOn(1, 61, 101);
  bench.run(CHARACTER);
  midi.realTime(0xf8);
  bench.run(7 * CHARACTER);
  assert.deepEqual(bytes, [0x90, 60, 0xf8, 100, 0x91, 61, 101]);
});

test('running status leaves out what is in force on the wire, over real-time bytes, not over SysEx', () => {
  const { bench, midi, bytes } = setUp();
  midi.runningStatus = true;
  midi.noteOn(0, 60, 100);
  midi.noteOn(0, 62, 100);
  midi.realTime(0xfa, { cycle: 2 * CHARACTER + 1 });
  midi.noteOn(0, 60, 0);
  midi.sysex([1]);
  midi.noteOn(0, 64, 100);
  midi.noteOn(1, 64, 100);
  midi.program(1, 2);
  midi.program(1, 3);
  bench.run(40 * CHARACTER);
  assert.deepEqual(bytes, [0x90, 60, 100, 0xfa, 62, 100, 60, 0, 0xf0, 1, 0xf7, 0x90, 64, 100, 0x91, 64, 100, 0xc1, 2, 3]);
});

test('running status holds when a live message comes between those of a queued file', () => {
  const { bench, midi, bytes } = setUp();
  midi.runningStatus = true;
  midi.play([{ seconds: 0.01, bytes: [0x90, 60, 100] }, { seconds: 0.03, bytes: [0x90, 60, 0] }, { seconds: 0.03, bytes: [0x90, 62, 0] }, { seconds: 0.03, bytes: [0xf8] }]);
  midi.controlChange(0, 7, 1, { seconds: 0.02 });
  bench.run(168_000_000);
  assert.deepEqual(bytes, [0x90, 60, 100, 0xb0, 7, 1, 0x90, 60, 0, 62, 0, 0xf8]);
});

test('a file starts when it is told to', () => {
  const { bench, midi, starts } = setUp();
  midi.play([{ seconds: 0.5, bytes: [0xc0, 1] }], 0.25);
  bench.run(168_000_000);
  assert.deepEqual(starts, [126_000_000, 126_000_000 + CHARACTER]);
});

test('what MIDI cannot say is refused', () => {
  const { midi } = setUp();
  for (const wrong of [
    () => midi.noteOn(16, 60, 1), () => midi.noteOn(0, 128, 1), () => midi.noteOn(0, 60, -1), () => midi.pitchBend(0, 16_384),
    () => midi.sysex([0x80]), () => midi.realTime(0xf0), () => midi.program(0, 1.5),
  ]) assert.throws(wrong, RangeError);
  assert.equal(midi.sender.pending, 0);
});
