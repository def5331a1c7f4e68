// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { AudioSink } from './audio-sink.js';
import { Cs43l22 } from './cs43l22.js';

/** 168 MHz, 47,991 Hz: 301056 / 172 cycles a slot. */
const STREAM: I2sStream = { originCycle: 0, slotCycles: fraction(301_056, 172), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 256 };
const INITIALISATION: [number, number][] = [[0x00, 0x99], [0x47, 0x80], [0x32, 0xbb], [0x32, 0x3b], [0x00, 0x00]];
/** Headphone on, speaker off; auto-detect; slave, I2S. */
const SET_UP: [number, number][] = [[0x04, 0xaf], [0x05, 0xa0], [0x06, 0x04]];

function setUp(options: { stream?: Partial<I2sStream> | null } = {}) {
  const bench = new ModelBench();
  const reset = bench.signal('PD4');
  const sink = new AudioSink();
  const codec = new Cs43l22(bench.timeline, new RealTime(bench.timeline, bench.clocks), reset, sink);
  const { control } = codec;
  const stream = { ...STREAM, ...options.stream };
  const write = (...pairs: [number, number][]): void => {
    for (const [register, value] of pairs) {
      assert.ok(control.start('write') && control.write(register) && control.write(value));
      control.stop();
    }
  };
  const read = (register: number): number => {
    control.start('write');
    control.write(register);
    control.start('read');
    const value = control.read();
    control.stop();
    return value;
  };
  const powerUp = (): void => {
    write(...SET_UP, ...INITIALISATION);
    if (options.stream !== null) codec.audio.start(stream);
    write([0x02, 0x9e]);
  };
  return { bench, reset, sink, codec, control, stream, write, read, powerUp };
}

test('it answers at 1001010, with the registers of the data sheet after reset', () => {
  const { control, read } = setUp();
  assert.equal(control.address, 0b1001010);
  assert.equal(read(0x01) >> 3, 0b11100);
  const defaults: [number, number][] = [
    [0x02, 0x01], [0x04, 0x05], [0x05, 0xa0], [0x06, 0x00], [0x07, 0x00], [0x08, 0x81], [0x09, 0x81], [0x0a, 0xa5], [0x0d, 0x60], [0x0e, 0x02],
    [0x0f, 0x00], [0x1a, 0x00], [0x1b, 0x00], [0x1f, 0x88], [0x20, 0x00], [0x28, 0x7f], [0x29, 0xc0], [0x34, 0x5f],
  ];
  for (const [register, value] of defaults) assert.equal(read(register), value, `register 0x${register.toString(16)}`);
});

test('the pointer stays where it was put, or moves on with bit 7 set; it wraps in seven bits', () => {
  const { control, read } = setUp();
  control.start('write');
  for (const byte of [0x80 | 0x20, 1, 2, 3]) control.write(byte);
  assert.deepEqual([0x20, 0x21, 0x22].map(read), [1, 2, 3]);
  control.start('write');
  for (const byte of [0x20, 4, 5]) control.write(byte);
  assert.deepEqual([0x20, 0x21].map(read), [5, 2]);
  control.start('write');
  control.write(0x80 | 0x20);
  control.start('read');
  assert.deepEqual([control.read(), control.read(), control.read()], [5, 2, 3]);
  control.start('write');
  for (const byte of [0x80 | 0x7f, 9, 0x99]) control.write(byte);
  assert.deepEqual([0x7f, 0x00].map(read), [9, 0x99]);
});

test('read-only registers stay as they are', () => {
  const { read, write } = setUp();
  write([0x01, 0], [0x30, 1], [0x31, 1]);
  assert.deepEqual([0x01, 0x30, 0x31].map(read), [0xe3, 0, 0]);
});

test('in reset it does not acknowledge, and forgets everything', () => {
  const { reset, control, codec, read, powerUp } = setUp();
  powerUp();
  assert.ok(codec.playing);
  reset.set(0);
  assert.equal(control.start('write'), false);
  assert.equal(control.write(0x02), false);
  assert.equal(codec.playing, false);
  assert.match(codec.problems()[0], /RESET pin is low/);
  reset.set(1);
  assert.equal(read(0x02), 0x01);
  assert.equal(read(0x04), 0x05);
  assert.equal(codec.playing, false);
});

test('set up by the data sheet it plays, and hands the samples on', () => {
  const { codec, sink, stream, powerUp } = setUp();
  powerUp();
  assert.deepEqual(codec.problems(), []);
  assert.deepEqual(codec.warnings(), []);
  codec.audio.slots(stream, 0, Int32Array.of(1, -2, 3, -4), 4);
  codec.audio.stop(stream, 4);
  assert.deepEqual([...sink.samples()], [1, -2, 3, -4]);
  assert.match(codec.problems()[0], /transmitter is not running/);
});

test('each thing left out or set wrong is named, and silences it', () => {
  const cases: [string, Partial<I2sStream>, [number, number][], RegExp][] = [
    ['power', {}, [[0x02, 0x01]], /0x02 \(Power Ctl 1\) is 0x01, powered down/],
    ['power, reserved', {}, [[0x02, 0x9f]], /is 0x9f, powered down/],
    ['format', {}, [[0x06, 0x00]], /0x06 \(Interface Ctl 1\) selects left-justified, the wire carries I2S/],
    ['format of the wire', { standard: 'msb' }, [], /selects I2S \(Philips\), the wire carries left-justified/],
    ['reserved format', {}, [[0x06, 0x0c]], /selects a reserved format/],
    ['PCM', { standard: 'pcm-short' }, [], /the wire carries PCM with short sync/],
    ['master', {}, [[0x06, 0x84]], /clock master \(bit 7\)/],
    ['SCLK', {}, [[0x06, 0x44]], /inverts SCLK/],
    ['DSP', {}, [[0x06, 0x14]], /selects DSP mode/],
    ['word length', { standard: 'lsb', slotBits: 32, dataBits: 24 }, [[0x06, 0x0b]], /right-justified words of 16 bits, the wire carries 24/],
    ['no MCLK', { masterClockPerFrame: 0 }, [], /no MCLK: enable the master clock output/],
    ['ratio', {}, [[0x05, 0x00]], /0x05 \(Clocking Ctl\) is 0x00, for 128, 192 MCLK cycles a frame; the wire carries 256/],
    ['rate', { slotCycles: fraction(400) }, [], /210000 frames a second/],
    ['headphone', {}, [[0x04, 0xff]], /0x04 \(Power Ctl 2\) is 0xff: channel A \(left\) is off/],
    ['one channel', {}, [[0x04, 0xef]], /channel B \(right\) is off/],
    ['headphone mute', {}, [[0x0f, 0x80]], /0x0f \(Playback Ctl 2\) mutes channel B/],
    ['master mute', {}, [[0x0d, 0x61]], /0x0d \(Playback Ctl 1\) mutes channel A/],
    ['PCM mute', {}, [[0x1b, 0x80]], /0x1b \(PCM volume\) mutes channel B/],
  ];
  for (const [name, stream, writes, problem] of cases) {
    const bench = setUp({ stream });
    bench.powerUp();
    bench.write(...writes);
    assert.equal(bench.codec.playing, false, name);
    assert.equal(bench.codec.problems().length, name === 'headphone' ? 2 : 1, `${name}: ${bench.codec.problems().join('; ')}`);
    assert.match(bench.codec.problems()[0], problem, name);
    bench.codec.audio.slots(bench.stream, 0, Int32Array.of(1, -2, 3, -4), 4);
    assert.deepEqual([...bench.sink.samples()], [0, 0, 0, 0], name);
  }
});

test('what the tables allow plays', () => {
  const allowed: [string, Partial<I2sStream>, [number, number][]][] = [
    ['single speed, by hand', {}, [[0x05, 0x20]]],
    ['MCLK halved, auto-detect', {}, [[0x05, 0x81]]],
    ['384 cycles a frame', { masterClockPerFrame: 384 }, []],
    ['32 kHz group', { masterClockPerFrame: 384, slotCycles: fraction(2625) }, [[0x05, 0x30]]],
    ['12 MHz', { masterClockPerFrame: 250 }, [[0x05, 0x22]]],
    ['left-justified', { standard: 'msb' }, [[0x06, 0x00]]],
    ['right-justified, 24 of 32', { standard: 'lsb', slotBits: 32, dataBits: 24 }, [[0x06, 0x08]]],
    ['left-justified where right-justified is the same', { standard: 'lsb' }, [[0x06, 0x00]]],
    ['headphone by the switch', {}, [[0x04, 0x0f]]],
    ['speaker', {}, [[0x04, 0xfa]]],
    ['both, headphone muted', {}, [[0x04, 0xaa], [0x0f, 0xc0]]],
  ];
  for (const [name, stream, writes] of allowed) {
    const bench = setUp({ stream });
    bench.powerUp();
    bench.write(...writes);
    assert.deepEqual(bench.codec.problems(), [], name);
  }
});

test('the required initialisation counts only whole and in order', () => {
  const { codec, write, powerUp } = setUp();
  powerUp();
  for (let missing = 0; missing < 5; missing++) {
    const other = setUp();
    other.write(...SET_UP, ...INITIALISATION.filter((_, i) => i !== missing));
    other.codec.audio.start(STREAM);
    other.write([0x02, 0x9e]);
    assert.deepEqual(other.codec.problems(), [], 'it plays all the same');
    assert.match(other.codec.warnings()[0], /required initialisation \(section 4\.11\) stopped after \d of 5/, `without write ${missing}`);
    other.write(...INITIALISATION);
    assert.deepEqual(other.codec.warnings(), []);
  }
  write([0x32, 0xbb], [0x00, 0x00]);
  assert.ok(codec.playing);
});

test('the switch pin and its inversion choose between headphone and speaker', () => {
  const { codec, write, powerUp } = setUp();
  powerUp();
  write([0x04, 0x0f], [0x07, 0x08]);
  assert.match(codec.problems()[0], /channel A \(left\) is off/);
  write([0x04, 0x5f]);
  assert.deepEqual(codec.problems(), []);
});

test('mutes wait while the registers are frozen', () => {
  const { codec, write, powerUp } = setUp();
  powerUp();
  write([0x0e, 0x0a], [0x0f, 0xc0]);
  assert.ok(codec.playing);
  write([0x0e, 0x02]);
  assert.equal(codec.playing, false);
});

test('a register takes effect at its cycle, though slots arrive later in a batch', () => {
  const { bench, codec, sink, stream, write, powerUp } = setUp();
  powerUp();
  // Slot k begins at floor(k · 1750.33): slots 2, 3 and 4 at 3500, 5250 and 7001.
  bench.run(3501);
  write([0x0f, 0xc0]);
  bench.run(3500);
  write([0x0f, 0x00]);
  bench.run(10_000);
  codec.audio.slots(stream, 0, Int32Array.of(1, 2, 3), 3);
  codec.audio.slots(stream, 3, Int32Array.of(4, 5, 6, 7, 8), 5);
  assert.deepEqual([...sink.samples()], [1, 2, 3, 0, 5, 6, 7, 8]);
});

test('the status register tells of a wrong clock ratio', () => {
  const { codec, read, write, powerUp } = setUp();
  assert.equal(read(0x2e), 0x40);
  powerUp();
  assert.equal(read(0x2e), 0x00);
  write([0x05, 0x00]);
  assert.equal(read(0x2e), 0x40);
  assert.equal(codec.playing, false);
});

test('powered up before the clocks run it plays all the same, with a warning', () => {
  const { codec, powerUp } = setUp({ stream: null });
  powerUp();
  codec.audio.start(STREAM);
  assert.ok(codec.playing);
  assert.match(codec.warnings()[0], /before MCLK and LRCK ran/);
});
