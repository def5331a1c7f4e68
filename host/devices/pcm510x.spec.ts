// SPDX-License-Identifier: MIT
// PCM510x against TI SLAS859C: tables 2 (formats, clock rates) and 5 (BCK rates with SCK low), 9.3.3 (XSMT), 9.3.5 (PLL).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { RealTime } from '../machine/real-time.js';
import type { Level } from '../machine/wire.js';
import { ModelBench } from '../testing/model-bench.js';
import { AudioSink } from './audio-sink.js';
import { Pcm510x } from './pcm510x.js';

const CORE = 96_000_000;
/** A stream of `rate` frames a second. */
const stream = (rate: number, own: Partial<I2sStream> = {}): I2sStream => ({
  originCycle: 0, slotCycles: fraction(CORE, 2 * rate), slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 0, ...own,
});

function setUp(options: { mute?: Level; leftJustified?: Level } = {}) {
  const bench = new ModelBench(CORE);
  const sink = new AudioSink();
  const mute = options.mute === undefined ? undefined : bench.signal('PB0');
  if (options.mute !== undefined) mute!.set(options.mute);
  const dac = new Pcm510x(bench.timeline, new RealTime(bench.timeline, bench.clocks), sink, mute, options.leftJustified);
  return { bench, sink, mute, dac };
}
const counting = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i + 1);

test('with SCK low it plays from the seventeenth frame on, and the frames before are silent', () => {
  const { bench, sink, dac } = setUp();
  const wire = stream(48_000); // 2000 cycles a frame
  assert.match(dac.problems()[0], /the I2S transmitter is not running/);
  dac.audio.start(wire);
  assert.match(dac.problems()[0], /the PLL starts only after 16 frames/);
  bench.run(16 * 2000 - 1);
  assert.equal(dac.playing, false);
  bench.run(1);
  assert.equal(dac.playing, true);
  bench.run(4 * 2000);
  dac.audio.slots(wire, 0, counting(40), 40);
  assert.deepEqual([...sink.samples()], [...new Array(32).fill(0), 33, 34, 35, 36, 37, 38, 39, 40]);
});

test('with SCK it plays at once', () => {
  const { sink, dac } = setUp();
  const wire = stream(48_000, { masterClockPerFrame: 256 });
  dac.audio.start(wire);
  assert.deepEqual(dac.problems(), []);
  dac.audio.slots(wire, 0, counting(4), 4);
  assert.deepEqual([...sink.samples()], [1, 2, 3, 4]);
});

test('a stop before the PLL has started leaves it stopped for the next run', () => {
  const { bench, dac } = setUp();
  const wire = stream(48_000);
  dac.audio.start(wire);
  bench.run(10 * 2000);
  dac.audio.stop(wire, 20);
  const next = stream(48_000, { originCycle: 20_000 });
  dac.audio.start(next);
  bench.run(10 * 2000);
  assert.equal(dac.playing, false);
  bench.run(6 * 2000);
  assert.equal(dac.playing, true);
});

test('clocks: what tables 2 and 5 allow plays, what they do not is named', () => {
  const cases: [what: string, wire: I2sStream, problem?: RegExp][] = [
    ['48 kHz, 32 BCK, no SCK', stream(48_000)],
    ['48 kHz, 64 BCK, no SCK', stream(48_000, { slotBits: 32 })],
    ['32 kHz, 32 BCK, no SCK', stream(32_000)],
    ['16 kHz, 64 BCK, no SCK', stream(16_000, { slotBits: 32 })],
    ['16 kHz, 32 BCK, no SCK', stream(16_000), /16000 frames a second with 32 bit clocks each: with SCK low the PLL takes 64 from 16 kHz on, and 32 from 32 kHz on/],
    ['8 kHz, no SCK', stream(8_000, { slotBits: 32 }), /8000 frames a second with 64 bit clocks each/],
    ['8 kHz, with SCK', stream(8_000, { masterClockPerFrame: 256 })],
    ['4 kHz', stream(4_000, { masterClockPerFrame: 256 }), /the DAC takes 8 to 384 kHz/],
    ['400 kHz', stream(400_000), /the DAC takes 8 to 384 kHz/],
    ['SCK of 64 fs', stream(48_000, { masterClockPerFrame: 64 }), /SCK of 3072000 Hz, 64 times the frame rate: the DAC takes 128 to 3072 times, up to 50 MHz/],
    ['SCK above 50 MHz', stream(384_000, { masterClockPerFrame: 256 }), /SCK of 98304000 Hz/],
  ];
  for (const [what, wire, problem] of cases) {
    const { bench, dac } = setUp();
    dac.audio.start(wire);
    bench.run(Math.ceil(CORE / 1000));
    const problems = dac.problems();
    if (problem === undefined) assert.deepEqual(problems, [], what);
    else {
      assert.equal(problems.length, 1, what);
      assert.match(problems[0], problem, what);
    }
  }
});

test('FMT chooses between I2S and left-justified', () => {
  for (const [leftJustified, standard, problem] of [
    [0, 'philips', undefined], [0, 'msb', /FMT is low, for I2S \(Philips\); the wire carries left-justified/], [0, 'pcm-short', /the wire carries PCM with short sync/],
    [1, 'msb', undefined], [1, 'lsb', undefined], [1, 'philips', /FMT is high, for left-justified; the wire carries I2S \(Philips\)/],
  ] as const) {
    const { dac } = setUp({ leftJustified });
    dac.audio.start(stream(48_000, { standard, masterClockPerFrame: 256 }));
    if (problem === undefined) assert.deepEqual(dac.problems(), [], standard);
    else assert.match(dac.problems()[0], problem);
  }
});

test('XSMT low mutes, from the cycle on at which it falls', () => {
  const { bench, sink, mute, dac } = setUp({ mute: 0 });
  const wire = stream(48_000, { masterClockPerFrame: 256 });
  dac.audio.start(wire);
  assert.deepEqual(dac.problems(), ['the XSMT pin is low: drive it high to let the DAC sound']);
  bench.run(2000); // a frame: slots 0 and 1
  mute!.set(1);
  bench.run(2000);
  mute!.set(0);
  bench.run(2000);
  dac.audio.slots(wire, 0, counting(6), 6);
  assert.deepEqual([...sink.samples()], [0, 0, 3, 4, 0, 0]);
});
