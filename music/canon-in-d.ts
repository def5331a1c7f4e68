// SPDX-License-Identifier: MIT
// The piece that the demo plays: Johann Pachelbel's Canon in D (public domain), arranged for seven channels. Variations 1 to 6, 8 and 9 follow
// the original; 7 and 10 to 12 are free ones over the same ground, so that the canon breathes and can end.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Conductor, midiFile, noteNumber, parseLine, Part, TICKS_PER_QUARTER } from './score.js';

/** The two bars that everything stands on: eight quarters. */
export const GROUND = parseLine('D3q A2 B2 F#2 G2 D2 G2 A2').notes;

/** What the first violin plays, one line for each time the ground comes round. The others follow, each one ground later. */
export const VARIATIONS = [
  'F#5q E5 D5 C#5 | B4 A4 B4 C#5',
  'D5q C#5 B4 A4 | G4 F#4 G4 E4',
  'D4e F#4 A4 G4 F#4 D4 F#4 E4 | D4 B3 D4 A4 G4 B4 A4 G4',
  'F#4e D4 E4 C#5 D5 F#5 A5 A4 | B4 G4 A4 F#4 D4 D5 D5e. C#5s',
  'D5s C#5 D5 D4 C#4 A4 E4 F#4 D4 D5 C#5 B4 C#5 F#5 A5 B5 | G5 F#5 E5 G5 F#5 E5 D5 C#5 B4 A4 G4 F#4 E4 G4 F#4 E4',
  'D4s E4 F#4 G4 A4 E4 A4 G4 F#4 B4 A4 G4 A4 G4 F#4 E4 | D4 B3 B4 C#5 D5 C#5 B4 A4 G4 F#4 E4 B4 A4 B4 A4 G4',
  'A4e D5 E5e. D5s D5e F#5 C#5q | B4e D5 A4e. F#4s B4e A4s G4 C#5e E5',
  `A5s F#5t G5 A5s F#5t G5 A5 A4 B4 C#5 D5 E5 F#5 G5 F#5s D5t E5 F#5s F#4t G4 A4 B4 A4 G4 A4 F#4 G4 A4 |
   G4s B4t A4 G4s F#4t E4 F#4 E4 D4 E4 F#4 G4 A4 B4 G4s B4t A4 B4s C#5t D5 A4 B4 C#5 D5 E5 F#5 G5 A5`,
  `F#5s D5t E5 F#5s E5t D5 E5 C#5 D5 E5 F#5 E5 D5 C#5 D5s B4t C#5 D5s D4t E4 F#4 G4 F#4 E4 F#4 D5 C#5 D5 |
   B4s D5t C#5 B4s A4t G4 A4 G4 F#4 G4 A4 B4 C#5 D5 B4s D5t C#5 D5s C#5t B4 C#5 D5 E5 D5 C#5 D5 B4 C#5`,
  'D5s F#5 A5 F#5 E5 C#5 A4 C#5 D5 F#5 B5 F#5 C#5 A4 F#4 A4 | B4 D5 G5 D5 A4 F#4 D4 F#4 G4 B4 D5 B4 C#5 E5 A5 G5',
  'F#5e F#5s G5 E5e E5s F#5 D5e D5s E5 C#5e C#5s D5 | B4e B4s C#5 A4e A4s B4 B4e D5 C#5e D5s E5',
  'A5q A5e G5 F#5q F#5e E5 | D5q D5e C#5 B4q D5e C#5',
].map((text) => parseLine(text).notes);

/** The chord over each note of the ground, bottom up, led so that the voices hardly move. */
const CHORDS = [
  'A3 D4 F#4', 'A3 C#4 E4', 'F#3 B3 D4', 'F#3 A3 C#4', 'G3 B3 D4', 'F#3 A3 D4', 'G3 B3 D4', 'A3 C#4 E4',
].map((names) => names.split(' ').map(noteNumber));

const GROUND_TICKS = 8 * TICKS_PER_QUARTER;
/** Silence in which the set-up goes out, before the first note. */
const FIRST_TICK = TICKS_PER_QUARTER;
/** The bass begins alone; each statement of the ground after that brings the first violin's next variation. */
const STATEMENTS = 1 + VARIATIONS.length;
const FINAL_TICK = FIRST_TICK + STATEMENTS * GROUND_TICKS;
const FINAL_TICKS = 4 * TICKS_PER_QUARTER;
const QUARTERS_PER_MINUTE = 72;

const VOLUME = 7;
const PAN = 10;
const EXPRESSION = 11;
const MODULATION = 1;
const SUSTAIN = 64;
const REVERB = 91;
const CHORUS = 93;

/** Louder towards the middle, where all three play thirty-second notes, and quiet at the end. One value a statement, 0 to 127. */
const LOUDNESS = [78, 80, 84, 88, 92, 96, 100, 98, 108, 118, 116, 104, 92];

const statementTick = (statement: number) => FIRST_TICK + statement * GROUND_TICKS;
/** Statements of the ground. The third violin comes in with the third variation. */
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Sends a part's programme and controllers in the opening silence, one message every other tick so that they do not pile up. */
function setUp(part: Part, firstTick: number, program: number, controls: readonly (readonly [controller: number, value: number])[]): void {
  part.program(program, firstTick);
  controls.forEach(([controller, value], i) => part.control(controller, value, firstTick + 2 * (i + 1)));
}

/** RPN 0: how far the pitch wheel reaches, then RPN null so that no later data entry can change it. */
const bendRange = (semitones: number) => [[101, 0], [100, 0], [6, semitones], [38, 0], [101, 127], [100, 127]] as const;

interface Melody {
  readonly name: string;
  readonly channel: number;
  readonly program: number;
  readonly volume: number;
  readonly pan: number;
  readonly reverb: number;
  readonly finalNote: string;
}

const MELODIES: readonly Melody[] = [
  { name: 'Violin I', channel: 0, program: 40, volume: 98, pan: 34, reverb: 52, finalNote: 'D5' },
  { name: 'Violin II, as a flute', channel: 1, program: 73, volume: 94, pan: 94, reverb: 60, finalNote: 'A4' },
  { name: 'Violin III, as an oboe', channel: 2, program: 68, volume: 86, pan: 66, reverb: 56, finalNote: 'F#5' },
];

/** One voice of the canon, entering `1 + index` grounds after the bass. */
function melody({ name, channel, program, volume, pan, reverb, finalNote }: Melody, index: number): Part {
  const part = new Part(name, channel);
  setUp(part, 12 + index * 30, program, [
    [VOLUME, volume], [PAN, pan], [EXPRESSION, 90], [MODULATION, 0], [REVERB, reverb], [CHORUS, 18], ...bendRange(2),
  ]);
  const entry = 1 + index;
  // Controllers of the voices are kept off the beat and apart from each other: the wire carries one message a millisecond.
  const offBeat = 70 + 22 * index;
  for (const statement of range(entry, STATEMENTS - 1)) {
    const start = statementTick(statement);
    const loudness = LOUDNESS[statement];
    for (const { note, tick, ticks } of VARIATIONS[statement - entry]) {
      const accent = tick % (2 * TICKS_PER_QUARTER) === 0 ? 6 : tick % TICKS_PER_QUARTER === 0 ? 2 : -4;
      const sounding = ticks >= TICKS_PER_QUARTER ? 0.94 - 0.02 * index : 0.86 - 0.05 * index;
      part.note(note, loudness - 6 + accent, start + tick, Math.floor(ticks * sounding));
      if (ticks >= TICKS_PER_QUARTER) vibrato(part, start + tick + offBeat + 60, ticks - offBeat - 100);
    }
    const middle = start + offBeat + GROUND_TICKS / 2;
    part.glide(EXPRESSION, 88, 108, start + offBeat, middle);
    part.glide(EXPRESSION, 106, 90, middle + TICKS_PER_QUARTER / 2, start + offBeat + GROUND_TICKS - TICKS_PER_QUARTER);
  }
  part.note(noteNumber(finalNote), LOUDNESS[STATEMENTS - 1] - 4, FINAL_TICK, FINAL_TICKS - 20 * index);
  vibrato(part, FINAL_TICK + offBeat + 120, FINAL_TICKS / 2);
  part.glide(EXPRESSION, 96, 40, FINAL_TICK + TICKS_PER_QUARTER + offBeat, FINAL_TICK + FINAL_TICKS - TICKS_PER_QUARTER / 2 + offBeat);
  return part;
}

/** Vibrato that comes in on a long note once it is held, and is gone before the next. */
function vibrato(part: Part, tick: number, ticks: number): void {
  part.glide(MODULATION, 16, 56, tick, tick + Math.floor(ticks / 2), 60);
  part.control(MODULATION, 0, tick + ticks);
}

/** The violin slides up into the first note of its last variation, from a semitone below. */
function slideInto(part: Part, tick: number): void {
  const steps = 6;
  for (const i of range(0, steps)) part.bend(-0.5 * (1 - i / steps), i === 0 ? tick - 6 : tick + i * 14);
}

function bass(): Part {
  const part = new Part('Bass', 3);
  setUp(part, 102, 43, [[VOLUME, 104], [PAN, 64], [EXPRESSION, 110], [REVERB, 24], [CHORUS, 0]]);
  for (const statement of range(0, STATEMENTS - 1)) {
    for (const { note, tick, ticks } of GROUND) {
      const accent = tick % (4 * TICKS_PER_QUARTER) === 0 ? 0 : -8;
      part.note(note, LOUDNESS[statement] + accent, statementTick(statement) + tick, Math.floor(ticks * 0.9));
    }
  }
  part.note(noteNumber('D2'), LOUDNESS[STATEMENTS - 1], FINAL_TICK, FINAL_TICKS);
  return part;
}

/** Each chord of a statement as the keyboard plays it: offsets from the beat and which of the chord's three notes. */
const FIGURES = {
  rolled: [[8, 0], [28, 1], [48, 2]],
  offBeat: [[8, 0], [248, 1], [266, 2]],
  broken: [[8, 0], [128, 1], [248, 2], [368, 1]],
} as const;

const FIGURE_OF: readonly (keyof typeof FIGURES)[] = [
  'rolled', 'rolled', 'offBeat', 'broken', 'broken', 'broken', 'offBeat', 'broken', 'offBeat', 'offBeat', 'broken', 'broken', 'rolled',
];

/** The pedal goes up a little before the next chord, so that a synth of sixteen voices has them back in time. */
const PEDAL_UP = 384;

/** The realisation of the ground on the keyboard, with a new pedal for each chord. It comes in with the fifth chord. */
function harpsichord(): Part {
  const part = new Part('Harpsichord', 4);
  setUp(part, 118, 6, [[VOLUME, 78], [PAN, 84], [EXPRESSION, 100], [SUSTAIN, 0], [REVERB, 40], [CHORUS, 10]]);
  for (const statement of range(0, STATEMENTS - 1)) {
    const figure = FIGURES[FIGURE_OF[statement]];
    CHORDS.forEach((chord, i) => {
      if (statement === 0 && i < 4) return;
      const tick = statementTick(statement) + i * TICKS_PER_QUARTER;
      part.control(SUSTAIN, 127, tick + 60);
      part.control(SUSTAIN, 0, tick + PEDAL_UP);
      for (const [offset, index] of figure) {
        part.note(chord[index], LOUDNESS[statement] - (offset < 60 ? 14 : 24), tick + offset, offset > 300 ? 60 : 100);
      }
    });
  }
  part.control(SUSTAIN, 127, FINAL_TICK + 60);
  ['D3', 'A3', 'D4', 'F#4', 'A4'].forEach((name, i) => part.note(noteNumber(name), 76 - 2 * i, FINAL_TICK + 24 + 44 * i, 200));
  part.control(SUSTAIN, 0, FINAL_TICK + FINAL_TICKS + 40);
  return part;
}

/** Two soft string lines under the canon from its third voice on: the chord's upper notes, bound. */
function strings(): Part {
  const part = new Part('Strings', 5);
  setUp(part, 134, 48, [[VOLUME, 66], [PAN, 52], [EXPRESSION, 60], [REVERB, 70], [CHORUS, 48]]);
  for (const statement of range(3, STATEMENTS - 1)) {
    const start = statementTick(statement);
    CHORDS.forEach((chord, i) => {
      chord.slice(1).forEach((note, upper) => part.note(note, 62, start + i * TICKS_PER_QUARTER + 18 + 8 * upper, TICKS_PER_QUARTER - 80));
    });
    const swell = statement < STATEMENTS - 1 ? 100 : 70;
    const first = start + 150; // off the beat
    const middle = first + GROUND_TICKS / 2;
    part.glide(EXPRESSION, 60, swell, first, middle, TICKS_PER_QUARTER);
    part.glide(EXPRESSION, swell - 5, 60, middle + TICKS_PER_QUARTER, first + GROUND_TICKS - TICKS_PER_QUARTER, TICKS_PER_QUARTER);
  }
  ['D4', 'F#4'].forEach((name, i) => part.note(noteNumber(name), 58, FINAL_TICK + 30 + 8 * i, FINAL_TICKS - 80));
  return part;
}

const KICK = 36;
const SIDE_STICK = 37;
const CLOSED_HAT = 42;
const CRASH = 49;
const RIDE = 51;
const TAMBOURINE = 54;

/** A light hand on the drums, from the fifth variation until the free ones slow the canon down. */
function drums(): Part {
  const part = new Part('Drums', 9);
  setUp(part, 150, 0, [[VOLUME, 76], [PAN, 64], [REVERB, 30]]);
  const hit = (note: number, velocity: number, tick: number) => part.note(note, velocity, tick, 40);
  for (const statement of range(5, STATEMENTS - 2)) {
    const full = statement >= 8 && statement <= 10;
    if (statement === 8) hit(CRASH, 58, statementTick(statement) + 10);
    for (const eighth of range(0, 15)) {
      const tick = statementTick(statement) + eighth * (TICKS_PER_QUARTER / 2);
      const quarter = eighth / 2;
      // A hand is never quite on the beat, and the wire is busy there.
      hit(full ? RIDE : CLOSED_HAT, eighth % 2 === 0 ? 52 : 38, tick + 4);
      if (statement >= 6 && eighth % 8 === 0) hit(KICK, 70, tick + 2);
      if (statement >= 6 && eighth % 8 === 5) hit(KICK, 54, tick + 2);
      if (statement >= 6 && quarter % 4 === 2) hit(SIDE_STICK, 56, tick + 6);
      if (full && quarter % 2 === 1) hit(TAMBOURINE, 44, tick + 12);
    }
  }
  hit(RIDE, 40, FINAL_TICK + 12);
  return part;
}

function conductor(): Conductor {
  const part = new Conductor('Canon in D');
  part.text('copyrightNotice', 'Johann Pachelbel (1653-1706): public domain. This arrangement: MIT licence.', 0);
  part.majorKey(2);
  part.metre(1, 4, 0);
  part.metre(4, 4, FIRST_TICK);
  part.tempo(QUARTERS_PER_MINUTE, 0);
  part.sysEx([0x7e, 0x7f, 0x09, 0x01, 0xf7], 0); // General MIDI on
  part.text('marker', 'Ground', FIRST_TICK);
  VARIATIONS.forEach((_, i) => part.text('marker', `Variation ${i + 1}`, statementTick(1 + i)));
  // Ritardando over the last four quarters, an eighth at a time, and a broad last bar.
  range(0, 7).forEach((i) => part.tempo(QUARTERS_PER_MINUTE - 4 - 3 * i, FINAL_TICK - (8 - i) * (TICKS_PER_QUARTER / 2)));
  part.text('marker', 'End', FINAL_TICK);
  part.tempo(46, FINAL_TICK);
  return part;
}

/** The whole piece as a Standard MIDI File. */
export function canonInD(): Uint8Array {
  const voices = MELODIES.map(melody);
  slideInto(voices[0], statementTick(VARIATIONS.length));
  return midiFile(conductor(), [...voices, bass(), harpsichord(), strings(), drums()]);
}

/** Writes the piece to `path` (.mid), making its directory. */
export async function writeDemoPiece(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, canonInD());
}
