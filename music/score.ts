// SPDX-License-Identifier: MIT
// A small notation for scores, and scores as Standard MIDI Files.

import { type MidiEvent, writeMidi } from 'midi-file';

export const TICKS_PER_QUARTER = 480;

/** One note of a line. */
export interface LineNote {
  /** MIDI note number, 60 is C4. */
  readonly note: number;
  /** From the start of the line. */
  readonly tick: number;
  /** Written length. */
  readonly ticks: number;
}

const LENGTHS: Readonly<Record<string, number>> = {
  w: TICKS_PER_QUARTER * 4,
  h: TICKS_PER_QUARTER * 2,
  q: TICKS_PER_QUARTER,
  e: TICKS_PER_QUARTER / 2,
  s: TICKS_PER_QUARTER / 4,
  t: TICKS_PER_QUARTER / 8,
};
const STEPS: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** MIDI number of a name such as C4 (60), F#5 or Bb3. @throws Error for anything else */
export function noteNumber(name: string): number {
  const match = /^([A-G])([#b]?)(\d)$/.exec(name);
  if (!match) throw new Error(`"${name}" is no note: wanted a letter A to G, # or b if any, and an octave`);
  const accidental = match[2] === '#' ? 1 : match[2] === 'b' ? -1 : 0;
  return 12 * (Number(match[3]) + 1) + STEPS[match[1]] + accidental;
}

/**
 * Reads a line of notes: `F#5q E5 D5e. C#5s r | B4`. A length letter (w h q e s t: whole to thirty-second, `.` dotted) holds until the next
 * one; `r` is a rest; `|` separates for the eye.
 * @throws Error that names the word it could not read
 */
export function parseLine(text: string): { notes: LineNote[]; ticks: number } {
  const notes: LineNote[] = [];
  let tick = 0;
  let ticks = TICKS_PER_QUARTER;
  for (const word of text.split(/\s+/).filter((w) => w !== '' && w !== '|')) {
    const match = /^(r|[A-G][#b]?\d)([whqest]\.?)?$/.exec(word);
    if (!match) throw new Error(`"${word}" in a line of notes: wanted a note or r, then w, h, q, e, s or t if the length changes`);
    const length = match[2];
    if (length) ticks = LENGTHS[length[0]] * (length.endsWith('.') ? 1.5 : 1);
    if (match[1] !== 'r') notes.push({ note: noteNumber(match[1]), tick, ticks });
    tick += ticks;
  }
  return { notes, ticks: tick };
}

type Timed = { readonly tick: number; readonly order: number; readonly event: MidiEvent };

/** At one tick: what ends comes before what is set, and that before what begins. */
const ORDER_OFF = 0;
const ORDER_SET = 1;
const ORDER_ON = 2;

/** Events of one track, entered in any order. */
export class Part {
  private readonly events: Timed[] = [];

  /** @param channel 0-15; 9 is the drums */
  constructor(readonly name: string, readonly channel: number) {}

  /** Sounds `note` from `tick` for `ticks`. @param velocity 1-127 */
  note(note: number, velocity: number, tick: number, ticks: number): void {
    const { channel } = this;
    this.add(tick, ORDER_ON, { deltaTime: 0, type: 'noteOn', channel, noteNumber: note, velocity: clamp7(velocity, 1) });
    this.add(tick + ticks, ORDER_OFF, { deltaTime: 0, type: 'noteOff', channel, noteNumber: note, velocity: 64 });
  }
  program(program: number, tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, type: 'programChange', channel: this.channel, programNumber: program });
  }
  control(controller: number, value: number, tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, type: 'controller', channel: this.channel, controllerType: controller, value: clamp7(value, 0) });
  }
  /** @param value -1 to 1 of the bend range */
  bend(value: number, tick: number): void {
    const steps = Math.max(-8192, Math.min(8191, Math.round(value * 8192)));
    this.add(tick, ORDER_SET, { deltaTime: 0, type: 'pitchBend', channel: this.channel, value: steps });
  }
  /** A controller that glides from one value to another, in steps of `stepTicks`; values that do not change are left out. */
  glide(controller: number, from: number, to: number, startTick: number, endTick: number, stepTicks = TICKS_PER_QUARTER / 2): void {
    let last = -1;
    for (let tick = startTick; tick <= endTick; tick += stepTicks) {
      const value = Math.round(from + ((to - from) * (tick - startTick)) / (endTick - startTick));
      if (value !== last) this.control(controller, value, tick);
      last = value;
    }
  }
  /** Anything else that a track may hold: tempo, markers, SysEx. */
  add(tick: number, order: number, event: MidiEvent): void {
    if (!Number.isInteger(tick) || tick < 0) throw new RangeError(`${this.name}: ${event.type} at tick ${tick}`);
    this.events.push({ tick, order, event });
  }

  /** The events in order, with delta times, between the track's name and its end. */
  track(): MidiEvent[] {
    const sorted = this.events.map((e, i) => ({ ...e, i })).sort((a, b) => a.tick - b.tick || a.order - b.order || a.i - b.i);
    let last = 0;
    const track: MidiEvent[] = [{ deltaTime: 0, meta: true, type: 'trackName', text: this.name }];
    for (const { tick, event } of sorted) {
      track.push({ ...event, deltaTime: tick - last });
      last = tick;
    }
    track.push({ deltaTime: 0, meta: true, type: 'endOfTrack' });
    return track;
  }
}

const clamp7 = (value: number, least: number) => Math.max(least, Math.min(127, Math.round(value)));

/** What holds for all parts: tempo, metre, words. */
export class Conductor extends Part {
  constructor(name: string) {
    super(name, 0);
  }
  tempo(quartersPerMinute: number, tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, meta: true, type: 'setTempo', microsecondsPerBeat: Math.round(60e6 / quartersPerMinute) });
  }
  metre(numerator: number, denominator: number, tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, meta: true, type: 'timeSignature', numerator, denominator, metronome: 24, thirtyseconds: 8 });
  }
  /** @param sharps count of sharps, negative for flats */
  majorKey(sharps: number): void {
    this.add(0, ORDER_SET, { deltaTime: 0, meta: true, type: 'keySignature', key: sharps, scale: 0 });
  }
  text(type: 'copyrightNotice' | 'text' | 'marker', text: string, tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, meta: true, type, text });
  }
  /** @param bytes after F0, with F7 last */
  sysEx(bytes: readonly number[], tick: number): void {
    this.add(tick, ORDER_SET, { deltaTime: 0, type: 'sysEx', data: Uint8Array.from(bytes) });
  }
}

/** A Standard MIDI File of format 1: the conductor's track, then one a part. */
export function midiFile(conductor: Conductor, parts: readonly Part[]): Uint8Array {
  const tracks = [conductor, ...parts].map((part) => part.track());
  return Uint8Array.from(writeMidi({ header: { format: 1, numTracks: tracks.length, ticksPerBeat: TICKS_PER_QUARTER }, tracks }));
}
