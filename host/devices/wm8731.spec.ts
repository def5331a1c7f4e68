// SPDX-License-Identifier: MIT
// WM8731 against its data sheet, rev 4.9: register map, sampling rates, digital audio interface.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { RealTime } from '../machine/real-time.js';
import { ModelBench } from '../testing/model-bench.js';
import { AudioSink } from './audio-sink.js';
import { Wm8731, type LineIn } from './wm8731.js';

const CORE = 168_000_000;
const stream = (own: Partial<I2sStream> = {}): I2sStream => ({
  originCycle: 0, slotCycles: fraction(CORE, 96_000), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 256, ...own,
});

function setUp(lineIn?: LineIn) {
  const bench = new ModelBench(CORE);
  const sink = new AudioSink();
  const codec = new Wm8731(bench.timeline, new RealTime(bench.timeline, bench.clocks), 0x1a, sink, lineIn);
  /** A write as on the bus: seven bits of address, nine of data. */
  const write = (register: number, value: number) => {
    assert.ok(codec.control.start('write'));
    assert.ok(codec.control.write((register << 1) | (value >> 8)));
    assert.ok(codec.control.write(value & 0xff));
    codec.control.stop();
  };
  return { bench, sink, codec, write };
}

/** The usual start: everything but microphone, oscillator and clock output on, I2S with 16 bits, 256 fs, DAC to the outputs. */
function start(write: (register: number, value: number) => void): void {
  for (const [register, value] of [[0x0f, 0], [0x00, 0x117], [0x04, 0x12], [0x05, 0], [0x06, 0x62], [0x07, 0x02], [0x08, 0x00], [0x09, 1]]) write(register, value);
}

test('after reset: the defaults of the register map; writes of nine bits; no reading', () => {
  const { codec, write } = setUp();
  const defaults = [0x097, 0x097, 0x079, 0x079, 0x00a, 0x008, 0x09f, 0x00a, 0x000, 0x000];
  assert.deepEqual(defaults.map((_, i) => codec.register(i)), defaults);
  write(0x02, 0x1f9);
  assert.deepEqual([codec.register(2), codec.register(3)], [0x1f9, 0x1f9], 'LRHPBOTH');
  write(0x0f, 0);
  assert.deepEqual(defaults.map((_, i) => codec.register(i)), defaults);
  assert.equal(codec.control.start('read'), false);
});

test('it plays once it is powered, active, unmuted, and clocked with the ratio of its sampling control', () => {
  const { sink, codec, write } = setUp();
  const wire = stream();
  codec.audio.start(wire);
  assert.equal(codec.problems().length, 4);
  start(write);
  assert.deepEqual(codec.problems(), []);
  codec.audio.slots(wire, 0, Int32Array.of(1, -2, 3, -4), 4);
  assert.equal(sink.samples().length, 4);
});

test('each thing that keeps it silent is named', () => {
  for (const [register, value, what] of [
    [0x06, 0xe2, /POWEROFF/], [0x06, 0x72, /OUTPD/], [0x06, 0x6a, /DACPD/], [0x09, 0, /inactive/], [0x04, 0x02, /DACSEL/], [0x05, 8, /DACMU/], [0x07, 0x42, /MS/],
    [0x07, 0x82, /BCLKINV/], [0x07, 0x01, /left-justified; the wire carries I2S/], [0x07, 0x03, /PCM/], [0x08, 0x02, /for 384 MCLK cycles a frame; the wire carries 256/],
    [0x08, 0x01, /for 250/], [0x08, 0x40, /for 512/], [0x08, 0x1c, /for 128/], [0x08, 0x10, /does not list/],
  ] as const) {
    const { codec, write } = setUp();
    codec.audio.start(stream());
    start(write);
    write(register, value);
    assert.equal(codec.problems().length, 1, `${register} ${value}`);
    assert.match(codec.problems()[0], what);
    assert.equal(codec.playing, false);
  }
});

test('without MCLK there is nothing; CLKIDIV2 and BOSR multiply', () => {
  const { codec, write } = setUp();
  start(write);
  assert.match(codec.problems()[0], /not running/);
  codec.audio.start(stream({ masterClockPerFrame: 0 }));
  assert.match(codec.problems()[0], /MCKOE/);
  codec.audio.start(stream({ masterClockPerFrame: 768 }));
  write(0x08, 0x42);
  assert.deepEqual(codec.problems(), []);
});

test('the ADC gives line input times its volume: 0x17 is 0 dB, 1.5 dB a step, clipped; mute and power bits silence it', () => {
  const { codec, write } = setUp((channel) => (channel === 'left' ? 0.5 : -0.25));
  start(write);
  const wire = stream();
  assert.deepEqual([codec.sample(wire, 0), codec.sample(wire, 1)], [16384, -8192]);
  assert.equal(codec.sample(stream({ dataBits: 24, slotBits: 32 }), 0), 4194304);
  write(0x00, 0x13); // -6 dB
  assert.equal(codec.sample(wire, 0), Math.round(16384 * 10 ** (-6 / 20)));
  write(0x00, 0x1f); // +12 dB: clips
  assert.equal(codec.sample(wire, 0), 32767);
  write(0x00, 0x97);
  assert.equal(codec.sample(wire, 0), 0);
  for (const [register, value] of [[0x06, 0x66], [0x06, 0x63], [0x04, 0x16], [0x09, 0]]) {
    start(write);
    write(register, value);
    assert.equal(codec.sample(wire, 1), 0);
  }
});
