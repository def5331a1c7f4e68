// SPDX-License-Identifier: MIT
// The transmitter, for specs.

import { Transmitter } from "../../assembly/midi/transmit";

export { createTransmitter } from "../../assembly/midi/transmit";

export const source: usize = heap.alloc(256);

export function send(t: Transmitter, message: u32): i32 { return t.send(message); }
export function sendSysex(t: Transmitter, byteCount: i32): i32 { return t.sendSysex(source, byteCount); }
export function sendRealTime(t: Transmitter, status: i32): i32 { return t.sendRealTime(status); }
export function abandon(t: Transmitter): void { t.abandon(); }
export function nextByte(t: Transmitter): i32 { return t.nextByte(); }
export function publish(t: Transmitter): void { t.publish(); }
export function refusedBytes(t: Transmitter): u32 { return t.refusedByteCount; }
export function refusedRealTime(t: Transmitter): u32 { return t.refusedRealTimeCount; }
