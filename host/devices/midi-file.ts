// SPDX-License-Identifier: MIT
// Standard MIDI Files 1.0 (RP-001): a file to bytes with times, and captured bytes to a file.

import { stat, readFile } from 'node:fs/promises';
import { parseMidi, writeMidi, type MidiData, type MidiEvent, type MidiHeader } from 'midi-file';
import { MidiFileChecker, MidiFileError } from './midi-file-check.js';
import { assembleMessages, dataByteCount, type TimedByte } from './midi-messages.js';

export { MidiFileError } from './midi-file-check.js';

/** A message (or, from an escape, any bytes) that goes onto the wire at a time in seconds from the start of the file. */
export interface MidiFileEvent {
  readonly seconds: number;
  readonly bytes: readonly number[];
}

export interface MidiFile {
  readonly format: 0 | 1 | 2;
  /** Sorted by time; at one tick in the order of the tracks, and in a track as the file has them. */
  readonly events: readonly MidiFileEvent[];
  /** When the last track ends: not before the last event. */
  readonly seconds: number;
}

/** Half an hour of a busy wire, and far above any music that fits on one (a long recital is some 1 MB). */
const MAX_BYTES = 4 * 1024 * 1024;
/** Tempo until the file sets one, in microseconds a beat: 120 beats a minute. */
const DEFAULT_TEMPO = 500_000;

/** @throws MidiFileError when the file is missing, unreadable, too large or broken */
export async function readMidiFile(path: string): Promise<MidiFile> {
  const unreadable = (error: unknown): never => {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file. Check the path' : code === 'EISDIR' ? 'it is a directory. Give the path of a file'
      : code === 'EACCES' ? 'permission to read it is denied. Change its mode, or copy it' : (error as Error).message;
    throw new MidiFileError(`cannot read MIDI file ${path}: ${why}.`);
  };
  const info = await stat(path).catch(unreadable);
  if (!info.isFile()) throw new MidiFileError(`cannot read MIDI file ${path}: it is ${info.isDirectory() ? 'a directory' : 'no regular file'}. Give the path of a file.`);
  if (info.size > MAX_BYTES) {
    throw new MidiFileError(`${path} has ${info.size} bytes, more than the ${MAX_BYTES} that a MIDI file may have here. Is it an audio file? Give a .mid file.`);
  }
  return parseMidiFile(await readFile(path).catch(unreadable), path);
}

/**
 * @param name the file's name, for errors
 * @throws MidiFileError when it is broken
 */
export function parseMidiFile(bytes: Uint8Array, name: string): MidiFile {
  return eventsOf(parseMidi(new MidiFileChecker(bytes, name).run()));
}

/** The bytes that an event puts on the wire; undefined for meta events. */
function bytesOf(event: MidiEvent): number[] | undefined {
  switch (event.type) {
    case 'noteOff': return [(event.byte9 ? 0x90 : 0x80) | event.channel, event.noteNumber, event.velocity];
    case 'noteOn': return [0x90 | event.channel, event.noteNumber, event.velocity];
    case 'noteAftertouch': return [0xa0 | event.channel, event.noteNumber, event.amount];
    case 'controller': return [0xb0 | event.channel, event.controllerType, event.value];
    case 'programChange': return [0xc0 | event.channel, event.programNumber];
    case 'channelAftertouch': return [0xd0 | event.channel, event.amount];
    case 'pitchBend': return [0xe0 | event.channel, (event.value + 0x2000) & 0x7f, (event.value + 0x2000) >> 7];
    case 'sysEx': return [0xf0, ...Array.from(event.data)];
    case 'endSysEx': return Array.from(event.data);
    default: return undefined;
  }
}

interface Timed {
  readonly tick: number;
  readonly event: MidiEvent;
}

/** Seconds of ticks under a changing tempo. */
class TempoMap {
  private tick = 0;
  /** Sum of ticks times microseconds a beat up to `tick`: an integer, so that nothing is rounded before the end. */
  private sum = 0;
  private tempo = DEFAULT_TEMPO;

  constructor(private readonly header: MidiHeader) {}

  secondsAt(tick: number): number {
    const { framesPerSecond, ticksPerFrame, ticksPerBeat } = this.header;
    if (ticksPerBeat !== undefined) return (this.sum + (tick - this.tick) * this.tempo) / (ticksPerBeat * 1e6);
    // SMPTE: tempo has no say. 29 means 30 drop-frame, which runs at 30000/1001.
    return framesPerSecond === 29 ? (tick * 1001) / (30_000 * ticksPerFrame!) : tick / (framesPerSecond! * ticksPerFrame!);
  }

  setTempo(tick: number, tempo: number): void {
    this.sum += (tick - this.tick) * this.tempo;
    this.tick = tick;
    this.tempo = tempo;
  }
}

/** Puts seconds on the ticks. Formats 0 and 1 have one tempo map; the tracks of format 2 are pieces of their own, played in turn. */
function eventsOf({ header, tracks }: MidiData): MidiFile {
  const timed = tracks.map((track) => {
    let tick = 0;
    return track.map((event): Timed => ({ tick: (tick += event.deltaTime), event }));
  });
  const pieces = header.format === 2 ? timed : [timed.flat().sort((a, b) => a.tick - b.tick)];
  const events: MidiFileEvent[] = [];
  let start = 0;
  for (const piece of pieces) {
    const map = new TempoMap(header);
    let end = start;
    for (const { tick, event } of piece) {
      end = start + map.secondsAt(tick);
      if (event.type === 'setTempo') map.setTempo(tick, event.microsecondsPerBeat);
      const bytes = bytesOf(event);
      if (bytes !== undefined && bytes.length > 0) events.push({ seconds: end, bytes });
    }
    start = end;
  }
  return { format: header.format, events, seconds: start };
}

/** 16 us a tick at 120 beats a minute: a character on the wire takes 20 of them. */
const WRITTEN_TICKS_PER_BEAT = 31_250;
const SECONDS_PER_TICK = DEFAULT_TEMPO / 1e6 / WRITTEN_TICKS_PER_BEAT;
/** The longest delta time that a file can hold; longer pauses are bridged with empty events. */
const MAX_DELTA = 0x0fff_ffff;
/** The library copies what it has written with each event, so it is given pieces of this many. */
const EVENTS_PER_PIECE = 500;

/**
 * Captured bytes as a Standard MIDI File of format 0, a message at the time of its first byte. Running status is written out; what is no message
 * (real-time and system common messages, orphan data, aborted SysEx) goes into escapes, so that nothing captured is lost.
 * @param bytes in order of time
 */
export function writeMidiFile(bytes: Iterable<TimedByte>): Uint8Array {
  const events: MidiEvent[] = [];
  let last = 0;
  for (const message of assembleMessages(bytes)) {
    const tick = Math.max(last, Math.round(message.seconds / SECONDS_PER_TICK));
    for (; tick - last > MAX_DELTA; last += MAX_DELTA) events.push({ deltaTime: MAX_DELTA, meta: true, type: 'text', text: '' });
    events.push({ ...libraryEvent(message.bytes), deltaTime: tick - last } as MidiEvent);
    last = tick;
  }
  events.push({ deltaTime: 0, meta: true, type: 'endOfTrack' });
  const header: MidiHeader = { format: 0, numTracks: 1, ticksPerBeat: WRITTEN_TICKS_PER_BEAT };
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < events.length; i += EVENTS_PER_PIECE) {
    pieces.push(Uint8Array.from(writeMidi({ header, tracks: [events.slice(i, i + EVENTS_PER_PIECE)] })));
  }
  // Each piece is a file of one track: 14 bytes of header, 8 of chunk header, and the events.
  const track = Buffer.concat(pieces.map((piece) => piece.subarray(22)));
  const head = Buffer.from(pieces[0].subarray(0, 22));
  head.writeUInt32BE(track.length, 18);
  return new Uint8Array(Buffer.concat([head, track]));
}

/** A message as the library names it, with no delta time. */
function libraryEvent(bytes: readonly number[]): object {
  const [status, a, b] = bytes;
  if (status === 0xf0 && bytes[bytes.length - 1] === 0xf7) return { type: 'sysEx', data: bytes.slice(1) };
  if (status < 0x80 || status >= 0xf0 || bytes.length !== 1 + dataByteCount(status)) return { type: 'endSysEx', data: bytes };
  const channel = status & 0x0f;
  switch (status & 0xf0) {
    case 0x80: return { type: 'noteOff', channel, noteNumber: a, velocity: b };
    case 0x90: return { type: 'noteOn', channel, noteNumber: a, velocity: b };
    case 0xa0: return { type: 'noteAftertouch', channel, noteNumber: a, amount: b };
    case 0xb0: return { type: 'controller', channel, controllerType: a, value: b };
    case 0xc0: return { type: 'programChange', channel, programNumber: a };
    case 0xd0: return { type: 'channelAftertouch', channel, amount: a };
    default: return { type: 'pitchBend', channel, value: ((b << 7) | a) - 0x2000 };
  }
}
