// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RealTime } from '../machine/real-time.js';
import type { Level } from '../machine/wire.js';
import { ModelBench } from '../testing/model-bench.js';
import { SerialSender, type Alignment } from './serial-sender.js';

/** 31250 baud at 168 MHz. */
const BIT = 5376;
const CHARACTER = 53_760;

function setUp(options: { coreHertz?: number; baud?: number; align?: Alignment } = {}) {
  const bench = new ModelBench(options.coreHertz ?? 168_000_000);
  const time = new RealTime(bench.timeline, bench.clocks);
  const wire = bench.signal('MIDI_IN');
  const sender = new SerialSender(bench.timeline, time, wire, options.baud ?? 31250, options.align);
  const edges: [cycle: number, level: Level][] = [];
  wire.onEdge((level, cycle) => edges.push([cycle, level]));
  const characters: [byte: number, start: number, end: number][] = [];
  sender.onCharacter((...character) => characters.push(character));
  return { bench, time, wire, sender, edges, characters };
}

test('a character: start bit low, eight data bits from the lowest, stop bit high, each 5376 cycles', () => {
  const { bench, sender, edges, characters } = setUp();
  sender.send(0x90, { at: { cycle: 1000 } });
  bench.run(100_000);
  // 0x90 = 10010000b: start 0, data 0 0 0 0 1 0 0 1, stop 1.
  assert.deepEqual(edges, [[1000, 0], [1000 + 5 * BIT, 1], [1000 + 6 * BIT, 0], [1000 + 8 * BIT, 1]]);
  assert.deepEqual(characters, [[0x90, 1000, 1000 + CHARACTER]]);
  assert.equal(sender.pending, 0);
});

test('characters that wait follow each other directly: 320 us a byte', () => {
  const { bench, sender, characters } = setUp();
  for (const byte of [0x90, 60, 100]) sender.send(byte, { at: { seconds: 0.001 } });
  assert.equal(sender.pending, 3);
  bench.run(168_000 + 3 * CHARACTER);
  assert.deepEqual(characters.map(([, start]) => start), [168_000, 168_000 + CHARACTER, 168_000 + 2 * CHARACTER]);
});

test('a bit time that is no whole number of cycles does not drift over a thousand characters', () => {
  const { bench, sender, characters } = setUp({ baud: 38_400 });
  for (let i = 0; i < 1000; i++) sender.send(i & 0xff);
  bench.run(1000 * 43_750 + 1);
  // 168 MHz / 38400 = 4375 exactly; at 100 MHz it is 2604.17.
  assert.equal(characters[999][2], 1000 * 43_750);
  const odd = setUp({ coreHertz: 100_000_000, baud: 38_400 });
  for (let i = 0; i < 1000; i++) odd.sender.send(i & 0xff);
  odd.bench.run(26_041_667);
  assert.equal(odd.characters[999][2], Math.round((1000 * 10 * 100e6) / 38_400));
});

test('the queue is ordered by time, bytes of one time by arrival; the past means now; urgent bytes go ahead', () => {
  const { bench, sender, characters } = setUp();
  sender.send(4, { at: { seconds: 2 } });
  sender.send(1, { at: { seconds: 1 } });
  sender.send(2, { at: { cycle: 168_000_000 } });
  sender.send(3, { at: { seconds: 1 } });
  sender.send(0xf8, { at: { cycle: 168_000_000 + 10 }, urgent: true });
  bench.run(3 * 168_000_000);
  sender.send(5, { at: { seconds: 0 } });
  bench.run(CHARACTER);
  assert.deepEqual(characters.map(([byte]) => byte), [1, 0xf8, 2, 3, 4, 5]);
  assert.equal(characters[5][1], 3 * 168_000_000);
});

test('a byte can be left out when its turn comes', () => {
  const { bench, sender, characters } = setUp();
  let leaveOut = false;
  sender.send(1);
  sender.send(2, { unless: () => leaveOut });
  sender.send(3);
  leaveOut = true;
  bench.run(3 * CHARACTER);
  assert.deepEqual(characters.map(([byte, start]) => [byte, start]), [[1, 0], [3, CHARACTER]]);
});

test('a change of the core clock inside a character leaves its length in seconds alone', () => {
  const { bench, sender, edges, characters } = setUp({ coreHertz: 16_000_000 });
  sender.send(0x55);
  sender.send(0x55, { at: { seconds: 0.01 } });
  bench.run(512 * 3 + 256);
  bench.setClock('HCLK', 168_000_000);
  bench.run(3_000_000);
  const now = 512 * 3 + 256;
  assert.deepEqual(edges.slice(0, 5).map(([cycle]) => cycle), [0, 512, 1024, 1536, now + 2688]);
  assert.equal(characters[0][2], now + 2688 + 6 * BIT);
  const secondsAtChange = now / 16e6;
  assert.equal(characters[1][1], now + Math.round((0.01 - secondsAtChange) * 168e6));
});

test('a bad stop bit is low for its bit, then the line rests high for one', () => {
  const { bench, sender, edges, characters } = setUp();
  sender.send(0xff, { fault: { kind: 'bad-stop' } });
  sender.send(0x00);
  bench.run(3 * CHARACTER);
  assert.deepEqual(edges, [[0, 0], [BIT, 1], [9 * BIT, 0], [10 * BIT, 1], [11 * BIT, 0], [20 * BIT, 1]]);
  assert.deepEqual(characters.map(([byte]) => byte), [0xff, 0x00]);
});

test('a break holds the line low for its length and is no character', () => {
  const { bench, sender, edges, characters } = setUp();
  sender.sendBreak(13);
  sender.send(0xff);
  bench.run(3 * CHARACTER);
  assert.deepEqual(edges, [[0, 0], [13 * BIT, 1], [14 * BIT, 0], [15 * BIT, 1]]);
  assert.equal(characters.length, 1);
  assert.throws(() => sender.sendBreak(9), RangeError);
});

test('a glitch covers one of the three samples in the middle of a bit, wherever the receiver\'s sixteenths begin', () => {
  const { bench, wire, sender } = setUp();
  sender.send(0x00, { fault: { kind: 'glitch', bit: 4 } });
  bench.run(CHARACTER);
  for (let phase = 0; phase < BIT / 16; phase += 16) {
    // The sample n of a bit is taken as its n-th sixteenth begins (n = 1…16), plus what the start edge was off the grid.
    const samples = [8, 9, 10].map((n) => wire.levelAt(4 * BIT + ((n - 1) * BIT) / 16 + phase));
    assert.equal(samples.filter((level) => level === 1).length, 1, `phase ${phase}: ${samples}`);
  }
});

test('a deviating baud rate: 3 per cent fast is 5219 cycles a bit', () => {
  const { bench, sender, edges, characters } = setUp();
  sender.deviationPercent = 3;
  sender.send(0xff);
  bench.run(CHARACTER);
  assert.deepEqual(edges, [[0, 0], [5219, 1]]);
  assert.equal(characters[0][2], Math.round((10 * BIT) / 1.03));
});

test('aligned: every character completes the given cycles after a frame boundary, none early, order and count kept', () => {
  // 168 MHz over 47,991 Hz: 3500.65 cycles a frame, as the real stream has, from an origin of its own.
  const origin = 1234;
  const boundary = (frame: number) => origin + Math.floor((frame * 350_065) / 100);
  const align: Alignment = {
    delayCycles: 16,
    nextBoundary(cycle) {
      let frame = Math.max(0, Math.floor(((cycle - origin) * 100) / 350_065));
      while (boundary(frame) < cycle) frame++;
      return boundary(frame);
    },
  };
  const boundaries = new Set(Array.from({ length: 2000 }, (_, frame) => boundary(frame)));
  fc.assert(fc.property(fc.array(fc.record({ byte: fc.nat(255), cycle: fc.nat(3_000_000) }), { minLength: 1, maxLength: 20 }), (bytes) => {
    const { bench, sender, characters } = setUp({ align });
    bytes.sort((a, b) => a.cycle - b.cycle);
    for (const { byte, cycle } of bytes) sender.send(byte, { at: { cycle } });
    bench.run(6_000_000);
    assert.deepEqual(characters.map(([byte]) => byte), bytes.map(({ byte }) => byte));
    let free = 0;
    characters.forEach(([, start, end], i) => {
      // Completion: the end of the stop bit, ten bits of 5376 cycles from the start edge.
      assert.ok(boundaries.has(start + 53_760 - 16));
      const earliest = Math.max(free, bytes[i].cycle);
      assert.ok(start >= earliest && start < earliest + 3501);
      free = end;
    });
  }), { numRuns: 50 });
});

test('aligned, but no frames yet: as it comes', () => {
  const { bench, sender, characters } = setUp({ align: { delayCycles: 16, nextBoundary: () => undefined } });
  sender.send(1, { at: { cycle: 777 } });
  bench.run(2 * CHARACTER);
  assert.equal(characters[0][1], 777);
});

test('what is no byte is refused', () => {
  const { sender } = setUp();
  for (const byte of [-1, 256, 1.5, NaN]) assert.throws(() => sender.send(byte), RangeError);
});
