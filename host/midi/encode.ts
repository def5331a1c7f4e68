// SPDX-License-Identifier: MIT
// A line of events in JSON to the bytes that the firmware's encoder makes of them.

import { InputError } from './input-error.js';
import type { MidiTool } from './tool.js';

type Fields = Record<string, unknown>;

/** The value of a key as a number that crosses into the firmware unchanged; ranges are the encoder's to judge. */
function integer(event: Fields, key: string): number {
  const value = event[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > 0x7fffffff) {
    throw new InputError(value === undefined ? `"${key}" is missing` : `"${key}" is ${JSON.stringify(value)}, not a whole number in range`);
  }
  return value;
}

const keyed = (call: 'noteOff' | 'noteOn' | 'polyPressure' | 'controlChange') =>
  (tool: MidiTool, e: Fields) => tool[call](integer(e, 'ch'), integer(e, 'n'), integer(e, 'v'));
const channelValue = (call: 'programChange' | 'channelPressure' | 'pitchBend') =>
  (tool: MidiTool, e: Fields) => tool[call](integer(e, 'ch'), integer(e, 'v'));
const value = (call: 'quarterFrame' | 'songPosition' | 'songSelect') => (tool: MidiTool, e: Fields) => tool[call](integer(e, 'v'));
const bare = (status: number) => (tool: MidiTool) => tool.systemMessage(status);

/** Short messages by name: each gives the firmware's message word, or its error code. */
const shortMessages = new Map<unknown, (tool: MidiTool, event: Fields) => number>(Object.entries({
  note_off: keyed('noteOff'), note_on: keyed('noteOn'), poly_pressure: keyed('polyPressure'), cc: keyed('controlChange'),
  program: channelValue('programChange'), chan_pressure: channelValue('channelPressure'), pitch_bend: channelValue('pitchBend'),
  mtc_qf: value('quarterFrame'), song_pos: value('songPosition'), song_select: value('songSelect'),
  tune_request: bare(0xf6), clock: bare(0xf8), start: bare(0xfa), continue: bare(0xfb), stop: bare(0xfc), active_sensing: bare(0xfe), reset: bare(0xff),
}));

/** What a decoded stream may hold that sends nothing. */
const silent = new Set<unknown>(['error', 'diag']);

// By the codes of assembly/midi/encoder.ts, -1 first.
const reasons = [
  '"ch" must be 0 to 15',
  'a value is out of range: 0 to 127, or 0 to 16383 for pitch_bend and song_pos',
  'the status cannot be sent',
  'the message is too long',
  'the bytes must be f0, then data below 80, then f7 (pieces of type sysex_chunk together)',
  'it stands inside a SysEx sent in pieces that has not ended',
];

function checked(code: number): number {
  if (code < 0) throw new InputError(reasons[-code - 1]);
  return code;
}

function encoded(tool: MidiTool, byteCount: number): string {
  return Buffer.from(tool.memory.buffer, tool.encodedBytes(), checked(byteCount)).toString('hex');
}

function sysexBytes(event: Fields): Buffer {
  const { data } = event;
  if (typeof data !== 'string') throw new InputError(data === undefined ? '"data" is missing' : '"data" is not a string of hex');
  const digits = data.replace(/[ \t]+/g, '');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) throw new InputError('"data" is not hex bytes, two digits each');
  return Buffer.from(digits, 'hex');
}

/** Passes bytes through the encoder in pieces that fit its buffer. */
function encodeSysex(tool: MidiTool, event: Fields): string {
  const bytes = sysexBytes(event);
  const whole = event.t === 'sysex';
  if (whole && tool.isSysexOpen()) throw new InputError(reasons[5]);
  const pieceByteCount = tool.SYSEX_BYTE_COUNT.value as number;
  let hex = '';
  for (let from = 0; from < bytes.length; from += pieceByteCount) {
    if (from > 0 && !tool.isSysexOpen()) throw new InputError(reasons[4]);
    const piece = bytes.subarray(from, from + pieceByteCount);
    new Uint8Array(tool.memory.buffer, tool.sysexToEncode(), piece.length).set(piece);
    hex += encoded(tool, tool.encodeSysexPiece(piece.length));
  }
  if (whole && tool.isSysexOpen()) throw new InputError(reasons[4]);
  return hex;
}

function encodeEvent(tool: MidiTool, event: unknown): string {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new InputError('not an object');
  const fields = event as Fields;
  const make = shortMessages.get(fields.t);
  if (make) return encoded(tool, tool.encodeShort(checked(make(tool, fields))));
  if (fields.t === 'sysex' || fields.t === 'sysex_chunk') return encodeSysex(tool, fields);
  if (fields.t === 'sysex_abort') {
    tool.abandonOpenSysex();
    return '';
  }
  if (silent.has(fields.t)) return '';
  throw new InputError(fields.t === undefined ? '"t" is missing' : `${JSON.stringify(fields.t)} is no kind of event`);
}

/**
 * Encodes one stream.
 * @param line a JSON array of events; nothing but spaces stands for an empty one
 * @returns hex, two lower-case digits a byte
 * @throws InputError that names the event which is wrong
 */
export function encodeLine(tool: MidiTool, line: string, useRunningStatus: boolean): string {
  if (line.trim() === '') return '';
  let events: unknown;
  try {
    events = JSON.parse(line);
  } catch (error) {
    throw new InputError(`not JSON: ${(error as Error).message}`);
  }
  if (!Array.isArray(events)) throw new InputError('not a JSON array of events');
  tool.beginEncoding(useRunningStatus ? 1 : 0);
  return events.map((event, i) => {
    try {
      return encodeEvent(tool, event);
    } catch (error) {
      if (error instanceof InputError) error.message = `event ${i}${typeof event?.t === 'string' ? ` (${event.t})` : ''}: ${error.message}`;
      throw error;
    }
  }).join('');
}
