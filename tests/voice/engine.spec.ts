// SPDX-License-Identifier: MIT
// The demo synth's sound: exact frames, any block size, pitch, stealing, pedals, mono modes, silence, and that no note ever hangs.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

const SAMPLE_RATE = 47991.07;
type Event = readonly [frame: number, message: number];

let wasm: Fixture;
let fresh: Uint8Array;
before(async () => {
  wasm = await instantiateAssembly('tests/voice/engine.as.ts');
  wasm.engineInit(SAMPLE_RATE);
  fresh = new Uint8Array(wasm.memory.buffer).slice();
});

/** Back to just after `engineInit`: all state is in linear memory. */
function restart(): void {
  new Uint8Array(wasm.memory.buffer).set(fresh);
}
beforeEach(restart);

const on = (channel: number, note: number, velocity = 100): number => 0x90 | channel | note << 8 | velocity << 16;
const off = (channel: number, note: number): number => 0x80 | channel | note << 8;
const cc = (channel: number, controller: number, value: number): number => 0xb0 | channel | controller << 8 | value << 16;
const program = (channel: number, value: number): number => 0xc0 | channel | value << 8;
const bend = (channel: number, value: number): number => 0xe0 | channel | (value & 0x7f) << 8 | value >> 7 << 16;
const dry = (channel: number): Event[] => [91, 93, 94].map((controller): Event => [0, cc(channel, controller, 0)]);

// General MIDI programs
const PIANO = 0, ELECTRIC_PIANO = 4, HARPSICHORD = 6, XYLOPHONE = 13, ORGAN = 16, GUITAR = 24, BASS = 32, STRINGS = 48, BRASS = 56, OBOE = 68, FLUTE = 73, LEAD = 80, PAD = 88;

/** Plays events (frames relative to `start`) and gives the interleaved samples. */
function play(events: readonly Event[], frameCount: number, block = 32, start = 0): Int16Array {
  const sorted = events.map((e, i) => [e, i] as const).sort(([a, i], [b, j]) => a[0] - b[0] || i - j).map(([e]) => e);
  const out = new Int16Array(frameCount * 2);
  let next = 0;
  for (let frame = 0; frame < frameCount; frame += block) {
    for (; next < sorted.length && sorted[next][0] < frame + block; next++) {
      assert.equal(wasm.schedulerPush((start + sorted[next][0]) >>> 0, sorted[next][1]), 0);
    }
    const at = wasm.render((start + frame) >>> 0, block);
    out.set(new Int16Array(wasm.memory.buffer, at, block * 2), frame * 2);
  }
  return out;
}

const left = (samples: Int16Array): Int16Array => samples.filter((_, i) => i % 2 === 0);
const peak = (samples: Int16Array): number => samples.reduce((a, x) => Math.max(a, Math.abs(x)), 0);
const firstSound = (samples: Int16Array): number => samples.findIndex((x) => x !== 0) >> 1;
const isSilent = (samples: Int16Array): boolean => samples.every((x) => x === 0);
function largestStep(samples: Int16Array): number {
  let largest = 0;
  for (let i = 1; i < samples.length; i++) largest = Math.max(largest, Math.abs(samples[i] - samples[i - 1]));
  return largest;
}

/** Frequency near `hertz`: how far the phase of that component turns between two Hann windows. */
function frequency(samples: Int16Array, hertz: number, from: number): number {
  const window = (samples.length - from) >> 1;
  const phase = (start: number): number => {
    let re = 0, im = 0;
    for (let i = 0; i < window; i++) {
      const weight = samples[start + i] * (1 - Math.cos((2 * Math.PI * i) / window));
      const angle = ((2 * Math.PI * hertz) / SAMPLE_RATE) * (start + i);
      re += weight * Math.cos(angle);
      im -= weight * Math.sin(angle);
    }
    return Math.atan2(im, re);
  };
  const turn = phase(from + window) - phase(from);
  const wrapped = turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI));
  return hertz + (wrapped / (2 * Math.PI)) * (SAMPLE_RATE / window);
}
const noteHertz = (note: number): number => 440 * 2 ** ((note - 69) / 12);
const cents = (hertz: number, note: number): number => 1200 * Math.log2(hertz / noteHertz(note));

/** Music of many channels with drums, controllers, bends and pedals; the same for the same seed. */
function piece(frames: number, seed: number, least = 100, spread = 700): Event[] {
  let state = seed;
  const random = (n: number): number => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % n;
  const programs = [PIANO, BASS, STRINGS, LEAD, FLUTE, GUITAR, PAD, BRASS];
  const others = [ELECTRIC_PIANO, HARPSICHORD, XYLOPHONE, ORGAN, OBOE, 9, 122];
  const events: Event[] = programs.map((p, i): Event => [0, program(i, p)]);
  others.forEach((p, i) => events.push([frames >> 1, program(i, p)]));
  events.push([0, cc(1, 126, 1)], [0, cc(2, 93, 90)], [0, cc(3, 94, 80)], [0, cc(3, 10, 20)]);
  for (let frame = 1; frame < frames; frame += least + random(spread)) {
    const channel = random(8);
    const note = 36 + random(48);
    switch (random(8)) {
      case 0: events.push([frame, cc(channel, [1, 7, 10, 11, 74][random(5)], random(128))]); break;
      case 1: events.push([frame, bend(channel, random(16384))]); break;
      case 2: events.push([frame, cc(channel, [64, 66][random(2)], random(128))]); break;
      case 3: case 4: events.push([frame, on(9, 35 + random(47), 40 + random(88))]); break;
      default: events.push([frame, on(channel, note, 30 + random(98))], [frame + 1000 + random(6000), off(channel, note)]);
    }
  }
  return events.filter(([frame]) => frame < frames);
}

describe('frames', () => {
  it('the same sound for any block size, also across the wrap of the frame number', () => {
    const events = piece(20480, 1);
    const reference = play(events, 20480, 32, 0xffffe000);
    assert.ok(peak(reference) > 3000);
    for (const block of [8, 64, 256]) {
      restart();
      assert.deepEqual(play(events, 20480, block, 0xffffe000), reference);
    }
  });

  it('also with more messages than a wire could bring, several to a frame, and notes stolen all the time', () => {
    for (const seed of [2, 3]) {
      const events = piece(4096, seed, 0, 9);
      restart();
      const reference = play(events, 4096, 32);
      assert.ok(wasm.stolenVoices() > 30);
      for (const block of [8, 16, 64]) {
        restart();
        assert.deepEqual(play(events, 4096, block), reference);
      }
    }
  });

  it('a note is heard from its own frame on, wherever in a block that falls', () => {
    for (const [message, latest] of [
      [on(9, 36, 127), 2], [on(9, 38, 127), 2], [on(9, 42, 127), 2], [on(9, 75, 127), 2], [on(1, 60, 127), 6], [on(2, 60, 127), 6], [on(3, 60, 127), 6],
    ]) {
      for (const frame of [100, 101, 127, 128, 129, 143]) {
        restart();
        const first = firstSound(play([[0, program(1, PIANO)], [0, program(2, HARPSICHORD)], [0, program(3, XYLOPHONE)], [frame, message]], 256));
        assert.ok(first >= frame && first <= frame + latest, `message ${message.toString(16)} at ${frame}: first sound at ${first}`);
      }
    }
  });

  it('nothing before an event depends on it', () => {
    const events: Event[] = [[0, program(0, STRINGS)], [5, on(0, 48)], [7, on(9, 46)]];
    const without = play(events, 4096);
    for (const message of [on(1, 60), off(0, 48), cc(0, 120, 0), bend(0, 16383), on(9, 42)]) {
      restart();
      const changed = play([...events, [2011, message]], 4096);
      assert.deepEqual(changed.subarray(0, 2011 * 2), without.subarray(0, 2011 * 2));
      assert.notDeepEqual(changed, without);
    }
  });

  it('a message that comes too late is applied at once, and counted', () => {
    const late = wasm.lateEvents();
    wasm.schedulerPush(10, on(9, 36, 127));
    const at = wasm.render(64, 32);
    assert.ok(firstSound(new Int16Array(wasm.memory.buffer, at, 64)) <= 2);
    assert.equal(wasm.lateEvents() - late, 1);
  });
});

describe('pitch', () => {
  it('of every note is right within 0.1 cent', () => {
    for (let note = 0; note < 128; note++) {
      restart();
      // low notes take longer to measure, and to leave the transient of the 5 Hz DC blocker behind
      const [length, from] = note < 24 ? [147456, 32768] : [24576, 8192];
      const samples = play([...dry(0), [0, program(0, ORGAN)], [0, on(0, note)]], length, 256);
      const error = cents(frequency(left(samples), noteHertz(note), from), note);
      assert.ok(Math.abs(error) < 0.1, `note ${note}: ${error} cent`);
    }
  });

  it('bends by the range of RPN 0 and is tuned by RPN 1 and 2', () => {
    const rpn = (number: number, msb: number, lsb = 0): Event[] => [[0, cc(0, 101, 0)], [0, cc(0, 100, number)], [0, cc(0, 6, msb)], [0, cc(0, 38, lsb)]];
    const cases: [Event[], number][] = [
      [[[0, bend(0, 16383)]], 62], [[[0, bend(0, 0)]], 58], [[...rpn(0, 12, 50), [0, bend(0, 0)]], 47.5], [rpn(1, 0x60), 60.5], [rpn(2, 64 + 12), 72],
    ];
    for (const [events, want] of cases) {
      restart();
      const samples = play([...dry(0), [0, program(0, ORGAN)], ...events, [0, on(0, 60)]], 24576, 256);
      assert.ok(Math.abs(cents(frequency(left(samples), noteHertz(want), 4096), want)) < 0.1, `${want}`);
    }
  });
});

describe('voices', () => {
  // Low sines, which move little from frame to frame by themselves.
  const low = (i: number): number => 24 + (i % 12);

  it('steals without a click and without delay', () => {
    const setup: Event[] = [...dry(0), ...dry(1), [0, program(0, ELECTRIC_PIANO)], [0, program(1, ELECTRIC_PIANO)]];
    for (let i = 0; i < 16; i++) setup.push([64 * i, on(i < 12 ? 0 : 1, low(i), 110)]);
    const before = largestStep(left(play(setup, 9600)).subarray(2400));
    restart();
    const events = [...setup];
    for (let i = 0; i < 16; i++) events.push([4811 + 301 * i, on(2 + (i >> 3), 60 + (i % 8), 1)]); // hardly audible: what is heard is the theft
    const stolen = wasm.stolenVoices();
    const after = largestStep(left(play(events, 9600)).subarray(2400));
    assert.equal(wasm.stolenVoices() - stolen, 16);
    assert.equal(wasm.activeVoices(), 16);
    restart();
    const voice = peak(left(play([...setup.slice(0, 8), [0, on(0, 24, 110)]], 9600)).subarray(2400));
    // what decays in place of a stolen voice loses 4.1 % of its level in the first frame, on top of what moves anyway
    assert.ok(after < before + 0.045 * voice, `a step of ${after}, without stealing ${before}; one voice reaches ${voice}`);
  });

  it('the same note struck again makes no click', () => {
    const setup: Event[] = [...dry(0), [0, program(0, ELECTRIC_PIANO)], [0, on(0, 30, 127)]];
    const samples = left(play([...setup, ...[4811, 5333, 6007].map((frame): Event => [frame, on(0, 30, 1)])], 9600)).subarray(1200);
    assert.ok(peak(samples) > 1000);
    assert.ok(largestStep(samples) < 0.05 * peak(samples), `${largestStep(samples)} of ${peak(samples)}`);
    assert.equal(wasm.activeVoices(), 1);
  });

  it('controllers glide: no step when volume, expression or pan jump', () => {
    for (const controller of [7, 11, 10]) {
      restart();
      const events: Event[] = [...dry(0), [0, program(0, ELECTRIC_PIANO)], [0, on(0, 30, 127)]];
      for (let i = 0; i < 8; i++) events.push([2400 + 700 * i, cc(0, controller, i % 2 ? 127 : 0)]);
      const samples = left(play(events, 9600)).subarray(1200);
      const step = largestStep(samples);
      assert.ok(step < 0.03 * peak(samples), `controller ${controller}: ${step} of ${peak(samples)}`);
    }
  });

  it('a closed hi-hat ends an open one', () => {
    const tail = (events: Event[]): number => {
      restart();
      return peak(play([...dry(9), [0, on(9, 46, 127)], ...events], 6400).subarray(2 * 6000));
    };
    assert.ok(tail([]) > 50);
    assert.ok(tail([[2000, on(9, 44, 1)]]) <= 2);
  });
});

describe('pedals and modes', () => {
  const organ: Event[] = [...dry(0), [0, program(0, ORGAN)]];
  const level = (events: Event[], from: number): number => {
    restart();
    return peak(play([...organ, ...events], from + 960).subarray(2 * from));
  };

  it('sustain and sostenuto hold, All Notes Off respects them, All Sound Off does not', () => {
    const note: Event = [0, on(0, 60)];
    assert.ok(level([note, [960, off(0, 60)]], 9600) === 0);
    assert.ok(level([[0, cc(0, 64, 127)], note, [960, off(0, 60)]], 9600) > 500);
    assert.ok(level([[0, cc(0, 64, 127)], note, [960, off(0, 60)], [1920, cc(0, 64, 0)]], 9600) === 0);
    assert.ok(level([note, [480, cc(0, 66, 127)], [960, off(0, 60)]], 9600) > 500);
    assert.ok(level([[0, cc(0, 66, 127)], note, [960, off(0, 60)]], 9600) === 0);
    assert.ok(level([[0, cc(0, 64, 127)], note, [960, cc(0, 123, 0)]], 9600) > 500);
    assert.ok(level([note, [960, cc(0, 123, 0)]], 9600) === 0);
    // no envelope: gone after the 3 ms of the residue (and the DC blocker's tail, which is small), from the next control point on
    assert.ok(level([[0, cc(0, 64, 127)], note, [960, cc(0, 120, 0)]], 960 + 32 + 384) < 60);
  });

  it('mono plays one voice and goes back to the key that is still down', () => {
    const samples = left(play([...organ, [0, cc(0, 126, 1)], [0, on(0, 60)], [8192, on(0, 67)], [16384, off(0, 67)]], 24576));
    assert.equal(wasm.activeVoices(), 1);
    for (const [from, note] of [[1024, 60], [9216, 67], [17408, 60]]) {
      const found = frequency(samples.subarray(from, from + 7000), noteHertz(note), 0);
      assert.ok(Math.abs(cents(found, note)) < 3, `${note}: ${found} Hz`);
    }
    assert.ok(isSilent(play([[0, off(0, 60)]], 24576, 32, 24576).subarray(2 * 23000)));
  });

  it('legato changes the pitch without a new attack, mono without it strikes anew', () => {
    const second = (legato: number): number => {
      restart();
      const events: Event[] = [...dry(0), [0, program(0, XYLOPHONE)], [0, cc(0, 126, 1)], [0, cc(0, 68, legato)], [0, on(0, 60, 127)], [19200, on(0, 64, 127)]];
      return peak(play(events, 24000).subarray(2 * 19200));
    };
    assert.ok(second(0) > 4 * second(127), `${second(0)} ${second(127)}`);
  });

  it('portamento glides to the new note', () => {
    const events: Event[] = [...organ, [0, cc(0, 126, 1)], [0, cc(0, 68, 127)], [0, cc(0, 65, 127)], [0, cc(0, 5, 64)], [0, on(0, 48)], [4800, on(0, 72)]];
    const samples = left(play(events, 48000));
    const crossings = (from: number, to: number): number => {
      let count = 0;
      for (let i = from + 1; i < to; i++) if (samples[i - 1] < 0 && samples[i] >= 0) count++;
      return count;
    };
    assert.ok(crossings(5000, 8000) < crossings(44000, 47000));
    assert.ok(Math.abs(cents(frequency(samples.subarray(40000), noteHertz(72), 0), 72)) < 1);
  });
});

describe('the whole', () => {
  it('gives silence exactly, before the first note and after the last tail', () => {
    assert.ok(isSilent(play([], 4800)));
    const events: Event[] = [91, 93, 94].map((controller): Event => [0, cc(0, controller, 127)]);
    const samples = play([...events, [10, on(0, 60, 127)], [10, on(9, 49, 127)], [2000, off(0, 60)]], 256 * 940, 256);
    assert.ok(!isSilent(samples.subarray(2 * 48000, 2 * 72000)));
    assert.ok(isSilent(samples.subarray(2 * 48000 * 4)));
    assert.equal(wasm.activeVoices(), 0);
  });

  it('never hangs a note: with keys and pedals up every voice ends', () => {
    const data = fc.integer({ min: 0, max: 127 });
    const channel = fc.constantFrom(0, 1, 2, 9);
    const message = fc.oneof(
      fc.tuple(channel, fc.integer({ min: 40, max: 52 }), data).map(([c, n, v]) => on(c, n, v)),
      fc.tuple(channel, fc.integer({ min: 40, max: 52 })).map(([c, n]) => off(c, n)),
      fc.tuple(channel, fc.constantFrom(1, 5, 7, 11, 64, 65, 66, 67, 68, 120, 121, 123, 126, 127), data).map(([c, n, v]) => cc(c, n, v)),
      fc.tuple(channel, data).map(([c, p]) => program(c, p)),
      fc.integer({ min: 0, max: 0xffffff }), // anything at all
    );
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 6000 }), message), { minLength: 40, maxLength: 150 }), (stream) => {
      restart();
      const samples = play(stream.map(([frame, m]): Event => [frame, m]), 6144, 256);
      assert.ok(samples.length > 0);
      const end: Event[] = [];
      for (let c = 0; c < 16; c++) end.push([6144, cc(c, 64, 0)], [6144, cc(c, 66, 0)], [6144, cc(c, 123, 0)]);
      play(end.map(([, m]): Event => [0, m]), 48000 * 3 + 192, 192, 6144);
      assert.equal(wasm.activeVoices(), 0);
    }), { numRuns: 12, seed: 5 });
  });

  it('engineSilence ends every voice', () => {
    play([[0, on(0, 60)], [0, on(5, 70)], [0, cc(5, 64, 127)], [0, on(9, 49)]], 960);
    assert.equal(wasm.activeVoices(), 3);
    wasm.engineSilence();
    // 64 frames to each voice's control point at most, 64 in which it falls silent without a click, and 64 until that is noticed
    play([], 192, 32, 960);
    assert.equal(wasm.activeVoices(), 0);
    play([[0, off(0, 60)], [0, on(0, 61)]], 32, 32, 1152);
    assert.equal(wasm.activeVoices(), 1, 'and what comes then sounds');
  });

  it('reset and All Sound Off end what sounds, and what begins right after them goes on', () => {
    for (const message of [0xff, cc(3, 120, 0)]) {
      restart();
      const samples = play([...dry(3), [0, program(3, ORGAN)], [0, on(3, 60)], [0, on(3, 64)], [1000, message], [1001, on(3, 72)]], 4096);
      assert.equal(wasm.activeVoices(), 1);
      assert.ok(peak(samples.subarray(2 * 3000)) > 500);
      play([[0, off(3, 60)], [0, off(3, 64)]], 64, 32, 4096);
      assert.equal(wasm.activeVoices(), 1, 'keys that were down before are forgotten');
    }
  });

  it('a reset puts the controllers of all channels back, once each', () => {
    const moved = [7, 10, 74, 91].flatMap((controller): Event[] => [[0, cc(2, controller, 10)], [0, cc(9, controller, 10)]]);
    const played: Event[] = [[960, on(2, 60)], [960, on(9, 49)], [1200, off(2, 60)]];
    const reference = play(played, 9600);
    restart();
    const samples = play([...moved, [480, 0xff], [500, 0xff], ...played], 9600);
    assert.deepEqual(samples, reference);
  });

  it('sounds as it did', () => {
    // Every bit of ten seconds of music. When this fails and the sound was not meant to change, something reads state that it should not, or
    // arithmetic was reordered: find it. When it was meant to change (a timbre, a filter, an effect), listen to the demo first, then put the new
    // hash here and say in the commit what changed in the sound.
    const samples = play(piece(480000, 7), 480000, 32);
    const hash = createHash('sha256').update(new Uint8Array(samples.buffer)).digest('hex');
    assert.equal(hash, '553c454e61bb7c6172c0e5ee38ddb883deb510b4b1614bd269c9850beec8d1a6');
  });
});
