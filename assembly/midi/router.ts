// SPDX-License-Identifier: MIT
// Several clients (synth, thru, monitor) on one incoming port: each has a filter, queues and losses of its own.

import { SYSEX_ABORTED, SYSEX_CONTINUED } from "./events";
import { ByteQueue, createByteQueue, createStampedQueue, StampedQueue } from "./queue";

export const MAX_CLIENTS: i32 = 8;

// Kinds of messages, bits of Client.kinds: `kindOf` of their status.
export const KIND_NOTE_OFF: u32 = 1 << 0;
export const KIND_NOTE_ON: u32 = 1 << 1;
export const KIND_POLY_PRESSURE: u32 = 1 << 2;
export const KIND_CONTROL_CHANGE: u32 = 1 << 3;
export const KIND_PROGRAM: u32 = 1 << 4;
export const KIND_CHANNEL_PRESSURE: u32 = 1 << 5;
export const KIND_PITCH_BEND: u32 = 1 << 6;
export const KIND_SYSEX: u32 = 1 << 8;
export const KIND_QUARTER_FRAME: u32 = 1 << 9;
export const KIND_SONG_POSITION: u32 = 1 << 10;
export const KIND_SONG_SELECT: u32 = 1 << 11;
export const KIND_TUNE_REQUEST: u32 = 1 << 14;
export const KIND_CLOCK: u32 = 1 << 16;
export const KIND_START: u32 = 1 << 18;
export const KIND_CONTINUE: u32 = 1 << 19;
export const KIND_STOP: u32 = 1 << 20;
export const KIND_ACTIVE_SENSING: u32 = 1 << 22;
export const KIND_RESET: u32 = 1 << 23;
export const KIND_ALL_CHANNEL: u32 = 0x7f;
export const KIND_ALL: u32 = 0xffffff;

export const ALL_CHANNELS: u32 = 0xffff;

// @ts-ignore: decorator
@inline
function kindOf(status: u32): u32 {
  return 1 << (status < 0xf0 ? (status >> 4) & 7 : (status & 15) + 8);
}

/**
 * Whether an event's message is of one of the kinds, KIND_ bits, and of one of the channels, bit 0 for channel 0; only channel messages are asked for theirs.
 * An abort alone is no message.
 */
export function passes(event: u32, kinds: u32, channels: u32): bool {
  const status = event & 0xff;
  if (status == 0 || (kinds & kindOf(status)) == 0) return false;
  return status >= 0xf0 || ((channels >> (status & 15)) & 1) != 0;
}

/**
 * Reads its own `events`: short messages as they are; for a SysEx or a chunk of one an event of status F0, whose bytes `sysex.popAll` then gives.
 * SYSEX_ABORTED, with a message or alone, says first that the SysEx of the chunks before, if any, will not be completed, be it the sender's doing or for
 * want of room here.
 */
@unmanaged
export class Client {
  events: StampedQueue;
  /** SysEx bytes, or null for a client that takes none. */
  sysex: ByteQueue | null;
  /** Which messages pass (`passes`). May be changed at any time from the context that routes. */
  kinds: u32;
  channels: u32;
  /** Messages that passed the filter and found no room; a SysEx counts once. The router's context writes it. */
  lost: u32;
  /** The rest of the open SysEx is skipped, because a piece of it found no room. */
  skipping: bool;
  /** The next event tells the client of an abort. */
  owesAbort: bool;
}

@unmanaged
export class Router {
  clients: usize;
  clientCount: i32;
}

/** Makes a router with no client. Allocates, so call it at start only. */
export function createRouter(): Router {
  const router = changetype<Router>(heap.alloc(offsetof<Router>()));
  router.clients = heap.alloc(MAX_CLIENTS << 2);
  router.clientCount = 0;
  return router;
}

/**
 * Adds a client: at start only, and MAX_CLIENTS at most.
 * @param eventCapacity events, a power of two
 * @param sysexCapacity bytes, a power of two and no less than the parser's buffer; 0 for no SysEx
 */
export function addClient(router: Router, kinds: u32, channels: u32, eventCapacity: u32, sysexCapacity: u32): Client {
  assert(router.clientCount < MAX_CLIENTS);
  const client = changetype<Client>(heap.alloc(offsetof<Client>()));
  client.events = createStampedQueue(eventCapacity);
  client.sysex = sysexCapacity == 0 ? null : createByteQueue(sysexCapacity);
  client.kinds = kinds;
  client.channels = channels;
  client.lost = 0;
  client.skipping = false;
  client.owesAbort = false;
  store<u32>(router.clients + (router.clientCount++ << 2), changetype<usize>(client));
  return client;
}

/**
 * Hands an event to every client whose filter passes it. One context routes.
 * @param event what the parser returned, 0 included
 * @param stamp any time the clients understand: it is theirs
 * @param sysexBytes where the bytes of a SysEx event are; they are copied
 */
export function route(router: Router, event: u32, stamp: u32, sysexBytes: usize): void {
  if (event == 0) return;
  // @bound(clients: MAX_CLIENTS)
  for (let i = 0; i < router.clientCount; i++) {
    const client = changetype<Client>(load<u32>(router.clients + (i << 2)));
    if ((event & SYSEX_ABORTED) != 0 && (client.kinds & KIND_SYSEX) != 0 && client.sysex !== null) {
      client.skipping = false;
      client.owesAbort = true;
    }
    let word = passes(event, client.kinds, client.channels) ? event & ~SYSEX_ABORTED : 0;
    if ((word & 0xff) == 0xf0 && !takeSysex(client, word, sysexBytes)) word = 0;
    if (client.owesAbort) word |= SYSEX_ABORTED;
    if (word == 0) continue;
    if (client.events.push(stamp, word)) client.owesAbort = false;
    else if ((word & 0xff) != 0) client.lost++;
  }
}

/** Copies the bytes of a SysEx or a chunk for a client that has room for them and their event. False: the client does not get them. */
function takeSysex(client: Client, event: u32, bytes: usize): bool {
  const queue = client.sysex;
  if (queue === null) return false;
  const continued = (event & SYSEX_CONTINUED) != 0;
  if (!continued) client.skipping = false;
  else if (client.skipping) return false;
  if (client.events.room() != 0 && queue.pushAll(bytes, (event >> 8) & 0xffff)) return true;
  client.lost++;
  client.skipping = true;
  if (continued) client.owesAbort = true;
  return false;
}
