// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { midiToAudio, notesOf } from './midi-to-audio.js';
import { levels, type SentAudio } from './sent-audio.js';

const CHARACTER = 53_760; // 320 µs at 168 MHz
const FRAME = 3500;
const BLOCK = 32 * FRAME;
const HERTZ = 168e6;

/** Bytes back to back, the first one ending at `firstEnd`. */
function midi(firstEnd: number, ...bytes: number[]) {
  return { bytes: Uint8Array.from(bytes), endCycles: Float64Array.from(bytes, (_, i) => firstEnd + i * CHARACTER) };
}

/** Audio that is not zero in the ranges of frames given, in the right channel only. */
function audio(frameCount: number, ...sounding: [first: number, end: number][]): SentAudio {
  const samples = new Int16Array(2 * frameCount);
  for (const [first, end] of sounding) for (let frame = first; frame < end; frame++) samples[2 * frame + 1] = -1;
  return { samples, fullScale: 32768, frameCycle: (frame) => frame * FRAME };
}

const note = (onCycle: number, offCycle = Infinity) => ({ channel: 0, note: 60, velocity: 100, onCycle, offCycle });

test('notes are read through running status, real-time bytes, velocity 0 and system common', () => {
  const notes = notesOf(midi(CHARACTER,
    0x40, // data with no status in force
    0x92, 60, 0xf8, 100, // clock inside a note
    64, 90, // running status
    60, 0, // velocity 0 ends the first note
    0xc2, 5, 6, // one data byte each
    0xb2, 7, 100,
    0x82, 64, 0,
    0xf0, 0x90, 61, 0xf7, // SysEx cut by a status; the note on has one data byte only
    0x92, 0xf3, 0x01, 62, 99, // system common clears running status
    0x9f, 127, 1));
  assert.deepEqual(notes.map(({ channel, note: n, velocity }) => [channel, n, velocity]), [[2, 60, 100], [2, 64, 90], [15, 127, 1]]);
  assert.equal(notes[0].onCycle, 5 * CHARACTER);
  assert.equal(notes[0].offCycle, 9 * CHARACTER);
  assert.equal(notes[1].offCycle, 18 * CHARACTER);
  assert.equal(notes[2].offCycle, Infinity);
});

test('the same note struck twice is ended in the order of its strokes', () => {
  const notes = notesOf(midi(1, 0x90, 60, 1, 60, 2, 60, 0, 60, 0));
  assert.ok(notes[0].offCycle < notes[1].offCycle);
});

test('latency is from the last byte to the first non-zero frame, in milliseconds', () => {
  const result = midiToAudio([note(10_000_000)], audio(10_000, [2905, 4000]), BLOCK, HERTZ);
  const ms = ((2905 * FRAME - 10_000_000) / HERTZ) * 1000;
  assert.deepEqual(result, { notes: 1, minMs: ms, meanMs: ms, maxMs: ms });
});

test('only notes in silence are measured: 4 blocks without a sound and without another note', () => {
  const frames = audio(40_000, [3000, 4000], [5000, 6000], [6100, 7000], [9000, 9100]);
  const at = (frame: number) => frame * FRAME;
  const result = midiToAudio([
    note(at(2950)), // measured: 50 frames
    note(at(2980)), // its sound cannot be told from the one before
    note(at(3500)), // while sounding
    note(at(4900)), // measured: 100 frames
    note(at(6050)), // sound 50 frames before it is within 4 blocks
    note(at(7500), at(7600)), // released before anything sounded
    note(at(20_000)), // never sounds
  ], frames, BLOCK, HERTZ);
  assert.equal(result.notes, 2);
  assert.equal(result.minMs, (50 * FRAME) / 168e3);
  assert.equal(result.maxMs, (100 * FRAME) / 168e3);
  assert.equal(result.meanMs, (75 * FRAME) / 168e3);
});

test('a chord that follows a sound too closely is not measured by its second note', () => {
  // The first note comes 100 frames after a sound; the second sees 4 silent blocks, but the sound that follows is the first one's.
  const frames = audio(2000, [0, 500], [670, 900]);
  const result = midiToAudio([note(600 * FRAME), note(640 * FRAME)], frames, BLOCK, HERTZ);
  assert.deepEqual(result, { notes: 0, minMs: null, meanMs: null, maxMs: null });
});

test('levels are relative to full scale, over both channels', () => {
  const sent = { samples: Int16Array.of(0, -32768, 16384, 0), fullScale: 32768, frameCycle: () => 0 };
  assert.deepEqual(levels(sent), { peak: 1, rms: Math.sqrt((1 + 0.25) / 4) });
  assert.deepEqual(levels({ ...sent, samples: new Int32Array(0) }), { peak: 0, rms: 0 });
});
