// SPDX-License-Identifier: MIT
// The encoder, for specs, beside a parser to read it back with, and room for bytes.

import { Encoder } from "../../assembly/midi/encoder";

export {
  abandonSysex, channelPressure, controlChange, createEncoder, encodeMessage, encodeSysex, noteOff, noteOn, pitchBend, polyPressure, programChange,
  quarterFrame, resetEncoder, songPosition, songSelect, systemMessage,
} from "../../assembly/midi/encoder";
export { createParser, parseByte, resetParser } from "../../assembly/midi/parser";

export const source: usize = heap.alloc(1024);
export const target: usize = heap.alloc(1024);

export function isOpen(encoder: Encoder): bool {
  return encoder.sysexOpen;
}
