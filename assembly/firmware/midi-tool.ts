// SPDX-License-Identifier: MIT
// The firmware's MIDI parser and encoder as the command line runs them (host/cli/midi.ts): no board, no register, no `main`.

import { abandonSysex, createEncoder, encodeMessage, encodeSysex, resetEncoder } from "../midi/encoder";
import { createParser, parseByte, resetParser } from "../midi/parser";

export {
  channelPressure, controlChange, noteOff, noteOn, pitchBend, polyPressure, programChange, quarterFrame, songPosition, songSelect, systemMessage,
} from "../midi/encoder";

/** Size of the SysEx buffer on either side; longer messages pass in pieces. */
export const SYSEX_BYTE_COUNT: i32 = 4096;

const parser = createParser(SYSEX_BYTE_COUNT);
const encoder = createEncoder(false);
const encoderSource: usize = heap.alloc(SYSEX_BYTE_COUNT);
const encoderTarget: usize = heap.alloc(SYSEX_BYTE_COUNT);

/** Begins a stream to decode: no status, counters at 0. */
export function beginDecoding(): void {
  resetParser(parser);
}

/** An event word (midi/events.ts) or 0. */
export function decodeByte(byte: u32): u32 {
  return parseByte(parser, byte);
}

/** Where the bytes of a SysEx event are. */
export function decodedSysex(): usize {
  return parser.buffer;
}

export function orphanData(): u32 {
  return parser.orphanData;
}

export function truncated(): u32 {
  return parser.truncated;
}

export function sysexAborted(): u32 {
  return parser.sysexAborted;
}

export function strayEox(): u32 {
  return parser.strayEox;
}

export function undefinedStatus(): u32 {
  return parser.undefinedStatus;
}

export function sysexOverflow(): u32 {
  return parser.sysexOverflow;
}

/** Begins a stream to encode. */
export function beginEncoding(useRunningStatus: bool): void {
  resetEncoder(encoder, useRunningStatus);
}

/** Where the host puts SysEx bytes, SYSEX_BYTE_COUNT at most. */
export function sysexToEncode(): usize {
  return encoderSource;
}

/** Where the encoded bytes are. */
export function encodedBytes(): usize {
  return encoderTarget;
}

/** Bytes written, or a negative code. */
export function encodeShort(message: u32): i32 {
  return encodeMessage(encoder, message, encoderTarget, SYSEX_BYTE_COUNT);
}

/** Bytes written, or a negative code. */
export function encodeSysexPiece(byteCount: i32): i32 {
  return encodeSysex(encoder, encoderSource, byteCount, encoderTarget, SYSEX_BYTE_COUNT);
}

export function isSysexOpen(): bool {
  return encoder.sysexOpen;
}

export function abandonOpenSysex(): void {
  abandonSysex(encoder);
}
