// SPDX-License-Identifier: MIT
// The parser, for specs: its functions as they are, and its counters by number.

import { MidiParser } from "../../assembly/midi/parser";

export { createParser, parseByte, parseGap, publishLosses, resetParser } from "../../assembly/midi/parser";

export function sysexBuffer(parser: MidiParser): usize {
  return parser.buffer;
}

/** In the order of `--diag`. */
export function loss(parser: MidiParser, index: i32): u32 {
  switch (index) {
    case 0: return parser.orphanData;
    case 1: return parser.truncated;
    case 2: return parser.sysexAborted;
    case 3: return parser.strayEox;
    case 4: return parser.undefinedStatus;
    default: return parser.sysexOverflow;
  }
}
