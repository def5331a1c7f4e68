// SPDX-License-Identifier: MIT
// Words that stand for MIDI events inside the firmware: what the parser returns, the router carries and the encoder takes.

/*
 An event is one u32:

   31      27   26          25          24        23      16 15       8 7       0
   ┌─────────┬───────────┬───────────┬─────────┬───────────┬──────────┬─────────┐
   │    0    │ CONTINUED │ CONTINUES │ ABORTED │   data2   │  data1   │ status  │
   └─────────┴───────────┴───────────┴─────────┴───────────┴──────────┴─────────┘

 A short message leaves 31..24 clear. Status F0 says that SysEx bytes are ready: bits 23..8 are their count, CONTINUED that they do not begin the
 message (it began in an earlier chunk), CONTINUES that they do not end it. Neither bit: the whole message, F0 to F7. ABORTED says that the open
 SysEx ended without F7 just before whatever the rest of the word says; status 0 says nothing else.
*/

/** The open SysEx ended without F7, before the rest of this event. */
export const SYSEX_ABORTED: u32 = 1 << 24;
/** More of this SysEx follows: the chunk does not end with F7. */
export const SYSEX_CONTINUES: u32 = 1 << 25;
/** The start of this SysEx was in an earlier chunk: the chunk does not begin with F0. */
export const SYSEX_CONTINUED: u32 = 1 << 26;

/** Longest SysEx piece that an event can describe. */
export const MAX_SYSEX_BYTE_COUNT: u32 = 0xffff;

/** How far left the last data byte of a message stands in its event; 0 where a status has no data of its own. */
const lastDataShift: usize = memory.data<u8>([
  16, 16, 16, 16, 8, 8, 16, 0, // 8n 9n An Bn Cn Dn En
  0, 8, 16, 8, 0, 0, 0, 0, // F0 to F7
]);

/**
 * Bit position in an event of the last data byte that a status takes: 8 for one data byte, 16 for two, 0 for none (and for SysEx and the
 * undefined F4 and F5).
 * @param status 0x80 to 0xF7
 */
// @ts-ignore: decorator
@inline
export function lastShiftOf(status: u32): u32 {
  return load<u8>(lastDataShift + (status < 0xf0 ? (status >> 4) & 7 : (status & 7) | 8));
}

/** Bytes that a short message takes on the wire, its status included: 1 to 3. */
// @ts-ignore: decorator
@inline
export function messageByteCount(message: u32): u32 {
  const status = message & 0xff;
  return status >= 0xf8 ? 1 : 1 + (lastShiftOf(status) >> 3);
}
