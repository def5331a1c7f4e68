// SPDX-License-Identifier: MIT
// MIDI Thru: passes what a router's client receives on to a transmitter, holding it back rather than losing it while the transmitter is full.

import { E_FULL } from "./encoder";
import { SYSEX_ABORTED } from "./events";
import { ByteQueue } from "./queue";
import { Client } from "./router";
import { Transmitter } from "./transmit";

@unmanaged
export class Thru {
  client: Client;
  transmitter: Transmitter;
}

/** Joins a client to a transmitter that has room for the client's SysEx pieces. Allocates, so call it at start only. */
export function createThru(client: Client, transmitter: Transmitter): Thru {
  const sysexCapacity: u32 = client.sysex === null ? 0 : changetype<ByteQueue>(client.sysex).capacity;
  assert(sysexCapacity <= transmitter.messages.capacity);
  const thru = changetype<Thru>(heap.alloc(offsetof<Thru>()));
  thru.client = client;
  thru.transmitter = transmitter;
  return thru;
}

/**
 * Passes on what the transmitter has room for now; the rest waits in the client's queues, which count what they then lose. The context that
 * calls it is the producer of the transmitter's messages and of its real-time bytes.
 * @param most 1 or more: events that one call passes on at most; no fewer than can come from one call to the next, or the queues fill
 * @returns events passed on
 */
export function forward(thru: Thru, most: i32): i32 {
  const events = thru.client.events;
  const waiting = events.count();
  let passed: u32 = 0;
  do {
    if (passed == waiting || !forwardEvent(thru, events.valueAt(passed))) break;
    passed++;
  } while (passed < <u32>most);
  if (passed != 0) events.drop(passed);
  return <i32>passed;
}

/** False: there is no room now, and nothing was passed on. */
function forwardEvent(thru: Thru, event: u32): bool {
  const transmitter = thru.transmitter;
  if ((event & SYSEX_ABORTED) != 0) transmitter.abandon();
  const message = event & ~SYSEX_ABORTED;
  const status = message & 0xff;
  if (status == 0) return true;
  if (status == 0xf0) return transmitter.passSysex(changetype<ByteQueue>(thru.client.sysex), (message >> 8) & 0xffff) != E_FULL;
  if (status >= 0xf8) return transmitter.passRealTime(status) != E_FULL;
  return transmitter.pass(message) != E_FULL;
}
