// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { MidiFileError, parseMidiFile, readMidiFile, writeMidiFile } from './midi-file.js';

// Files are spelled out byte by byte here, so that the library is not tested against itself.
const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
const chunk = (id: string, body: number[]): number[] =>
  [...ascii(id), body.length >>> 24, (body.length >> 16) & 0xff, (body.length >> 8) & 0xff, body.length & 0xff, ...body];
const header = (format: number, tracks: number, division: number): number[] => chunk('MThd', [0, format, 0, tracks, division >> 8, division & 0xff]);
const END = [0x00, 0xff, 0x2f, 0x00];
const track = (...events: number[][]): number[] => chunk('MTrk', [...events.flat(), ...END]);
const read = (...parts: number[][]) => parseMidiFile(Uint8Array.from(parts.flat()), 'test.mid');
const times = (file: ReturnType<typeof read>): [number, number[]][] => file.events.map(({ seconds, bytes }) => [seconds, [...bytes]]);

test('format 0 at 96 ticks a beat, 120 beats a minute until told otherwise, running status', () => {
  const file = read(header(0, 1, 96), track([0, 0x90, 60, 100], [96, 62, 100], [0x81, 0x40, 0x80, 60, 64], [0, 0xc3, 5], [0, 0xe1, 0x12, 0x34]));
  assert.deepEqual(times(file), [
    [0, [0x90, 60, 100]], [0.5, [0x90, 62, 100]], [1.5, [0x80, 60, 64]], [1.5, [0xc3, 5]], [1.5, [0xe1, 0x12, 0x34]],
  ]);
  assert.equal(file.seconds, 1.5);
});

test('a note on with velocity 0 stays one on the wire', () => {
  assert.deepEqual(times(read(header(0, 1, 96), track([0, 0x91, 60, 0]))), [[0, [0x91, 60, 0]]]);
});

test('format 1: one tempo map for all tracks, ties in the order of the tracks', () => {
  const tempo = (us: number) => [0xff, 0x51, 3, us >> 16, (us >> 8) & 0xff, us & 0xff];
  const file = read(header(1, 3, 480),
    track([0, ...tempo(1_000_000)], [0x83, 0x60, ...tempo(250_000)]),
    track([0, 0x90, 1, 1], [0x83, 0x60, 0x90, 2, 1], [0x83, 0x60, 0x90, 3, 1]),
    track([0x83, 0x60, 0x91, 2, 1], [0, 0x91, 9, 1], [0x83, 0x60, 0x91, 3, 1]));
  assert.deepEqual(times(file), [
    [0, [0x90, 1, 1]], [1, [0x90, 2, 1]], [1, [0x91, 2, 1]], [1, [0x91, 9, 1]], [1.25, [0x90, 3, 1]], [1.25, [0x91, 3, 1]],
  ]);
});

test('format 2: pieces one after the other, each with its own tempo', () => {
  const file = read(header(2, 2, 100), track([0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40], [100, 0x90, 1, 1]), track([100, 0x90, 2, 1]));
  assert.deepEqual(times(file), [[1, [0x90, 1, 1]], [1.5, [0x90, 2, 1]]]);
});

test('SMPTE divisions: 25 frames of 40 ticks are milliseconds, 29 is 30 drop-frame, tempo has no say', () => {
  const tempo = [0, 0xff, 0x51, 3, 1, 0, 0];
  assert.deepEqual(times(read(header(0, 1, 0xe728), track(tempo, [100, 0x90, 1, 1]))), [[0.1, [0x90, 1, 1]]]);
  assert.deepEqual(times(read(header(0, 1, 0xe304), track(tempo, [120, 0x90, 1, 1]))), [[1.001, [0x90, 1, 1]]]);
});

test('SysEx whole and in packets, and escapes, go out byte for byte', () => {
  const file = read(header(0, 1, 96), track([0, 0xf0, 3, 0x7e, 1, 0xf7], [96, 0xf0, 2, 0x43, 0x12], [96, 0xf7, 2, 0x55, 0xf7], [0, 0xf7, 1, 0xfa]));
  assert.deepEqual(times(file), [[0, [0xf0, 0x7e, 1, 0xf7]], [0.5, [0xf0, 0x43, 0x12]], [1, [0x55, 0xf7]], [1, [0xfa]]]);
});

test('unknown chunks and padding are skipped, a longer header is taken, odd or huge meta events do no harm', () => {
  const text = Array<number>(200_000).fill(65);
  const long = chunk('MThd', [0, 0, 0, 1, 0, 96, 1, 2, 3]);
  const file = read(long, chunk('XFIH', [1, 2, 3]),
    track([0, 0xff, 0x01, 0x8c, 0x9a, 0x40, ...text], [0, 0xff, 0x00, 0], [0, 0xff, 0x59, 1, 0], [0, 0xff, 0x60, 2, 0, 0], [96, 0x90, 1, 1]), [0, 0, 0]);
  assert.deepEqual(times(file), [[0.5, [0x90, 1, 1]]]);
});

test('what follows the End of Track inside a chunk is not played; a track without one ends with its chunk', () => {
  assert.deepEqual(times(read(header(0, 1, 96), chunk('MTrk', [...END, 0, 0x90, 1, 1]))), []);
  assert.deepEqual(times(read(header(0, 1, 96), chunk('MTrk', [0, 0x90, 1, 1]))), [[0, [0x90, 1, 1]]]);
});

test('a broken file is refused with its name, the byte, and what was found', () => {
  const one = header(0, 1, 96);
  const cases: [number[], RegExp][] = [
    [[], /test\.mid: at byte 0: the file is empty/],
    [ascii('Dear diary'), /at byte 0: it begins with "Dear dia" where "MThd" belongs.*Export it as a \.mid file/],
    [ascii('RIFF....RMID'), /a RIFF file/],
    [one.slice(0, 11), /at byte 11: the file ends inside its header: 11 of 14 bytes/],
    [[...ascii('MThd'), 0, 0, 0, 5, 0, 0, 0, 1, 0, 96], /at byte 4: the header announces 5 bytes/],
    [[...ascii('MThd'), 255, 255, 255, 255, 0, 0, 0, 1, 0, 96], /the header announces 4294967295 bytes/],
    [header(3, 1, 96), /at byte 8: format 3/],
    [header(0, 0, 96), /at byte 10: the header announces no track/],
    [header(0, 1, 0), /at byte 12: a time division of zero/],
    [header(0, 1, 0xe700), /at byte 12: a time division of zero/],
    [header(0, 1, 0xff28), /a time division of 1 SMPTE frames/],
    [one, /at byte 14: the file ends after 0 of the 1 tracks/],
    [[...one, ...ascii('MTr')], /at byte 14: the file ends inside a chunk header: 3 of 8 bytes/],
    [[...one, ...track([0, 0x90, 1, 1]).slice(0, -2)], /at byte 14: chunk "MTrk" announces 8 bytes, but the file has only 6 more/],
    [[...one, ...ascii('MTrk'), 255, 255, 255, 255], /announces 4294967295 bytes/],
    [[...one, ...chunk('MTrk', [0x80, 0x80, 0x80, 0x80, 0])], /at byte 22: a delta time in track 1 is longer than the four bytes/],
    [[...one, ...chunk('MTrk', [0x80])], /track 1 ends inside a delta time/],
    [[...one, ...chunk('MTrk', [0])], /track 1 ends inside an event/],
    [[...one, ...track([0, 60, 100])], /at byte 23: data byte 0x3C in track 1 with no status before it/],
    [[...one, ...track([0, 0x90, 60, 0x90])], /at byte 25: 0x90 in track 1 where a data byte of status 0x90 belongs/],
    [[...one, ...chunk('MTrk', [0, 0x90, 60])], /ends inside a channel message/],
    [[...one, ...track([0, 0xf8])], /status 0xF8 in track 1, which cannot stand in a file without an escape/],
    [[...one, ...track([0, 0xf0, 0xff, 0xff, 0xff, 0x7f])], /ends inside a SysEx event of 268435455 bytes/],
    [[...one, ...track([0, 0xff, 1, 0x7f])], /ends inside a meta event of 127 bytes/],
    [[...one, ...track([0, 0xff, 0x51, 2, 1, 1])], /meta event 0x51 in track 1 has 2 bytes where 3 belong/],
    [[...one, ...track([0, 0xff, 0x51, 3, 0, 0, 0])], /a tempo of 0/],
    [[...header(1, 2, 96), ...track([0, 0x90, 1, 1])], /after 1 of the 2 tracks/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(() => read(bytes), (error) => error instanceof MidiFileError && message.test(error.message) || assert.fail(String(error)), String(message));
  }
});

test('a missing file, a directory and a giant are refused before they are read', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-midi-'));
  try {
    const giant = join(dir, 'giant.mid');
    await writeFile(giant, new Uint8Array(4 * 1024 * 1024 + 1));
    await assert.rejects(readMidiFile(join(dir, 'none.mid')), (e) => e instanceof MidiFileError && /none\.mid: there is no such file/.test(e.message));
    await assert.rejects(readMidiFile(dir), (e) => e instanceof MidiFileError && /it is a directory/.test(e.message));
    await assert.rejects(readMidiFile(giant), (e) => e instanceof MidiFileError && /4194305 bytes, more than/.test(e.message));
    const good = join(dir, 'good.mid');
    await writeFile(good, Uint8Array.from([...header(0, 1, 96), ...track([96, 0x90, 1, 1])]));
    assert.equal((await readMidiFile(good)).events.length, 1);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('any mutation of a file gives events in order or a MidiFileError', () => {
  const valid = [
    ...header(1, 2, 480), ...track([0, 0xff, 0x03, 4, ...ascii('name')], [0, 0xff, 0x51, 3, 7, 0xa1, 0x20], [0, 0xff, 0x58, 4, 4, 2, 24, 8]), ...chunk('JUNK', [1, 2]),
    ...track([0, 0x90, 60, 100], [0x83, 0x60, 60, 0], [0, 0xf0, 4, 0x7e, 0x7f, 9, 0xf7], [10, 0xc0, 1], [0, 0xf7, 1, 0xf8], [0, 0xe0, 0, 64]),
  ];
  const mutation = fc.oneof(
    { weight: 9, arbitrary: fc.record({ kind: fc.constant('set' as const), at: fc.nat(valid.length - 1), value: fc.nat(255) }) },
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(valid.length - 1), value: fc.nat(10) }),
    fc.record({ kind: fc.constant('insert' as const), at: fc.nat(valid.length - 1), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('end' as const), at: fc.nat(valid.length - 1), value: fc.constant(0) }),
  );
  let played = 0;
  fc.assert(fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
    const bytes = [...valid];
    for (const { kind, at, value } of mutations) {
      if (kind === 'set') bytes[Math.min(at, bytes.length - 1)] = value;
      else if (kind === 'cut') bytes.splice(at, value);
      else if (kind === 'insert') bytes.splice(at, 0, value);
      else bytes.length = Math.min(bytes.length, at);
    }
    try {
      const { events, seconds } = parseMidiFile(Uint8Array.from(bytes), 'fuzz.mid');
      played++;
      let last = 0;
      for (const event of events) {
        assert.ok(event.seconds >= last && Number.isFinite(event.seconds));
        assert.ok(event.bytes.length > 0 && event.bytes.every((b) => Number.isInteger(b) && b >= 0 && b <= 255));
        last = event.seconds;
      }
      assert.ok(seconds >= last);
    } catch (error) {
      if (!(error instanceof MidiFileError)) throw error;
    }
  }), { numRuns: 3000 });
  assert.ok(played > 200, `only ${played} files were still playable`);
});

test('written and read again: the same messages at the same times, running status spelled out, nothing lost', () => {
  const stream = [0x90, 60, 100, 62, 0xf8, 100, 0xf0, 1, 2, 0xfe, 0xf7, 0xc1, 5, 55, 0xf2, 1, 2, 99, 0xe0, 1, 0x90, 7, 0xf0, 9, 0x80, 1, 2, 0xf7];
  const file = parseMidiFile(writeMidiFile(stream.map((byte, i) => ({ byte, seconds: 1 + i * 320e-6 }))), 'written.mid');
  const whole = [[0x90, 60, 100], [0x90, 62, 100], [0xf8], [0xf0, 1, 2, 0xf7], [0xfe], [0xc1, 5], [0xc1, 55], [0xf2, 1, 2], [99], [0xe0, 1], [0x90, 7], [0xf0, 9], [0x80, 1, 2], [0xf7]];
  assert.deepEqual(file.events.map(({ bytes }) => bytes), whole);
  const starts = [0, 3, 4, 6, 9, 11, 13, 14, 17, 18, 20, 22, 24, 27];
  file.events.forEach(({ seconds }, i) => assert.ok(Math.abs(seconds - (1 + starts[i] * 320e-6)) < 9e-6, `event ${i} at ${seconds}`));
});

test('a long capture, with a pause longer than a delta time can be', () => {
  const bytes = Array.from({ length: 30_000 }, (_, i) => ({ byte: [0x90, i % 128, 1 + (i % 127)][i % 3], seconds: i * 320e-6 + (i < 15_000 ? 0 : 5000) }));
  const file = parseMidiFile(writeMidiFile(bytes), 'long.mid');
  assert.deepEqual(file.events.flatMap((e) => [...e.bytes]), bytes.map(({ byte }) => byte));
  assert.ok(Math.abs(file.events[5000].seconds - bytes[15_000].seconds) < 9e-6);
});

test('any bytes come back: a capture loses none, whatever it is', () => {
  fc.assert(fc.property(fc.array(fc.nat(255), { maxLength: 60 }), (stream) => {
    const file = parseMidiFile(writeMidiFile(stream.map((byte, i) => ({ byte, seconds: i * 0.001 }))), 'any.mid');
    const count = (bytes: readonly number[], value: number) => bytes.filter((b) => b === value).length;
    const back = file.events.flatMap((e) => [...e.bytes]);
    // Running status adds channel status bytes; everything else is there as often as it was sent.
    for (let value = 0; value < 256; value++) {
      if (value >= 0x80 && value < 0xf0) assert.ok(count(back, value) >= count(stream, value));
      else assert.equal(count(back, value), count(stream, value), `byte ${value}`);
    }
  }));
});
