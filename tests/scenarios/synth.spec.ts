// SPDX-License-Identifier: MIT
// The demo synth as a player meets it: a full cable, pedals and panic buttons, a keyboard that goes away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ms, play, resultOf, type EmulatedBoard, type PlayOptions, type Step } from '../../host/index.js';
import { cents, fitPitch } from './pitch-fit.js';
import { losses, pseudoRandom, started, SYNTH } from './rig.js';

function scenario(act: (board: EmulatedBoard) => Iterable<Step>, options?: PlayOptions): Promise<EmulatedBoard> {
  return play(SYNTH, function* (board) {
    yield* started(board);
    yield* act(board);
  }, options);
}

const SUSTAIN = 64, SOSTENUTO = 66, ALL_SOUND_OFF = 120, RESET_CONTROLLERS = 121, ALL_NOTES_OFF = 123;
const ORGAN = 19; // sounds as long as the key is down

const voices = (board: EmulatedBoard): number => board.counter('activeVoices');

/** Dry, so that what sounds is voices. */
function dryOrgan({ midi }: EmulatedBoard): void {
  midi.program(0, ORGAN);
  for (const effect of [91, 93, 94]) midi.controlChange(0, effect, 0);
}

test('a cable that is full for a second loses no byte, while all voices sound', async () => {
  const sent: number[] = [];
  const realTime: number[] = [];
  let notesOn = 0;
  const board = await scenario(function* (board) {
    board.midi.sender.onCharacter((byte) => (byte >= 0xf8 ? realTime : sent).push(byte));
    const random = pseudoRandom(11);
    const below = (n: number): number => Math.floor(random.next().value * n);
    const { midi } = board;
    for (let bytes = 0; bytes < 3125;) {
      const [a, b, channel] = [below(128), below(128), below(16)];
      const before = midi.sender.pending;
      switch (below(12)) {
        case 0: case 1: case 2: case 3:
          midi.noteOn(channel, a, b);
          if (b > 0) notesOn++;
          break;
        case 4: midi.noteOff(channel, a); break;
        case 5: midi.controlChange(channel, below(64), b); break;
        case 6: midi.pitchBend(channel, below(16_384)); break;
        case 7: midi.polyPressure(channel, a, b); break;
        case 8: midi.channelPressure(channel, a); break;
        case 9: midi.program(channel, a); break;
        case 10: midi.sysex(Array.from({ length: below(40) }, () => below(128))); break;
        default: midi.raw([[0xf1, a], [0xf2, a, b], [0xf3, a], [0xf6], [0xf8], [0xfe]][below(6)]); break;
      }
      bytes += midi.sender.pending - before;
    }
    yield ms(1000 + 60);
  });
  const { midi, losses: { lateBlocks, stolenVoices, droppedNotes, ...lost }, gauges } = resultOf(board, null);
  assert.equal(midi.bytesIn, sent.length + realTime.length);
  assert.ok(midi.bytesIn >= 3125);
  assert.equal(midi.notesOn, notesOn);
  assert.equal(gauges.maxVoices, 16);
  assert.ok(stolenVoices > 0, 'more notes than voices');
  // Of timbres at random, a dear one may find no voice that makes room for it.
  assert.ok(droppedNotes < notesOn / 20, `${droppedNotes} of ${notesOn} notes dropped`);
  assert.deepEqual(Object.entries(lost).filter(([, count]) => count > 0), []);
  // Thru has them all again; a Note On with velocity 0 comes out as the Note Off that it is, and real time overtakes.
  for (let i = 0; i < sent.length; i++) if (sent[i] >> 4 === 9 && sent[i + 2] === 0) sent[i] ^= 0x10;
  const out = board.midiOut.characters.map(({ byte }) => byte);
  assert.deepEqual(out.filter((byte) => byte < 0xf8), sent);
  assert.deepEqual(out.filter((byte) => byte >= 0xf8), realTime);
  assert.equal(board.midiOut.framingErrors, 0);
});

test('active sensing: 300 ms without a byte silence all voices, once', async () => {
  const board = await scenario(function* (board) {
    const { midi } = board;
    dryOrgan(board);
    for (const note of [60, 64, 67]) midi.noteOn(0, note, 100);
    yield ms(20);
    yield ms(400); // no FE yet: a keyboard that does not send it may be quiet for ever
    assert.equal(voices(board), 3);
    for (let i = 0; i < 5; i++) {
      midi.realTime(0xfe);
      yield ms(295);
      assert.equal(voices(board), 3);
    }
    yield ms(4);
    assert.equal(board.counter('activeSensingTimeouts'), 0);
    yield ms(4);
    assert.equal(board.counter('activeSensingTimeouts'), 1);
    assert.equal(voices(board), 0);
    yield ms(800);
    assert.equal(board.counter('activeSensingTimeouts'), 1);
    const silent = board.audio.frames;
    midi.noteOn(0, 72, 100); // and it does not stay deaf
    yield ms(20);
    assert.equal(voices(board), 1);
    assert.ok(board.audio.nextNonZero(silent - 4800)! >= silent, 'nothing sounded in the last tenth of a second before it');
  });
  assert.deepEqual(losses(board), { activeSensingTimeouts: 1 });
});

test('the sustain pedal holds what was released, until it comes up', async () => {
  await scenario(function* (board) {
    const { midi } = board;
    dryOrgan(board);
    midi.controlChange(0, SUSTAIN, 127);
    midi.noteOn(0, 60, 100);
    midi.noteOff(0, 60);
    midi.noteOn(0, 64, 100);
    yield ms(300);
    assert.equal(voices(board), 2);
    midi.controlChange(0, SUSTAIN, 0);
    yield ms(300);
    assert.equal(voices(board), 1);
    midi.noteOff(0, 64);
    yield ms(300);
    assert.equal(voices(board), 0);
  });
});

test('the sostenuto pedal holds the keys that were down, and no later ones', async () => {
  await scenario(function* (board) {
    const { midi } = board;
    dryOrgan(board);
    midi.noteOn(0, 60, 100);
    midi.controlChange(0, SOSTENUTO, 127);
    midi.noteOn(0, 64, 100);
    midi.noteOff(0, 60);
    midi.noteOff(0, 64);
    yield ms(300);
    assert.equal(voices(board), 1);
    midi.controlChange(0, SOSTENUTO, 0);
    yield ms(300);
    assert.equal(voices(board), 0);
  });
});

for (const [name, controller, soon] of [['all notes off', ALL_NOTES_OFF, false], ['all sound off', ALL_SOUND_OFF, true]] as const) {
  test(`${name} ends its channel and no other`, async () => {
    await scenario(function* (board) {
      const { midi } = board;
      dryOrgan(board);
      midi.program(1, ORGAN);
      for (const note of [60, 64, 67]) midi.noteOn(0, note, 100);
      midi.noteOn(1, 72, 100);
      yield ms(30);
      assert.equal(voices(board), 4);
      midi.controlChange(0, controller, 0);
      yield ms(5);
      if (soon) assert.equal(voices(board), 1);
      yield ms(300);
      assert.equal(voices(board), 1);
    });
  });
}

test('reset all controllers lets the pedal go', async () => {
  await scenario(function* (board) {
    dryOrgan(board);
    board.midi.controlChange(0, SUSTAIN, 127);
    board.midi.noteOn(0, 60, 100);
    board.midi.noteOff(0, 60);
    yield ms(200);
    assert.equal(voices(board), 1);
    board.midi.controlChange(0, RESET_CONTROLLERS, 0);
    yield ms(300);
    assert.equal(voices(board), 0);
  });
});

test('the pitch wheel bends by two semitones, or by as many as RPN 0 says', async () => {
  for (const range of [2, 12]) {
    await scenario(function* (board) {
      const { midi, audio, sampleRate } = board;
      dryOrgan(board);
      if (range !== 2) for (const [controller, value] of [[101, 0], [100, 0], [6, range]]) midi.controlChange(0, controller, value);
      midi.noteOn(0, 57, 100);
      for (const [bend, semitones] of [[8192, 0], [16_383, range], [0, -range]]) {
        midi.pitchBend(0, bend);
        yield ms(100);
        const from = audio.frames;
        yield ms(110);
        const samples = audio.samples(from, 5000).filter((_, i) => i % 2 === 0);
        const wanted = (220 * 2 ** (semitones / 12)) / sampleRate;
        const { frequency, residual } = fitPitch(samples, wanted, 16);
        assert.ok(residual < 20, `bend ${bend}, range ${range}: ${residual} steps of 16 bits left`);
        // The upper end is 8191 steps from the middle, the lower one 8192.
        assert.ok(Math.abs(cents(frequency, wanted)) < 0.2, `bend ${bend}, range ${range}: ${cents(frequency, wanted)} cent off`);
      }
    });
  }
});
