// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMidi } from 'midi-file';
import { Conductor, midiFile, noteNumber, parseLine, Part } from './score.js';

test('note names are MIDI numbers: C4 is 60, A4 is 69', () => {
  assert.deepEqual(['C4', 'A4', 'F#5', 'Bb3', 'C0', 'G9'].map(noteNumber), [60, 69, 78, 58, 12, 127]);
  for (const name of ['', 'H4', 'c4', 'C', 'C##4']) assert.throws(() => noteNumber(name), /is no note/);
});

test('a length holds until the next; dots, rests and bar lines', () => {
  const { notes, ticks } = parseLine('D5e. C#5s | B4 rq\n A4h');
  assert.deepEqual(notes, [
    { note: 74, tick: 0, ticks: 360 }, { note: 73, tick: 360, ticks: 120 },
    { note: 71, tick: 480, ticks: 120 }, { note: 69, tick: 1080, ticks: 960 },
  ]);
  assert.equal(ticks, 2040);
  assert.throws(() => parseLine('D5 X4'), /"X4" in a line of notes/);
  assert.throws(() => parseLine('D5z'), /"D5z"/);
});

test('a part is sorted by tick, with the end of a note before a controller and that before the next note', () => {
  const part = new Part('p', 3);
  part.note(60, 200, 480, 480);
  part.control(7, 100, 480);
  part.note(60, 90, 0, 480);
  part.bend(1, 960);
  const bytes = midiFile(new Conductor('c'), [part]);
  const { tracks } = parseMidi(bytes);
  assert.deepEqual(tracks[1].map((e) => `${e.deltaTime} ${e.type}`), [
    '0 trackName', '0 noteOn', '480 noteOff', '0 controller', '0 noteOn', '480 noteOff', '0 pitchBend', '0 endOfTrack',
  ]);
  const [, , , , loud, , bend] = tracks[1];
  assert.equal(loud.type === 'noteOn' && loud.velocity, 127);
  assert.equal(bend.type === 'pitchBend' && bend.value, 8191);
  assert.throws(() => part.control(7, 1, -1), RangeError);
});

test('a glide ends on its last value and leaves out what does not change', () => {
  const part = new Part('p', 0);
  part.glide(11, 10, 12, 0, 960, 120);
  const values = part.track().flatMap((e) => (e.type === 'controller' ? [e.value] : []));
  assert.deepEqual(values, [10, 11, 12]);
});
