// SPDX-License-Identifier: MIT
// The drum kit: every instrument of General MIDI's percussion map, notes 35 to 81, made from a table of drum timbres.

import { BANDPASS, HIGHPASS, LOWPASS, NOISE, NONE, PULSE, SINE, TRIANGLE } from "./timbres";

export const FIRST_DRUM: i32 = 35;
export const LAST_DRUM: i32 = 81;

export const enum DrumPan {
  Centre = 0,
  Left = 1,
  Right = 2,
}

/** One instrument of the kit. */
@unmanaged
export class Drum {
  /** Number in `drumTimbres`. */
  timbre: u8;
  /** Note number that its oscillators play. */
  pitch: u8;
  pan: u8;
  /** Instruments of one group silence each other, as the pedal closes the hi-hat; 0 is no group. */
  chokeGroup: u8;
}

const KICK: u8 = 0;
const SNARE: u8 = 1;
const RIM: u8 = 2;
const CLAP: u8 = 3;
const CLOSED_HAT: u8 = 4;
const OPEN_HAT: u8 = 5;
const TOM: u8 = 6;
const CRASH: u8 = 7;
const RIDE: u8 = 8;
const BELL: u8 = 9;
const SHAKE: u8 = 10;
const COWBELL: u8 = 11;
const WOOD: u8 = 12;
const SKIN: u8 = 13;
const LONG_RING: u8 = 14;
const SHORT_RING: u8 = 15;
const RATTLE: u8 = 16;
const WHISTLE: u8 = 17;

// prettier-ignore
export const drumTimbres: StaticArray<f32> = [
  // columns as in timbres.ts
  SINE, NOISE,     1, 0.25,    0, 0.5, 0,      LOWPASS, 110, 0, 0, 0, 12,
     0.0005, 0.45, 0, 0.3,     0.0003, 0.09, 0, 0.1, 34, 1,      0, 1, // kick
  TRIANGLE, NOISE, 0.6, 0.7,   0, 0.5, 0,      LOWPASS, 126, 0, 0.1, 0, 16,
     0.0005, 0.26, 0, 0.2,     0.0003, 0.22, 0, 0.1, 7, 0.6,     0, 0.8, // snare
  TRIANGLE, NOISE, 0.8, 0.4,   0, 0.5, 0,      BANDPASS, 92, 0, 0.3, 0, 6,
     0.0003, 0.07, 0, 0.05,    0.0003, 0.02, 0, 0.1, 5, 1,       0, 0.8, // side stick
  NOISE, NONE,     1, 0,       0, 0.5, 0,      BANDPASS, 90, 0, 0.55, 10, 8,
     0.0005, 0.28, 0, 0.2,     0.0003, 0.03, 0, 0.1, 0, 0,       0, 1, // hand clap
  NOISE, PULSE,    0.7, 0.3,   0, 0.3, 0,      HIGHPASS, 122, 0, 0.15, 0, 6,
     0.0003, 0.1, 0, 0.05,     0.0003, 0.05, 0, 0.1, 0, 0,       0, 0.5, // closed hi-hat
  NOISE, PULSE,    0.7, 0.3,   0, 0.3, 0,      HIGHPASS, 121, 0, 0.15, 0, 6,
     0.0003, 0.7, 0, 0.1,      0.0003, 0.3, 0, 0.1, 0, 0,        0, 0.45, // open hi-hat
  SINE, NOISE,     0.9, 0.12,  0, 0.5, 0,      LOWPASS, 104, 0, 0, 0, 14,
     0.0005, 0.6, 0, 0.3,      0.0003, 0.16, 0, 0.1, 9, 1,       0, 0.9, // tom
  NOISE, PULSE,    0.8, 0.15,  0, 0.21, 0,     HIGHPASS, 112, 0, 0.1, 8, 8,
     0.0005, 2.6, 0, 0.5,      0.0003, 0.8, 0, 0.3, 0, 0.5,      0, 0.5, // crash
  NOISE, PULSE,    0.4, 0.4,   0, 0.27, 0,     HIGHPASS, 119, 0, 0.2, 0, 8,
     0.0003, 1.4, 0, 0.4,      0.0003, 0.2, 0, 0.3, 0, 0.6,      0, 0.4, // ride
  PULSE, PULSE,    0.4, 0.4,   5.55, 0.3, 0,   BANDPASS, 105, 0, 0.4, 0, 6,
     0.0003, 1.2, 0, 0.4,      0.0003, 0.4, 0, 0.3, 0, 0,        0, 0.4, // ride bell
  NOISE, NONE,     0.9, 0,     0, 0.5, 0,      HIGHPASS, 124, 0, 0.25, 0, 4,
     0.004, 0.22, 0, 0.1,      0.0003, 0.1, 0, 0.1, 0, 0,        0, 0.5, // tambourine, cabasa
  PULSE, PULSE,    0.5, 0.5,   6.8, 0.5, 0,    BANDPASS, 84, 0, 0.35, 6, 6,
     0.0003, 0.4, 0, 0.2,      0.0003, 0.05, 0, 0.1, 0, 0,       0, 0.7, // cowbell, agogo
  TRIANGLE, NONE,  1, 0,       0, 0.5, 0,      NONE, 0, 0, 0, 0, 0,
     0.0003, 0.09, 0, 0.05,    0.0003, 0.02, 0, 0.1, 3, 0,       0, 0.6, // claves, wood blocks
  SINE, NOISE,     0.9, 0.2,   0, 0.5, 0,      LOWPASS, 112, 0, 0, 0, 14,
     0.0005, 0.32, 0, 0.2,     0.0003, 0.05, 0, 0.1, 5, 1,       0, 0.8, // bongos, congas, timbales
  SINE, SINE,      0.6, 0.4,   8.3, 0.5, 0,    NONE, 0, 0, 0, 0, 0,
     0.0003, 2, 0, 0.5,        0.0003, 0.8, 0, 0.3, 0, 0.5,      0, 0.35, // open triangle
  SINE, SINE,      0.6, 0.4,   8.3, 0.5, 0,    NONE, 0, 0, 0, 0, 0,
     0.0003, 0.15, 0, 0.1,     0.0003, 0.1, 0, 0.3, 0, 0.5,      0, 0.4, // mute triangle
  NOISE, NONE,     0.8, 0,     0, 0.5, 0,      BANDPASS, 108, 0, 0.5, 8, 6,
     0.02, 0.3, 0, 0.2,        0.15, 0.2, 0, 0.1, 0, 0,          0, 0.5, // guiro, vibraslap
  SINE, NOISE,     0.7, 0.1,   0, 0.5, 0,      NONE, 0, 0, 0, 0, 0,
     0.01, 0.5, 0, 0.1,        0.01, 0.4, 0, 0.1, 1, 0,          0, 0.4, // whistle, cuica
];

const C: u8 = <u8>DrumPan.Centre;
const L: u8 = <u8>DrumPan.Left;
const R: u8 = <u8>DrumPan.Right;

/** timbre, pitch, pan, choke group of notes 35 to 81, in General MIDI's order. */
// prettier-ignore
const kit: StaticArray<u8> = [
  KICK, 31, C, 0,        KICK, 33, C, 0,        RIM, 80, L, 0,         SNARE, 55, C, 0,       CLAP, 60, R, 0, // 35 to 39
  SNARE, 58, C, 0,       TOM, 41, R, 0,         CLOSED_HAT, 108, R, 1, TOM, 44, R, 0,         CLOSED_HAT, 104, R, 1, // 40 to 44
  TOM, 47, C, 0,         OPEN_HAT, 108, R, 1,   TOM, 50, C, 0,         TOM, 53, L, 0,         CRASH, 102, L, 0, // 45 to 49
  TOM, 56, L, 0,         RIDE, 107, R, 0,       CRASH, 98, R, 0,       BELL, 90, R, 0,        SHAKE, 60, L, 0, // 50 to 54
  CRASH, 106, L, 0,      COWBELL, 72, C, 0,     CRASH, 104, R, 0,      RATTLE, 60, L, 0,      RIDE, 104, R, 0, // 55 to 59
  SKIN, 67, L, 0,        SKIN, 62, L, 0,        SKIN, 64, R, 0,        SKIN, 59, R, 0,        SKIN, 55, R, 0, // 60 to 64
  SKIN, 70, L, 0,        SKIN, 65, L, 0,        COWBELL, 82, R, 0,     COWBELL, 77, R, 0,     SHAKE, 60, L, 0, // 65 to 69
  SHAKE, 60, R, 0,       WHISTLE, 98, L, 0,     WHISTLE, 96, L, 0,     RATTLE, 60, R, 0,      RATTLE, 60, R, 0, // 70 to 74
  WOOD, 99, C, 0,        WOOD, 86, L, 0,        WOOD, 80, L, 0,        WHISTLE, 74, R, 2,     WHISTLE, 70, R, 2, // 75 to 79
  SHORT_RING, 107, L, 3, LONG_RING, 107, L, 3, // 80, 81
];

/** @param note FIRST_DRUM to LAST_DRUM */
export function drumOfNote(note: i32): Drum {
  return changetype<Drum>(changetype<usize>(kit) + (<usize>(note - FIRST_DRUM) << 2));
}
