// SPDX-License-Identifier: MIT
// Router and thru, for specs.

import { abandonSysex } from "../../assembly/midi/encoder";
import { ByteQueue } from "../../assembly/midi/queue";
import { Client } from "../../assembly/midi/router";
import { MidiParser } from "../../assembly/midi/parser";
import { Transmitter } from "../../assembly/midi/transmit";

export { createParser, parseByte, resetParser } from "../../assembly/midi/parser";
export { addClient, createRouter, route } from "../../assembly/midi/router";
export { createTransmitter } from "../../assembly/midi/transmit";
export { createThru, forward } from "../../assembly/midi/thru";

export const bytes: usize = heap.alloc(64);

export function sysexBuffer(parser: MidiParser): usize { return parser.buffer; }
export function lost(client: Client): u32 { return client.lost; }
export function take(client: Client): u32 { return client.events.pop() ? client.events.value : 0; }
export function stampOf(client: Client): u32 { return client.events.stamp; }
export function takeSysex(client: Client, byteCount: u32): bool { return changetype<ByteQueue>(client.sysex).popAll(bytes, byteCount); }
export function nextByte(t: Transmitter): i32 { return t.nextByte(); }
export function resetTransmitter(t: Transmitter): void {
  abandonSysex(t.encoder);
  t.encoder.running = 0;
}
