// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type MidiEvent, parseMidi } from 'midi-file';
import { GROUND, VARIATIONS, writeDemoPiece } from './canon-in-d.js';

const directory = await mkdtemp(join(tmpdir(), 'tonewheel-'));
await writeDemoPiece(join(directory, 'made', 'canon.mid'));
const file = parseMidi(await readFile(join(directory, 'made', 'canon.mid')));
await rm(directory, { recursive: true });

interface Timed {
  readonly seconds: number;
  readonly tick: number;
  readonly event: MidiEvent;
}

/** All events of all tracks, merged by tick as a player does, with the tempo map applied. */
function timed(): Timed[] {
  const merged = file.tracks.flatMap((track, t) => {
    let tick = 0;
    return track.map((event, i) => ({ tick: (tick += event.deltaTime), t, i, event }));
  }).sort((a, b) => a.tick - b.tick || a.t - b.t || a.i - b.i);
  let seconds = 0;
  let last = 0;
  let secondsPerTick = 0.5 / 480;
  return merged.map(({ tick, event }) => {
    seconds += (tick - last) * secondsPerTick;
    last = tick;
    if (event.type === 'setTempo') secondsPerTick = event.microsecondsPerBeat / 1e6 / 480;
    return { seconds, tick, event };
  });
}

const events = timed();

interface Note {
  readonly channel: number;
  readonly note: number;
  readonly tick: number;
  readonly start: number;
  end: number;
}

/** Notes with their ends; fails on a note struck twice before its end, or ended without a start. */
function balancedNotes(): Note[] {
  const open = new Map<number, Note>();
  const notes: Note[] = [];
  for (const { seconds, tick, event } of events) {
    if (event.type !== 'noteOn' && event.type !== 'noteOff') continue;
    const key = event.channel * 128 + event.noteNumber;
    const where = `channel ${event.channel} note ${event.noteNumber} at tick ${tick}`;
    if (event.type === 'noteOn') {
      assert.ok(event.velocity >= 20, `${where} is struck with velocity ${event.velocity}`);
      assert.ok(!open.has(key), `${where} is struck while it sounds`);
      const note = { channel: event.channel, note: event.noteNumber, tick, start: seconds, end: NaN };
      open.set(key, note);
      notes.push(note);
    } else {
      const note = open.get(key);
      assert.ok(note, `${where} ends but was not struck`);
      note.end = seconds;
      open.delete(key);
    }
  }
  assert.equal(open.size, 0, 'some note never ends');
  return notes;
}

const notes = balancedNotes();

test('it lasts 80 to 110 seconds, on seven channels, with the drums on channel 10', () => {
  const end = events.at(-1)!.seconds;
  assert.ok(end >= 80 && end <= 110, `${end} s`);
  assert.deepEqual([...new Set(notes.map((n) => n.channel))].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 9]);
  assert.ok(notes.length > 1500);
  assert.equal(file.header.format, 1);
  assert.equal(file.header.ticksPerBeat, 480);
});

test('it begins with one note alone, after half a second of silence, heard for half a second or more', () => {
  assert.ok(notes[0].start >= 0.5);
  assert.ok(notes[1].start - notes[0].start >= 0.5);
  const set = events.filter(({ event }) => event.type === 'programChange');
  assert.equal(set.length, 7);
  assert.ok(set.every(({ seconds }) => seconds < notes[0].start));
});

test('every variation fills the eight quarters of the ground', () => {
  for (const [i, variation] of VARIATIONS.entries()) {
    const { tick, ticks } = variation.at(-1)!;
    assert.equal(tick + ticks, 8 * 480, `variation ${i + 1}`);
    assert.ok(variation.every(({ note }) => note >= 55 && note <= 88), `variation ${i + 1} leaves a violin's range`);
  }
});

/** Thirds, fifths, sixths and octaves, by semitones over the bass or between two voices. */
const OVER_BASS = new Set([0, 3, 4, 7, 8, 9]);
const BETWEEN_VOICES = new Set([0, 3, 4, 5, 7, 8, 9]);

/** Notes of a channel that begin at a tick. */
const struckAt = (channel: number, tick: number) => notes.filter((n) => n.channel === channel && n.tick === tick);

test('on every beat each voice is consonant with the bass, or a fourth that resolves down by a step within the beat', () => {
  const beats = notes.filter((n) => n.channel === 3);
  assert.equal(beats.length, 13 * 8 + 1);
  let suspensions = 0;
  let checked = 0;
  for (const { tick, note: bassNote } of beats) {
    for (const channel of [0, 1, 2]) {
      for (const { note } of struckAt(channel, tick)) {
        checked++;
        const interval = (note - bassNote) % 12;
        if (OVER_BASS.has(interval)) continue;
        assert.equal(interval, 5, `channel ${channel} plays ${note} over ${bassNote} at tick ${tick}`);
        const next = notes.find((n) => n.channel === channel && n.tick > tick)!;
        assert.ok(next.tick < tick + 480 && note - next.note >= 1 && note - next.note <= 2 && OVER_BASS.has((next.note - bassNote) % 12),
          `the fourth of channel ${channel} at tick ${tick} does not resolve`);
        suspensions++;
      }
    }
  }
  assert.ok(checked > 250);
  assert.ok(suspensions >= 3 && suspensions <= 8, `${suspensions} suspensions`);
});

test('on every beat but those of a suspension the voices are consonant with each other', () => {
  for (const { tick, note: bassNote } of notes.filter((n) => n.channel === 3)) {
    const struck = [0, 1, 2].flatMap((channel) => struckAt(channel, tick)).filter(({ note }) => (note - bassNote) % 12 !== 5);
    for (const a of struck) {
      for (const b of struck) assert.ok(BETWEEN_VOICES.has(Math.abs(a.note - b.note) % 12), `${a.note} against ${b.note} at tick ${tick}`);
    }
  }
});

test('keyboard and strings play notes of the triad over each note of the ground', () => {
  // Root position throughout: a minor third or a major one, and a fifth.
  const minor = [11, 6]; // pitch classes B and F#
  for (const { channel, note, tick } of notes.filter((n) => n.channel === 4 || n.channel === 5)) {
    const beat = Math.floor((tick - 480) / 480);
    if (beat >= 13 * 8) continue;
    const root = GROUND[beat % 8].note;
    const third = minor.includes(root % 12) ? 3 : 4;
    assert.ok([0, third, 7].includes((note - root) % 12), `channel ${channel} plays ${note} over ${root} at tick ${tick}`);
  }
});

test('it is a canon: the second and third voices play the first one\'s notes two and four bars later', () => {
  const line = (channel: number) =>
    notes.filter((n) => n.channel === channel && n.tick < 480 + 13 * 3840).map(({ note, tick }) => [note, tick]);
  const first = line(0);
  for (const [channel, delay] of [[1, 3840], [2, 7680]]) {
    const other = line(channel);
    assert.deepEqual(other, first.slice(0, other.length).map(([note, tick]) => [note, tick + delay]));
  }
});

test('the ending slows down and comes to rest on D major, held for four seconds or more', () => {
  const tempi = events.flatMap(({ event }) => (event.type === 'setTempo' ? [event.microsecondsPerBeat] : []));
  assert.ok(tempi.length >= 8);
  assert.ok(tempi.every((t, i) => i === 0 || t > tempi[i - 1] || i === tempi.length - 1));
  const last = notes.filter((n) => n.tick >= 480 + 13 * 3840 && n.channel !== 9);
  assert.deepEqual([...new Set(last.map((n) => n.note % 12))].sort((a, b) => a - b), [2, 6, 9]);
  assert.equal(Math.min(...last.map((n) => n.note)), 38);
  assert.ok(Math.max(...last.map((n) => n.end)) - last[0].start >= 4);
});

test('controllers that a synth must know are in it, and left as they were found', () => {
  const last = new Map<string, number>();
  const used = new Set<number>();
  for (const { event } of events) {
    if (event.type === 'controller') {
      used.add(event.controllerType);
      last.set(`${event.channel}/${event.controllerType}`, event.value);
    }
    if (event.type === 'pitchBend') last.set(`${event.channel}/bend`, event.value);
  }
  for (const controller of [1, 6, 7, 10, 11, 38, 64, 91, 93, 100, 101]) assert.ok(used.has(controller), `CC ${controller}`);
  assert.equal(last.get('0/bend'), 0);
  assert.equal(last.get('4/64'), 0);
  for (const channel of [0, 1, 2]) {
    assert.equal(last.get(`${channel}/1`), 0);
    assert.equal(last.get(`${channel}/101`), 127);
  }
});

/** Bytes on the wire, without running status: more than any sender needs. */
function byteCount(event: MidiEvent): number {
  switch (event.type) {
    case 'programChange': case 'channelAftertouch': return 2;
    case 'noteOn': case 'noteOff': case 'controller': case 'pitchBend': case 'noteAftertouch': return 3;
    case 'sysEx': return 1 + event.data.length;
    default: return 0;
  }
}

test('a wire of 31250 baud carries it: no message ends 10 ms or more after its time', () => {
  let free = 0;
  let worst = 0;
  let worstAt = 0;
  let bytes = 0;
  for (const { seconds, event } of events) {
    const count = byteCount(event);
    if (count === 0) continue;
    bytes += count;
    free = Math.max(free, seconds) + count * 320e-6;
    if (free - seconds > worst) [worst, worstAt] = [free - seconds, seconds];
  }
  assert.ok(worst < 10e-3, `${(worst * 1e3).toFixed(2)} ms behind at ${worstAt.toFixed(3)} s`);
  assert.ok(bytes > 10_000);
});

test('sixteen voices are enough, with releases of 150 ms and notes held by the pedal', () => {
  const pedal: [from: number, to: number][] = [];
  let down = NaN;
  for (const { seconds, event } of events) {
    if (event.type !== 'controller' || event.controllerType !== 64) continue;
    if (event.value >= 64) down = seconds;
    else if (!Number.isNaN(down)) pedal.push([down, seconds]);
  }
  const heldUntil = ({ channel, end }: Note) => (channel === 4 ? pedal.find(([from, to]) => end >= from && end < to)?.[1] ?? end : end);
  const changes = notes.flatMap((n): [number, number][] => [[n.start, 1], [heldUntil(n) + 0.15, -1]])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let sounding = 0;
  let most = 0;
  for (const [, change] of changes) most = Math.max(most, (sounding += change));
  assert.equal(sounding, 0);
  assert.ok(most >= 12 && most <= 16, `${most} voices`);
});
