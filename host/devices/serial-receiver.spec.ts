// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { parseMidiFile, writeMidiFile } from './midi-file.js';
import { MidiSource } from './midi-source.js';
import { SerialReceiver } from './serial-receiver.js';
import { SerialSender } from './serial-sender.js';

const BIT = 5376; // cycles at 168 MHz and 31250 baud

function setUp(options: { coreHertz?: number; baud?: number } = {}) {
  const bench = new ModelBench(options.coreHertz ?? 168_000_000);
  const time = new RealTime(bench.timeline, bench.clocks);
  const wire = bench.signal('MIDI_OUT');
  const receiver = new SerialReceiver(bench.timeline, time, wire, options.baud ?? 31250);
  return { bench, time, wire, receiver, sender: () => new SerialSender(bench.timeline, time, wire, 31250) };
}

test('a character drawn by hand: 0x35, lowest bit first, with the time of its start edge', () => {
  const { bench, wire, receiver } = setUp();
  bench.run(1680);
  for (const level of [0, 1, 0, 1, 0, 1, 1, 0, 0, 1] as const) {
    wire.set(level);
    bench.run(BIT);
  }
  assert.deepEqual(receiver.characters, [{ byte: 0x35, startCycle: 1680, seconds: 1e-5 }]);
});

test('any bytes come through, back to back, with a sender up to 4 per cent off', () => {
  fc.assert(fc.property(fc.array(fc.nat(255), { minLength: 1, maxLength: 30 }), fc.integer({ min: -40, max: 40 }), (bytes, perMille) => {
    const { bench, receiver, sender } = setUp();
    const from = sender();
    from.deviationPercent = perMille / 10;
    for (const byte of bytes) from.send(byte);
    bench.run(11 * 31 * BIT);
    assert.deepEqual(receiver.characters.map(({ byte }) => byte), bytes);
    assert.equal(receiver.framingErrors, 0);
  }), { numRuns: 50 });
});

test('a bad stop bit and a break are framing errors, a spike is a false start; what follows is received', () => {
  const { bench, receiver, sender } = setUp();
  const from = sender();
  from.send(1, { fault: { kind: 'bad-stop' } });
  from.send(2);
  from.sendBreak(30);
  from.send(3);
  bench.run(80 * BIT);
  assert.deepEqual(receiver.characters.map(({ byte }) => byte), [2, 3]);
  assert.equal(receiver.framingErrors, 2);
  from.wire.set(0);
  bench.run(100);
  from.wire.set(1);
  bench.run(BIT);
  assert.equal(receiver.falseStarts, 1);
  from.send(4);
  bench.run(20 * BIT);
  assert.equal(receiver.characters[2].byte, 4);
});

test('a change of the core clock inside a character does no harm', () => {
  for (let cycle = 100; cycle < 5120; cycle += 333) {
    const { bench, receiver, sender } = setUp({ coreHertz: 16_000_000 });
    sender().send(0xa5);
    bench.run(cycle);
    bench.setClock('HCLK', 168_000_000);
    bench.run(12 * BIT);
    assert.deepEqual(receiver.characters.map(({ byte }) => byte), [0xa5], `clock changed at cycle ${cycle}`);
  }
});

test('a listener hears each byte in the middle of its stop bit', () => {
  const { bench, receiver, sender } = setUp();
  const heard: [number, number][] = [];
  receiver.onCharacter(({ byte }) => heard.push([byte, bench.timeline.now]));
  sender().send(7);
  bench.run(10 * BIT);
  assert.deepEqual(heard, [[7, 9.5 * BIT]]);
});

test('from keyboard over the wire to a MIDI file: the messages and their times', () => {
  const { bench, receiver, sender } = setUp();
  const midi = new MidiSource(sender());
  midi.runningStatus = true;
  midi.noteOn(0, 60, 100, { seconds: 0.25 });
  midi.noteOn(0, 64, 100, { seconds: 0.25 });
  midi.sysex([1, 2, 3], { seconds: 0.5 });
  midi.realTime(0xfe, { seconds: 0.75 });
  bench.run(168_000_000);
  const { events } = parseMidiFile(writeMidiFile(receiver.characters), 'captured.mid');
  assert.deepEqual(events.map(({ bytes }) => bytes), [[0x90, 60, 100], [0x90, 64, 100], [0xf0, 1, 2, 3, 0xf7], [0xfe]]);
  [0.25, 0.25 + 3 * 320e-6, 0.5, 0.75].forEach((seconds, i) => assert.ok(Math.abs(events[i].seconds - seconds) < 9e-6));
});
