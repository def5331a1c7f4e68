// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { fraction } from '../machine/fraction.js';
import type { I2sStream } from '../machine/links.js';
import { AudioSink } from './audio-sink.js';

/** 168 MHz over 47,991.07 Hz: 86 MHz / (256 · 7), two slots a frame. */
const SLOT_CYCLES = fraction(168 * 256 * 7, 86 * 2);
const stream = (over: Partial<I2sStream> = {}): I2sStream =>
  ({ originCycle: 1000, slotCycles: SLOT_CYCLES, slotBits: 16, dataBits: 16, standard: 'philips', masterClockPerFrame: 256, ...over });

function feed(sink: AudioSink, to: I2sStream, samples: readonly number[], firstSlot = 0): void {
  sink.slots(to, firstSlot, Int32Array.from(samples), samples.length);
}

test('frames are left and right in turn, however the slots are cut into batches', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 60 }), fc.array(fc.nat(7), { minLength: 1 }), (samples, cuts) => {
    const sink = new AudioSink();
    const one = stream();
    sink.start(one);
    for (let at = 0, i = 0; at < samples.length; i++) {
      const count = 1 + cuts[i % cuts.length];
      feed(sink, one, samples.slice(at, at + count), at);
      at += count;
    }
    sink.stop();
    const whole = samples.slice(0, samples.length & ~1);
    assert.equal(sink.frames, whole.length / 2);
    assert.deepEqual([...sink.samples()], whole);
    assert.equal(sink.sha256(), createHash('sha256').update(Buffer.from(Int16Array.from(whole).buffer)).digest('hex'));
  }));
});

test('the hash of silence of one frame is that of four zero bytes, and grows with the frames', () => {
  const sink = new AudioSink();
  const one = stream();
  sink.start(one);
  feed(sink, one, [0, 0]);
  assert.equal(sink.sha256(), 'df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119');
  feed(sink, one, [0x0102, -2], 2);
  assert.equal(sink.sha256(), createHash('sha256').update(Buffer.from('000000000201feff', 'hex')).digest('hex'));
});

test('each frame has its exact cycle, across a stop and a restart; a half frame at the stop is dropped', () => {
  const sink = new AudioSink();
  const first = stream({ originCycle: 5000 });
  sink.start(first);
  feed(sink, first, [1, 2, 3, 4, 5, 6, 7]);
  sink.stop();
  const second = stream({ originCycle: 90_001 });
  sink.start(second);
  feed(sink, second, [8, 9, 10, 11]);
  assert.deepEqual([...sink.samples()], [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]);
  // 3500.65… cycles a frame: 301056 / 86.
  assert.deepEqual([0, 1, 2, 3, 4].map((f) => sink.cycleOf(f)), [5000, 8500, 12_001, 90_001, 93_501]);
  assert.throws(() => sink.cycleOf(5), RangeError);
});

test('the next frame boundary is the cycle of a frame, at or after the cycle asked for, and there is none while the transmitter is off', () => {
  const sink = new AudioSink();
  assert.equal(sink.nextBoundary(0), undefined);
  const one = stream();
  sink.start(one);
  feed(sink, one, Array<number>(2000).fill(1));
  fc.assert(fc.property(fc.nat(3_000_000), (cycle) => {
    const boundary = sink.nextBoundary(cycle)!;
    const frame = Array.from({ length: 1000 }, (_, f) => sink.cycleOf(f)).find((at) => at >= cycle);
    assert.equal(boundary, frame);
  }), { numRuns: 50 });
  sink.stop();
  assert.equal(sink.nextBoundary(0), undefined);
});

test('24- and 32-bit data keep their upper 16 bits', () => {
  const sink = new AudioSink();
  const wide = stream({ dataBits: 24, slotBits: 32 });
  sink.start(wide);
  feed(sink, wide, [0x123456, -1]);
  sink.stop();
  const widest = stream({ dataBits: 32, slotBits: 32 });
  sink.start(widest);
  feed(sink, widest, [0x7fff0000, -0x80000000]);
  assert.deepEqual([...sink.samples()], [0x1234, -1, 0x7fff, -0x8000]);
});

test('levels, non-zero frames, and where sound begins; over more than one chunk of memory', () => {
  const sink = new AudioSink();
  const one = stream();
  sink.start(one);
  const samples = new Int32Array(2 * 100_000);
  for (let frame = 70_000; frame < 70_100; frame++) {
    samples[2 * frame] = frame & 1 ? 16_384 : -32_768;
    samples[2 * frame + 1] = 8192;
  }
  sink.slots(one, 0, samples, samples.length);
  assert.equal(sink.frames, 100_000);
  assert.equal(sink.nonZeroFrames, 100);
  assert.equal(sink.nextNonZero(0), 70_000);
  assert.equal(sink.nextNonZero(70_050), 70_050);
  assert.equal(sink.nextNonZero(70_100), undefined);
  const [left, right] = sink.levels();
  assert.equal(left.peak, 1);
  assert.equal(right.peak, 0.25);
  assert.ok(Math.abs(left.rms - Math.sqrt((50 * 1 + 50 * 0.25) / 100_000)) < 1e-12);
  assert.ok(Math.abs(right.rms - Math.sqrt((100 / 16) / 100_000)) < 1e-12);
  assert.deepEqual(sink.frame(70_001), [16_384, 8192]);
  assert.deepEqual([...sink.samples(69_999, 2)], [0, 0, -32_768, 8192]);
});

test('the WAV file: RIFF, PCM, stereo, 47991 Hz, 16 bits, and the very samples; nothing half-written beside it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tonewheel-wav-'));
  try {
    const sink = new AudioSink();
    const one = stream();
    sink.start(one);
    feed(sink, one, [1, -2, 32_767, -32_768]);
    const path = join(dir, 'out.wav');
    writeFileSync(path, 'what was there before');
    sink.writeWav(path, 86e6 / 1792);
    const wav = readFileSync(path);
    assert.equal(wav.toString('hex'), [
      '52494646', '2c000000', '57415645', // RIFF, 44 bytes follow, WAVE
      '666d7420', '10000000', '0100', '0200', '77bb0000', 'dced0200', '0400', '1000', // fmt: PCM, 2, 47991, 191964 bytes a second, 4 a frame, 16 bits
      '64617461', '08000000', '0100feffff7f0080',
    ].join(''));
    assert.deepEqual(readdirSync(dir), ['out.wav']);
    assert.throws(() => sink.writeWav(join(dir, 'no', 'such', 'dir.wav'), 48_000), /ENOENT/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
