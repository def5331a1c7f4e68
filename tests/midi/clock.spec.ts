// SPDX-License-Identifier: MIT
// MIDI clock: tempo and position of what comes in, ticks of what goes out.

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { instantiateAssembly, type Fixture } from '../../host/testing/assembly.js';

const CLOCK = 0xf8;
const START = 0xfa;
const CONTINUE = 0xfb;
const STOP = 0xfc;
const songPosition = (sixteenths: number) => 0xf2 | (sixteenths & 0x7f) << 8 | (sixteenths >> 7) << 16;

let f: Fixture;
before(async () => {
  f = await instantiateAssembly('tests/midi/time.as.ts');
});

describe('clock in', () => {
  it('knows no tempo before the second clock', () => {
    const c = f.createClockIn();
    assert.equal(f.microsPerQuarter(c), 0);
    assert.equal(f.quartersPerMinute(c), 0);
    f.followClock(c, CLOCK, 1000);
    assert.equal(f.microsPerQuarter(c), 0);
    f.followClock(c, CLOCK, 21_000);
    assert.equal(f.microsPerQuarter(c), 480_000);
    assert.equal(f.quartersPerMinute(c), 125);
  });
  it('finds the tempo of any steady clock to 1 us a quarter note, across 2^32 too', () => {
    fc.assert(fc.property(fc.integer({ min: 60_000, max: 11_000_000 }), fc.integer({ min: 0, max: 0xffffffff }), (quarter, from) => {
      const c = f.createClockIn();
      for (let i = 0; i < 60; i++) f.followClock(c, CLOCK, from + Math.round(i * quarter / 24) | 0);
      assert.ok(Math.abs(f.microsPerQuarter(c) - quarter) <= 1, `${f.microsPerQuarter(c)}`);
    }), { numRuns: 100 });
  });
  it('takes the jitter of a wire out: 320 us of it change the tempo by no more than 640 us a quarter note', () => {
    fc.assert(fc.property(fc.array(fc.nat(320), { minLength: 80, maxLength: 80 }), (late) => {
      const c = f.createClockIn();
      late.forEach((micros, i) => {
        f.followClock(c, CLOCK, Math.round(i * 500_000 / 24) + micros);
        if (i >= 24) assert.ok(Math.abs(f.microsPerQuarter(c) - 500_000) <= 640);
      });
    }), { numRuns: 50 });
  });
  it('follows a new tempo within a quarter note', () => {
    const c = f.createClockIn();
    let now = 0;
    for (let i = 0; i < 30; i++) f.followClock(c, CLOCK, now += 20_000);
    for (let i = 0; i < 24; i++) f.followClock(c, CLOCK, now += 10_000);
    assert.equal(f.microsPerQuarter(c), 240_000);
  });
  it('begins anew after a gap of more than 500 ms', () => {
    const c = f.createClockIn();
    for (let i = 0; i < 30; i++) f.followClock(c, CLOCK, i * 20_000);
    f.followClock(c, CLOCK, 29 * 20_000 + 500_001);
    assert.equal(f.microsPerQuarter(c), 0);
    f.followClock(c, CLOCK, 29 * 20_000 + 510_001);
    assert.equal(f.microsPerQuarter(c), 240_000);
  });
  it('plays from 0 at the first clock after a start', () => {
    const c = f.createClockIn();
    assert.equal(f.followClock(c, CLOCK, 0), -1);
    assert.equal(f.followClock(c, START, 1), -1);
    assert.equal(f.isRunning(c), 1);
    assert.deepEqual([2, 3, 4].map((t) => f.followClock(c, CLOCK, t)), [0, 1, 2]);
    assert.equal(f.followClock(c, START, 5), -1);
    assert.equal(f.followClock(c, CLOCK, 6), 0);
  });
  it('stops, and continues where it stopped', () => {
    const c = f.createClockIn();
    f.followClock(c, START, 0);
    for (let i = 0; i < 10; i++) f.followClock(c, CLOCK, i);
    f.followClock(c, STOP, 10);
    assert.equal(f.isRunning(c), 0);
    assert.equal(f.followClock(c, CLOCK, 11), -1);
    f.followClock(c, CONTINUE, 12);
    assert.equal(f.followClock(c, CLOCK, 13), 10);
  });
  it('goes to a song position while stopped, six clocks to its unit', () => {
    const c = f.createClockIn();
    f.followClock(c, songPosition(0x81), 0);
    f.followClock(c, CONTINUE, 1);
    assert.equal(f.followClock(c, CLOCK, 2), 0x81 * 6);
    f.followClock(c, songPosition(3), 3);
    assert.equal(f.followClock(c, CLOCK, 4), 0x81 * 6 + 1, 'and not while running');
    f.followClock(c, STOP, 5);
    f.followClock(c, songPosition(0x3fff), 6);
    f.followClock(c, CONTINUE, 7);
    assert.equal(f.followClock(c, CLOCK, 8), 98_298);
  });
  it('lets all other messages pass', () => {
    const c = f.createClockIn();
    f.followClock(c, START, 0);
    for (const other of [0x643c90, 0x05f1, 0x01f3, 0xf6, 0xfe, 0xff, 0]) assert.equal(f.followClock(c, other, 1), -1);
    assert.equal(f.followClock(c, CLOCK, 2), 0);
  });
});

describe('clock out', () => {
  it('falls on the ticks that the tempo says, with no error that adds up, across 2^32 too', () => {
    const c = f.createClockOut();
    const rate = 47_991.0714;
    assert.equal(f.setClockTempo(c, rate, 120), 0);
    f.startClockOut(c, -1000);
    const interval = rate * 60 / (120 * 24);
    for (let i = 0; i < 10_000; i++) {
      const tick = f.nextClockTick(c) >>> 0;
      assert.equal(tick, (0xfffffc18 + Math.floor(i * interval + 1e-6)) % 2 ** 32);
      assert.equal(f.takeClock(c, tick - 1 | 0), 0);
      assert.equal(f.takeClock(c, tick | 0), 1);
    }
  });
  it('gives each clock that has come due once, late or not', () => {
    const c = f.createClockOut();
    f.setClockTempo(c, 1000, 125); // 20 ticks apart
    f.startClockOut(c, 100);
    let taken = 0;
    while (f.takeClock(c, 165)) taken++;
    assert.equal(taken, 4); // at 100, 120, 140, 160
    assert.equal(f.nextClockTick(c), 180);
  });
  it('changes tempo from the next clock on', () => {
    const c = f.createClockOut();
    f.setClockTempo(c, 1000, 125);
    f.startClockOut(c, 0);
    f.takeClock(c, 0);
    f.setClockTempo(c, 1000, 250);
    assert.equal(f.nextClockTick(c), 20);
    f.takeClock(c, 20);
    assert.equal(f.nextClockTick(c), 30);
  });
  it('refuses a tempo out of range and keeps the old', () => {
    const c = f.createClockOut();
    f.setClockTempo(c, 1000, 125);
    f.startClockOut(c, 0);
    for (const [rate, quarters] of [[48000, 0.5], [48000, 1001], [48000, NaN], [10, 1000], [1e12, 1], [-48000, 120], [NaN, 120]]) {
      assert.equal(f.setClockTempo(c, rate, quarters), -2, `${rate} ${quarters}`);
    }
    f.takeClock(c, 0);
    assert.equal(f.nextClockTick(c), 20);
  });
});
