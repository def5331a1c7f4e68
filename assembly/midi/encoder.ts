// SPDX-License-Identifier: MIT
// MIDI 1.0 messages to bytes: checks ranges, splits 14-bit values, leaves out repeated channel statuses on request (MIDI 1.0 Detailed
// Specification, version 4.2, "Running Status").

import { lastShiftOf, messageByteCount } from "./events";

/** The channel is not 0 to 15. */
export const E_CHANNEL: i32 = -1;
/** A data value is out of its range (0 to 127, or 0 to 16383 where 14 bits are sent). */
export const E_VALUE: i32 = -2;
/** The status is undefined, or not that of a short message. */
export const E_STATUS: i32 = -3;
/** The target is too small; nothing was written. */
export const E_ROOM: i32 = -4;
/** SysEx bytes are not F0, then data below 0x80, then F7. */
export const E_SYSEX: i32 = -5;
/** A SysEx sent in pieces is open, and this message would abort it. */
export const E_SYSEX_OPEN: i32 = -6;
/** A queue has no room now; nothing was put in. */
export const E_FULL: i32 = -7;

// @ts-ignore: decorator
@inline
function isSevenBits(value: i32): bool {
  return <u32>value < 0x80;
}

function channelMessage(kind: i32, channel: i32, data1: i32, data2: i32): i32 {
  if (<u32>channel > 15) return E_CHANNEL;
  if (!isSevenBits(data1) || !isSevenBits(data2)) return E_VALUE;
  return kind | channel | (data1 << 8) | (data2 << 16);
}

function split14(value: i32): i32 {
  return <u32>value > 0x3fff ? E_VALUE : ((value & 0x7f) << 8) | ((value >> 7) << 16);
}

// The functions below return a message, `status | data1 << 8 | data2 << 16`, or a negative code. Channels count from 0.

export function noteOff(channel: i32, note: i32, velocity: i32): i32 {
  return channelMessage(0x80, channel, note, velocity);
}

/** Velocity 0 is sent as it is, and means Note Off to whoever receives it. */
export function noteOn(channel: i32, note: i32, velocity: i32): i32 {
  return channelMessage(0x90, channel, note, velocity);
}

export function polyPressure(channel: i32, note: i32, pressure: i32): i32 {
  return channelMessage(0xa0, channel, note, pressure);
}

export function controlChange(channel: i32, controller: i32, value: i32): i32 {
  return channelMessage(0xb0, channel, controller, value);
}

export function programChange(channel: i32, program: i32): i32 {
  return channelMessage(0xc0, channel, program, 0);
}

export function channelPressure(channel: i32, pressure: i32): i32 {
  return channelMessage(0xd0, channel, pressure, 0);
}

/** @param value 0 to 16383, 8192 in the middle */
export function pitchBend(channel: i32, value: i32): i32 {
  const data = split14(value);
  if (<u32>channel > 15) return E_CHANNEL;
  return data < 0 ? data : 0xe0 | channel | data;
}

/** MIDI Time Code quarter frame. @param value message type in bits 6 to 4, nibble in 3 to 0 */
export function quarterFrame(value: i32): i32 {
  return isSevenBits(value) ? 0xf1 | (value << 8) : E_VALUE;
}

/** @param sixteenths 0 to 16383, in units of 6 MIDI clocks from the start of the song */
export function songPosition(sixteenths: i32): i32 {
  const data = split14(sixteenths);
  return data < 0 ? data : 0xf2 | data;
}

export function songSelect(song: i32): i32 {
  return isSevenBits(song) ? 0xf3 | (song << 8) : E_VALUE;
}

/** A message that is its status alone: F6, F8, FA, FB, FC, FE or FF. */
export function systemMessage(status: i32): i32 {
  return status >= 0xf6 && status <= 0xff && status != 0xf7 && status != 0xf9 && status != 0xfd ? status : E_STATUS;
}

/** 0, or why a word is not a short message that can be sent. */
function validate(message: u32): i32 {
  const status = message & 0xff;
  if (status < 0xf0) {
    if (status < 0x80) return E_STATUS;
  } else if (lastShiftOf(status) == 0 || status >= 0xf8) {
    if (systemMessage(status) < 0) return E_STATUS;
  }
  const used: u32 = <u32>0x7f7f00 & ((<u32>1 << (messageByteCount(message) << 3)) - 1);
  return (message & ~(used | 0xff)) == 0 ? 0 : E_VALUE;
}

/** What has gone out on one port, as far as the next byte depends on it. */
@unmanaged
export class Encoder {
  /** Channel status in force at the receiver, or 0. */
  running: u8;
  /** Whether a repeated channel status is left out. */
  useRunningStatus: bool;
  /** Whether a SysEx has begun whose F7 is still to come. */
  sysexOpen: bool;
}

/** Makes an encoder. Allocates, so call it at start only. */
export function createEncoder(useRunningStatus: bool): Encoder {
  const encoder = changetype<Encoder>(heap.alloc(offsetof<Encoder>()));
  resetEncoder(encoder, useRunningStatus);
  return encoder;
}

/** Forgets what has gone out: the next channel message carries its status. */
export function resetEncoder(encoder: Encoder, useRunningStatus: bool): void {
  encoder.running = 0;
  encoder.useRunningStatus = useRunningStatus;
  encoder.sysexOpen = false;
}

/**
 * Writes a short message as bytes.
 * @param target where, in linear memory
 * @param room bytes there
 * @returns bytes written, 1 to 3, or a negative code; after a code nothing has changed
 */
export function encodeMessage(encoder: Encoder, message: u32, target: usize, room: i32): i32 {
  const error = validate(message);
  if (error < 0) return error;
  const status = message & 0xff;
  if (status < 0xf8 && encoder.sysexOpen) return E_SYSEX_OPEN;
  const omitted = status < 0xf0 && encoder.useRunningStatus && status == <u32>encoder.running;
  const byteCount = <i32>messageByteCount(message) - <i32>omitted;
  if (byteCount > room) return E_ROOM;
  let rest = omitted ? message >> 8 : message;
  for (let i = 0; i < byteCount; i++, rest >>= 8) store<u8>(target + i, <u8>rest);
  if (status < 0xf8) encoder.running = status < 0xf0 ? <u8>status : 0;
  return byteCount;
}

/**
 * Says whether bytes are a SysEx, or the next piece of one: the first piece begins with F0, the last ends with F7, all between are data.
 * @param source the bytes, in linear memory
 * @returns 0, or E_SYSEX
 */
export function checkSysex(encoder: Encoder, source: usize, byteCount: i32): i32 {
  if (byteCount < 1 || (load<u8>(source) == 0xf0) == encoder.sysexOpen) return E_SYSEX;
  const first = encoder.sysexOpen ? 0 : 1;
  const end = byteCount - <i32>(load<u8>(source + byteCount - 1) == 0xf7);
  // @bound(sysex: 65535, sysex in all)
  for (let i = first; i < end; i++) if (load<u8>(source + i) >= 0x80) return E_SYSEX;
  return 0;
}

/** Notes that bytes which `checkSysex` has passed have gone out. @param last the last one of them */
export function commitSysex(encoder: Encoder, last: u32): void {
  encoder.sysexOpen = last != 0xf7;
  encoder.running = 0;
}

/**
 * Writes a SysEx, or the next piece of one.
 * @param source the bytes, in linear memory
 * @returns bytes written, or a negative code; after a code nothing has changed
 */
export function encodeSysex(encoder: Encoder, source: usize, byteCount: i32, target: usize, room: i32): i32 {
  const error = checkSysex(encoder, source, byteCount);
  if (error < 0) return error;
  if (byteCount > room) return E_ROOM;
  // @bound(sysex: 65535, sysex in all)
  for (let i = 0; i < byteCount; i++) store<u8>(target + i, load<u8>(source + i));
  commitSysex(encoder, load<u8>(source + byteCount - 1));
  return byteCount;
}

/** Gives up a SysEx sent in pieces. Writes nothing: the status of the next message ends it at the receiver, which an F7 would complete. */
export function abandonSysex(encoder: Encoder): void {
  encoder.sysexOpen = false;
}
