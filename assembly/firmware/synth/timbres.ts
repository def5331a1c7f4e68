// SPDX-License-Identifier: MIT
// The timbres of the demo synth as a table, and which of them a General MIDI program plays.

/** What an oscillator gives. Numbers of the table are all f32, so these are too. */
export const NONE: f32 = 0;
export const SAW: f32 = 1;
export const PULSE: f32 = 2;
export const TRIANGLE: f32 = 3;
export const SINE: f32 = 4;
export const NOISE: f32 = 5;
export const WAVE: f32 = 6;

/** Filters. NONE leaves the sound as it is. */
export const LOWPASS: f32 = 1;
export const BANDPASS: f32 = 2;
export const HIGHPASS: f32 = 3;
export const LADDER: f32 = 4;

/** One row of a table of timbres. Times are in seconds; decay and release are those to 60 dB down. */
@unmanaged
export class Timbre {
  shape1: f32;
  shape2: f32;
  /** Peak of each oscillator. */
  level1: f32;
  level2: f32;
  /** Pitch of the second oscillator above the first, in semitones. */
  interval: f32;
  /** Width of pulses, 0 to 1, and how far the slow LFO moves it either way. */
  width: f32;
  widthSweep: f32;

  filter: f32;
  /** Note number of the corner at middle C, full velocity and modulation envelope 0. */
  cutoff: f32;
  /** How much of the distance from middle C the corner follows, 0 to 1. */
  tracking: f32;
  resonance: f32;
  /** Semitones that the modulation envelope adds to the corner, and that the lowest velocity takes away. */
  cutoffEnvelope: f32;
  cutoffVelocity: f32;

  attack: f32;
  decay: f32;
  sustain: f32;
  release: f32;

  modAttack: f32;
  modDecay: f32;
  modSustain: f32;
  modRelease: f32;
  /** Semitones that the modulation envelope adds to the pitch. */
  pitchEnvelope: f32;
  /** How much the modulation envelope rules the second oscillator's level: 0 not at all, 1 wholly. */
  level2Envelope: f32;

  /** Depth of the vibrato that sets in by itself, in semitones. */
  vibrato: f32;
  level: f32;
}

const PIANO: u8 = 0;
const ELECTRIC_PIANO: u8 = 1;
const HARPSICHORD: u8 = 2;
const BELL: u8 = 3;
const ORGAN: u8 = 4;
const PLUCKED: u8 = 5;
const BASS: u8 = 6;
const STRINGS: u8 = 7;
const BRASS: u8 = 8;
const REED: u8 = 9;
const FLUTE: u8 = 10;
const LEAD: u8 = 11;
const PAD: u8 = 12;
const MALLET: u8 = 13;
const WIND: u8 = 14;

// prettier-ignore
export const timbres: StaticArray<f32> = [
  // Narrow pulses are the strings: one of width 1/7 lacks every seventh harmonic, as a string does that is struck at a seventh of its length.
  // shapes                   levels      interval width sweep | filter, cutoff, tracking, resonance, envelope, velocity
  //   attack decay sustain release | modulation attack decay sustain release, to pitch, to level 2 | vibrato, level
  PULSE, NONE,                0.52, 0,    0, 0.143, 0,          LOWPASS, 80, 0.45, 0.05, 32, 26,
     0.001, 7, 0, 0.35,       0.001, 1.6, 0, 0.4, 0, 0,         0, 0.62, // piano
  SINE, TRIANGLE,             0.75, 0.3,  24.04, 0.5, 0,        NONE, 0, 0, 0, 0, 0,
     0.001, 5, 0, 0.3,        0.001, 0.9, 0, 0.3, 0, 1,         0, 0.55, // electric piano
  PULSE, NONE,                0.5, 0,     0, 0.16, 0,           NONE, 0, 0, 0, 0, 0,
     0.0005, 2.6, 0, 0.12,    0.001, 1, 0, 0.1, 0, 0,           0, 0.5, // harpsichord
  SINE, TRIANGLE,             0.6, 0.35,  17.58, 0.5, 0,        NONE, 0, 0, 0, 0, 0,
     0.0008, 4, 0, 1.6,       0.0008, 1.4, 0, 0.7, 0, 1,        0, 0.5, // bell
  WAVE, NONE,           0.8, 0,     0, 0.5, 0,            NONE, 0, 0, 0, 0, 0,
     0.004, 1, 1, 0.06,       0.01, 1, 1, 0.1, 0, 0,            0, 0.42, // organ
  PULSE, NONE,                0.55, 0,    0, 0.18, 0,           LOWPASS, 64, 0.5, 0.15, 46, 20,
     0.0008, 2.4, 0, 0.2,     0.0008, 0.6, 0, 0.2, 0, 0,        0, 0.6, // plucked
  SAW, PULSE,                 0.5, 0.35,  -12, 0.5, 0,          LADDER, 58, 0.3, 0.3, 30, 12,
     0.002, 3, 0.35, 0.1,     0.001, 0.5, 0.15, 0.1, 0, 0,      0, 0.8, // bass
  SAW, SAW,                   0.4, 0.4,   0.11, 0.5, 0,         LOWPASS, 96, 0.4, 0.05, 8, 10,
     0.09, 2, 0.85, 0.2,      0.15, 2, 0.6, 0.4, 0, 0,          0.06, 0.5, // strings
  SAW, SAW,                   0.42, 0.36, 0.06, 0.5, 0,         LOWPASS, 70, 0.5, 0.12, 36, 14,
     0.03, 2, 0.8, 0.18,      0.05, 0.9, 0.6, 0.2, 0, 0,        0.05, 0.55, // brass
  PULSE, NONE,                0.55, 0,    0, 0.42, 0,           LOWPASS, 90, 0.5, 0.1, 10, 14,
     0.02, 1, 0.85, 0.12,     0.03, 1, 0.5, 0.1, 0, 0,          0.07, 0.55, // reed
  TRIANGLE, NONE,             0.8, 0,     0, 0.5, 0,            LOWPASS, 86, 0.5, 0.1, 6, 12,
     0.035, 1, 0.85, 0.15,    0.02, 0.4, 0.4, 0.1, 0, 0,        0.09, 0.6, // flute
  PULSE, SAW,                 0.4, 0.35,  0.07, 0.4, 0.15,      LADDER, 84, 0.5, 0.4, 22, 10,
     0.004, 1.5, 0.75, 0.16,  0.004, 0.8, 0.4, 0.2, 0, 0,       0.05, 0.62, // lead
  SAW, PULSE,                 0.4, 0.3,   0.14, 0.5, 0.2,       LOWPASS, 78, 0.3, 0.15, 16, 8,
     0.4, 3, 0.8, 1.4,        0.9, 3, 0.5, 1.2, 0, 0,           0.04, 0.48, // pad
  TRIANGLE, SINE,             0.7, 0.3,   24.1, 0.5, 0,         NONE, 0, 0, 0, 0, 0,
     0.0005, 0.9, 0, 0.3,     0.0005, 0.12, 0, 0.1, 0, 1,       0, 0.6, // mallet
  NOISE, NONE,                0.9, 0,     0, 0.5, 0,            BANDPASS, 72, 1, 0.6, 18, 0,
     0.3, 2, 0.8, 0.9,        0.8, 2, 0.4, 0.9, 0, 0,           0, 0.5, // wind
];

/** Timbres of the sixteen families of General MIDI, in eights. */
const families: StaticArray<u8> = [
  PIANO, BELL, ORGAN, PLUCKED, BASS, STRINGS, STRINGS, BRASS, REED, FLUTE, LEAD, PAD, PAD, PLUCKED, MALLET, WIND,
];

/** Number in `timbres` of what plays a General MIDI program, 0 to 127: its family's, save where a program stands apart. */
export function timbreOfProgram(program: i32): i32 {
  let timbre: i32 = unchecked(families[program >> 3]);
  switch (program) {
    case 4: case 5: timbre = ELECTRIC_PIANO; break;
    case 6: case 7: timbre = HARPSICHORD; break;
    case 12: case 13: timbre = MALLET; break; // marimba, xylophone
    case 45: case 46: timbre = PLUCKED; break; // pizzicato, harp
    case 47: timbre = MALLET; break; // timpani
    case 52: case 53: case 54: timbre = PAD; break; // voices
    case 55: timbre = BRASS; break; // orchestra hit
  }
  return timbre;
}
