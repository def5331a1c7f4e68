// SPDX-License-Identifier: MIT
// The last MIDI bytes received, at a fixed place of linear memory: what a report of a trap shows.

import { RECENT_MIDI_BYTES, RECENT_MIDI_OFFSET } from "./abi";

/** For the handler that receives, before it does anything else with the byte. */
// @ts-ignore: decorator
@inline
export function rememberMidi(byte: u32): void {
  const count = load<u32>(RECENT_MIDI_OFFSET);
  store<u8>(RECENT_MIDI_OFFSET + 4 + (count & (RECENT_MIDI_BYTES - 1)), <u8>byte);
  store<u32>(RECENT_MIDI_OFFSET, count + 1);
}
