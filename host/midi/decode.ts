// SPDX-License-Identifier: MIT
// A line of hex to the events that the firmware's parser makes of it.

import { InputError } from './input-error.js';
import type { MidiTool } from './tool.js';

/** An event as the command line prints it. */
export interface MidiEvent {
  t: string;
  ch?: number;
  n?: number;
  v?: number;
  /** SysEx bytes in hex, F0 and F7 included. */
  data?: string;
  /** 0-based index of the byte that completed the event. */
  at: number;
}

// Bits of an event word (assembly/midi/events.ts).
const SYSEX_ABORTED = 1 << 24;
const SYSEX_IN_PIECES = (1 << 25) | (1 << 26);

const channelNames = ['note_off', 'note_on', 'poly_pressure', 'cc', 'program', 'chan_pressure', 'pitch_bend'];
const systemNames = ['', 'mtc_qf', 'song_pos', 'song_select', '', '', 'tune_request', '', 'clock', '', 'start', 'continue', 'stop', '', 'active_sensing', 'reset'];

function shortEvent(word: number, at: number): MidiEvent {
  const status = word & 0xff;
  const data1 = (word >> 8) & 0x7f;
  const data2 = (word >> 16) & 0x7f;
  if (status < 0xf0) {
    const t = channelNames[(status >> 4) & 7];
    const ch = status & 15;
    if (status >= 0xe0) return { t, ch, v: data1 | (data2 << 7), at };
    return status >= 0xc0 ? { t, ch, v: data1, at } : { t, ch, n: data1, v: data2, at };
  }
  const t = systemNames[status & 15];
  if (status === 0xf2) return { t, v: data1 | (data2 << 7), at };
  return status < 0xf4 ? { t, v: data1, at } : { t, at };
}

function pushEvents(tool: MidiTool, word: number, at: number, events: MidiEvent[]): void {
  if (word & SYSEX_ABORTED) events.push({ t: 'sysex_abort', at });
  const status = word & 0xff;
  if (status === 0xf0) {
    const data = Buffer.from(tool.memory.buffer, tool.decodedSysex(), (word >> 8) & 0xffff).toString('hex');
    events.push({ t: word & SYSEX_IN_PIECES ? 'sysex_chunk' : 'sysex', data, at });
  } else if (status !== 0) {
    events.push(shortEvent(word, at));
  }
}

function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const isSpace = (code: number) => code === 0x20 || code === 0x09;

function badHex(line: string, column: number): InputError {
  const character = String.fromCodePoint(line.codePointAt(column)!);
  return nibble(line.charCodeAt(column)) < 0
    ? new InputError(`${JSON.stringify(character)} at column ${column + 1} is not a hex digit; give bytes as two hex digits each, spaces between them or not`)
    : new InputError(`the hex digit ${JSON.stringify(character)} at column ${column + 1} stands alone; a byte is two hex digits`);
}

/**
 * Decodes one stream.
 * @param line bytes as two hex digits each, in either case, with or without spaces between bytes
 * @param diag whether a last element counts the losses
 * @throws InputError when the line is not hex bytes
 */
export function decodeLine(tool: MidiTool, line: string, diag: boolean): string {
  tool.beginDecoding();
  const events: MidiEvent[] = [];
  let at = 0;
  for (let i = 0; i < line.length; i++) {
    if (isSpace(line.charCodeAt(i))) continue;
    const high = nibble(line.charCodeAt(i));
    if (high < 0) throw badHex(line, i);
    const low = i + 1 < line.length ? nibble(line.charCodeAt(i + 1)) : -1;
    if (low < 0) throw badHex(line, i + 1 < line.length && !isSpace(line.charCodeAt(i + 1)) ? i + 1 : i);
    const word = tool.decodeByte((high << 4) | low);
    if (word !== 0) pushEvents(tool, word, at, events);
    at++;
    i++;
  }
  if (!diag) return JSON.stringify(events);
  const losses = {
    t: 'diag', orphan_data: tool.orphanData(), truncated: tool.truncated(), sysex_aborted: tool.sysexAborted(), stray_eox: tool.strayEox(),
    undefined: tool.undefinedStatus(), sysex_overflow: tool.sysexOverflow(),
  };
  return JSON.stringify([...events, losses]);
}
