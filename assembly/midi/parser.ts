// SPDX-License-Identifier: MIT
// MIDI 1.0 byte stream parser: a pure function of (state, byte) to event (MIDI 1.0 Detailed Specification, version 4.2, "Running Status", "System
// Exclusive"). Several parsers can exist; none allocates after its creation.

import { Counter, setGauge } from "../shim/counters";
import { lastShiftOf, MAX_SYSEX_BYTE_COUNT, SYSEX_ABORTED, SYSEX_CONTINUED, SYSEX_CONTINUES } from "./events";

// Values of MidiParser.next. The low five bits are where the next data byte goes in the event, 0 if it goes into none; so 8 and 16 are
// positions inside an open message, and the two below share their low bits with 0 and 8 (shift counts are taken modulo 32).
const IDLE: u8 = 0; // no status in force
const SYSEX: u8 = 32; // data bytes go to the buffer
const RUNNING: u8 = 40; // a channel status is in force and no message is open: data begins one

const REAL_TIME_UNDEFINED: u32 = (1 << (0xf9 & 7)) | (1 << (0xfd & 7));

/** State of one incoming port. Read the counters at will; the rest is the parser's own. */
@unmanaged
export class MidiParser {
  /** Status of the open or running message, and its first data byte once that is there. */
  partial: u32;
  next: u8;
  /** Where the last data byte of the message goes: 8 or 16. */
  last: u8;
  /** `next` once the message is complete: RUNNING after channel messages, IDLE after system common ones. */
  rest: u8;
  /** Bytes in the SysEx buffer, F0 and F7 included. */
  sysexByteCount: u32;
  /** SYSEX_CONTINUED once a chunk of the open SysEx has been delivered, else 0. */
  continued: u32;
  buffer: usize;
  bufferByteCount: u32;

  /** Data bytes with no status in force; those after F4 and F5 are among them. */
  orphanData: u32;
  /** Messages dropped because a status byte came inside them, right after their status included. */
  truncated: u32;
  /** SysEx messages ended by a status other than F7, or by a gap. */
  sysexAborted: u32;
  /** F7 with no SysEx open. */
  strayEox: u32;
  /** F4, F5, F9 and FD. */
  undefinedStatus: u32;
  /** SysEx messages longer than the buffer, each counted once, when its first chunk is delivered. */
  sysexOverflow: u32;
}

/**
 * Makes a parser. Allocates, so call it at start only.
 * @param bufferByteCount longest SysEx delivered in one piece, F0 and F7 included: 2 to 65535
 */
export function createParser(bufferByteCount: u32): MidiParser {
  assert(bufferByteCount >= 2 && bufferByteCount <= MAX_SYSEX_BYTE_COUNT);
  const parser = changetype<MidiParser>(heap.alloc(offsetof<MidiParser>()));
  parser.buffer = heap.alloc(bufferByteCount);
  parser.bufferByteCount = bufferByteCount;
  resetParser(parser);
  return parser;
}

/** Forgets everything received and zeroes the counters. */
export function resetParser(parser: MidiParser): void {
  parser.partial = 0;
  parser.next = IDLE;
  parser.last = 8;
  parser.rest = IDLE;
  parser.sysexByteCount = 0;
  parser.continued = 0;
  parser.orphanData = 0;
  parser.truncated = 0;
  parser.sysexAborted = 0;
  parser.strayEox = 0;
  parser.undefinedStatus = 0;
  parser.sysexOverflow = 0;
}

/**
 * Takes note that bytes were lost here: the open message is dropped and no status is in force, since either may have ended unseen.
 * @returns SYSEX_ABORTED if a SysEx was open, else 0
 */
export function parseGap(parser: MidiParser): u32 {
  const aborted = parser.next == SYSEX;
  parser.next = IDLE;
  if (!aborted) return 0;
  parser.sysexAborted++;
  return SYSEX_ABORTED;
}

/**
 * Takes one byte.
 * @param byte 0 to 255
 * @returns the event that the byte completed (events.ts), or 0. A Note On with velocity 0 comes out as a Note Off. After an event of status F0
 *   its bytes are at `parser.buffer` until the next call.
 */
export function parseByte(parser: MidiParser, byte: u32): u32 {
  if (byte >= 0x80) return parseStatus(parser, byte);
  const next = <u32>parser.next;
  const shift = next & 31;
  if (shift == 0) return next == SYSEX ? storeSysexByte(parser, byte) : orphan(parser);
  const event = parser.partial | (byte << shift);
  if (shift != <u32>parser.last) {
    parser.partial = event;
    parser.next = 16;
    return 0;
  }
  parser.next = parser.rest;
  parser.partial = event & 0xff;
  return (event & 0xff00f0) == 0x90 ? event ^ 0x10 : event;
}

function orphan(parser: MidiParser): u32 {
  parser.orphanData++;
  return 0;
}

function parseStatus(parser: MidiParser, byte: u32): u32 {
  if (byte >= 0xf8) {
    if (((REAL_TIME_UNDEFINED >> (byte & 7)) & 1) == 0) return byte;
    parser.undefinedStatus++;
    return 0;
  }
  let event: u32 = 0;
  const next = parser.next;
  if (next == SYSEX) {
    if (byte == 0xf7) return endSysex(parser);
    parser.sysexAborted++;
    event = SYSEX_ABORTED;
  } else if (<u32>next - 1 < 31) {
    parser.truncated++;
  }
  const last = lastShiftOf(byte);
  if (last != 0) {
    parser.partial = byte;
    parser.next = 8;
    parser.last = <u8>last;
    parser.rest = byte < 0xf0 ? RUNNING : IDLE;
    return event;
  }
  parser.next = IDLE;
  if (byte == 0xf6) return event | byte;
  if (byte == 0xf0) beginSysex(parser);
  else if (byte == 0xf7) parser.strayEox++;
  else parser.undefinedStatus++;
  return event;
}

function beginSysex(parser: MidiParser): void {
  store<u8>(parser.buffer, 0xf0);
  parser.sysexByteCount = 1;
  parser.continued = 0;
  parser.next = SYSEX;
}

/** A data byte that fills the buffer leaves no room for F7, so the message is longer than the buffer, and what is there goes out as a chunk. */
function storeSysexByte(parser: MidiParser, byte: u32): u32 {
  const byteCount = parser.sysexByteCount;
  store<u8>(parser.buffer + byteCount, <u8>byte);
  parser.sysexByteCount = byteCount + 1;
  if (byteCount + 1 < parser.bufferByteCount) return 0;
  const event = 0xf0 | ((byteCount + 1) << 8) | SYSEX_CONTINUES | parser.continued;
  if (parser.continued == 0) parser.sysexOverflow++;
  parser.continued = SYSEX_CONTINUED;
  parser.sysexByteCount = 0;
  return event;
}

function endSysex(parser: MidiParser): u32 {
  const byteCount = parser.sysexByteCount;
  store<u8>(parser.buffer + byteCount, 0xf7);
  parser.next = IDLE;
  return 0xf0 | ((byteCount + 1) << 8) | parser.continued;
}

/** Puts the parser's counters among the firmware's. For firmware with one incoming port. */
export function publishLosses(parser: MidiParser): void {
  publishWireLosses(parser);
  setGauge(Counter.sysexOverflow, parser.sysexOverflow);
}

/** The same for firmware that takes a SysEx longer than the buffer in pieces: it is not lost then. */
export function publishWireLosses(parser: MidiParser): void {
  setGauge(Counter.midiOrphanData, parser.orphanData);
  setGauge(Counter.midiTruncated, parser.truncated);
  setGauge(Counter.midiUndefined, parser.undefinedStatus);
  setGauge(Counter.midiStrayEox, parser.strayEox);
  setGauge(Counter.sysexAborted, parser.sysexAborted);
}
