// SPDX-License-Identifier: MIT
// MIDI Thru: passes what a router's client receives on to a transmitter, holding it back rather than losing it while the transmitter is full.

import { messageByteCount, SYSEX_ABORTED } from "./events";
import { ByteQueue } from "./queue";
import { Client } from "./router";
import { Transmitter } from "./transmit";

@unmanaged
export class Thru {
  client: Client;
  transmitter: Transmitter;
  /** A SysEx piece on its way from one queue to the other. */
  piece: usize;
}

/** Joins a client to a transmitter that has room for the client's SysEx pieces. Allocates, so call it at start only. */
export function createThru(client: Client, transmitter: Transmitter): Thru {
  const sysexCapacity: u32 = client.sysex === null ? 0 : changetype<ByteQueue>(client.sysex).capacity;
  assert(sysexCapacity <= transmitter.messages.capacity);
  const thru = changetype<Thru>(heap.alloc(offsetof<Thru>()));
  thru.client = client;
  thru.transmitter = transmitter;
  thru.piece = heap.alloc(sysexCapacity);
  return thru;
}

/**
 * Passes on all that the transmitter has room for now; the rest waits in the client's queues, which count what they then lose. The context that
 * calls it is the producer of the transmitter's messages and of its real-time bytes.
 * @returns events passed on
 */
export function forward(thru: Thru): i32 {
  const events = thru.client.events;
  const waiting = <i32>events.count();
  // @bound(thru-events: 65535)
  for (let i = 0; i < waiting; i++) {
    if (!events.peek() || !forwardEvent(thru, events.value)) return i;
    events.drop();
  }
  return waiting;
}

/** False: there is no room now, and nothing was passed on. */
function forwardEvent(thru: Thru, event: u32): bool {
  const transmitter = thru.transmitter;
  const status = event & 0xff;
  if (event == SYSEX_ABORTED) {
    transmitter.abandon();
    return true;
  }
  if (status == 0xf0) {
    const byteCount = (event >> 8) & 0xffff;
    if (transmitter.room() < byteCount) return false;
    changetype<ByteQueue>(thru.client.sysex).popAll(thru.piece, byteCount);
    transmitter.sendSysex(thru.piece, byteCount);
    return true;
  }
  if (status >= 0xf8) {
    if (transmitter.realTime.room() == 0) return false;
    transmitter.sendRealTime(status);
    return true;
  }
  if (transmitter.room() < messageByteCount(event)) return false;
  transmitter.send(event);
  return true;
}
