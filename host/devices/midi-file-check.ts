// SPDX-License-Identifier: MIT
// Standard MIDI Files 1.0 (RP-001): finds what is broken in a file, and says where.

import { UserError } from '../user-error.js';

/** A file that cannot be read or is no Standard MIDI File. The message names the file, the byte, what was found, and what to do. */
export class MidiFileError extends UserError {
  override readonly name = 'MidiFileError';
}

const META_END_OF_TRACK = 0x2f;
const META_SET_TEMPO = 0x51;
const META_SEQUENCER_SPECIFIC = 0x7f;
const SMPTE_RATES = [24, 25, 29, 30]; // 29 stands for 30 drop-frame

const printable = (bytes: Uint8Array): string => [...bytes].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
const hexByte = (byte: number): string => `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * Walks the whole file before the library sees it, because the library reads past ends, loops over no limits, and throws bare strings. What
 * comes out is a plain file in which every length holds: chunks of unknown type are gone, tracks end at their End of Track, and meta events
 * that mean nothing on a wire have become sequencer-specific ones, whose contents the library leaves alone.
 */
export class MidiFileChecker {
  private at = 0;
  private readonly out: Uint8Array[] = [];

  constructor(private readonly bytes: Uint8Array, private readonly name: string) {}

  /** @throws MidiFileError at the first thing that is broken */
  run(): Uint8Array {
    const header = this.header();
    let tracks = 0;
    while (this.at < this.bytes.length) {
      const start = this.at;
      const left = this.bytes.length - start;
      if (tracks >= header.tracks && (left < 8 || this.text(start, 4) !== 'MTrk')) break; // padding, or a chunk of someone else's
      if (left < 8) this.fail(start, `the file ends inside a chunk header: ${left} of 8 bytes`, 'It was cut off; get a whole copy');
      const id = this.text(start, 4);
      const length = this.uint32(start + 4);
      const end = start + 8 + length;
      if (end > this.bytes.length) {
        this.fail(start, `chunk "${id}" announces ${length} bytes, but the file has only ${left - 8} more`, 'It was cut off or damaged; get a whole copy');
      }
      if (id === 'MTrk') {
        this.out.push(this.track(start + 8, end, ++tracks));
      }
      this.at = end;
    }
    if (tracks < header.tracks) {
      this.fail(this.bytes.length, `the file ends after ${tracks} of the ${header.tracks} tracks that its header announces`, 'It was cut off; get a whole copy');
    }
    const division = [header.division >> 8, header.division & 0xff];
    const start = [...'MThd'].map((c) => c.charCodeAt(0));
    return concatenated([Uint8Array.from([...start, 0, 0, 0, 6, 0, header.format, tracks >> 8, tracks & 0xff, ...division]), ...this.out]);
  }

  private header(): { format: number; tracks: number; division: number } {
    const { bytes } = this;
    if (bytes.length === 0) this.fail(0, 'the file is empty', 'Give a .mid file');
    if (this.text(0, 4) !== 'MThd') {
      const what = this.text(0, 4) === 'RIFF' ? 'a RIFF file ("RIFF")' : `"${this.text(0, Math.min(8, bytes.length))}"`;
      this.fail(0, `it begins with ${what} where "MThd" belongs, so it is no Standard MIDI File`, 'Export it as a .mid file');
    }
    if (bytes.length < 14) this.fail(bytes.length, `the file ends inside its header: ${bytes.length} of 14 bytes`, 'It was cut off; get a whole copy');
    const length = this.uint32(4);
    if (length < 6 || 8 + length > bytes.length) this.fail(4, `the header announces ${length} bytes where 6 belong`, 'It is damaged; export it again');
    const [format, tracks, division] = [8, 10, 12].map((at) => (bytes[at] << 8) | bytes[at + 1]);
    if (format > 2) this.fail(8, `format ${format}: there are only 0, 1 and 2`, 'Export it as format 0 or 1');
    if (tracks === 0) this.fail(10, 'the header announces no track', 'There is nothing to play; export it again');
    if (division & 0x8000) {
      const rate = 0x100 - (division >> 8);
      if (!SMPTE_RATES.includes(rate)) this.fail(12, `a time division of ${rate} SMPTE frames a second: there are only 24, 25, 29 and 30`, 'Export it with ticks per quarter note');
    }
    if ((division & 0x80ff) === 0x8000 || division === 0) this.fail(12, 'a time division of zero ticks', 'It is damaged; export it again');
    this.at = 8 + length;
    return { format, tracks, division };
  }

  /** Checks the events between two offsets and returns the chunk for the library. */
  private track(start: number, end: number, number: number): Uint8Array {
    const copy = this.bytes.slice(start, end);
    const where = `in track ${number}`;
    let at = start;
    const need = (count: number, what: string): void => {
      if (end - at < count) this.fail(at, `track ${number} ends inside ${what}`, 'It was cut off or damaged; get a whole copy');
    };
    const variableLength = (what: string): number => {
      let value = 0;
      for (let i = 0; i < 4; i++) {
        need(1, what);
        const byte = this.bytes[at++];
        value = value * 128 + (byte & 0x7f);
        if (byte < 0x80) return value;
      }
      return this.fail(at - 4, `${what} ${where} is longer than the four bytes that it may have`, 'It is damaged; get a whole copy');
    };
    let running: number | undefined;
    while (at < end) {
      variableLength('a delta time');
      need(1, 'an event');
      const eventAt = at;
      const first = this.bytes[at++];
      if (first === 0xff) {
        need(1, 'a meta event');
        const type = this.bytes[at++];
        const length = variableLength('the length of a meta event');
        need(length, `a meta event of ${length} bytes`);
        const wanted = type === META_END_OF_TRACK ? 0 : type === META_SET_TEMPO ? 3 : length;
        if (length !== wanted) this.fail(eventAt, `meta event ${hexByte(type)} ${where} has ${length} bytes where ${wanted} belong`, 'It is damaged; export it again');
        if (type === META_SET_TEMPO && this.bytes[at] + this.bytes[at + 1] + this.bytes[at + 2] === 0) {
          this.fail(eventAt, `a tempo of 0 microseconds a beat ${where}`, 'It is damaged; export it again');
        }
        at += length;
        if (type === META_END_OF_TRACK) break;
        if (type !== META_SET_TEMPO) copy[eventAt + 1 - start] = META_SEQUENCER_SPECIFIC;
      } else if (first === 0xf0 || first === 0xf7) {
        const length = variableLength('the length of a SysEx event');
        need(length, `a SysEx event of ${length} bytes`);
        at += length;
      } else if (first > 0xf0) {
        this.fail(eventAt, `status ${hexByte(first)} ${where}, which cannot stand in a file without an escape (0xF7)`, 'It is damaged; export it again');
      } else {
        if (first >= 0x80) running = first;
        else at--;
        if (running === undefined) this.fail(eventAt, `data byte ${hexByte(first)} ${where} with no status before it`, 'It is damaged; export it again');
        const dataBytes = running >= 0xc0 && running < 0xe0 ? 1 : 2;
        need(dataBytes, 'a channel message');
        for (let i = 0; i < dataBytes; i++, at++) {
          if (this.bytes[at] >= 0x80) this.fail(at, `${hexByte(this.bytes[at])} ${where} where a data byte of status ${hexByte(running)} belongs`, 'It is damaged; get a whole copy');
        }
      }
    }
    const body = copy.subarray(0, at - start);
    const chunk = new Uint8Array(8 + body.length);
    chunk.set([0x4d, 0x54, 0x72, 0x6b, body.length >>> 24, body.length >>> 16, body.length >>> 8, body.length]);
    chunk.set(body, 8);
    return chunk;
  }

  private text(at: number, length: number): string {
    return printable(this.bytes.subarray(at, at + length));
  }
  private uint32(at: number): number {
    return ((this.bytes[at] << 24) | (this.bytes[at + 1] << 16) | (this.bytes[at + 2] << 8) | this.bytes[at + 3]) >>> 0;
  }
  private fail(at: number, found: string, advice: string): never {
    throw new MidiFileError(`${this.name}: at byte ${at}: ${found}. ${advice}.`);
  }
}

function concatenated(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
