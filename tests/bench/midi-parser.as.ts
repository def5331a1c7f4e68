// SPDX-License-Identifier: MIT
// The parser over a stream in memory, for the benchmark.

import { MidiParser, parseByte } from "../../assembly/midi/parser";

export { createParser, resetParser } from "../../assembly/midi/parser";

export const stream: usize = heap.alloc(16384);

/** Parses the stream `rounds` times over. Returns how many short messages and whole SysEx came out. */
export function parseStream(parser: MidiParser, byteCount: u32, rounds: u32): u32 {
  let eventCount: u32 = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let i: u32 = 0; i < byteCount; i++) {
      if (parseByte(parser, load<u8>(stream + i)) != 0) eventCount++;
    }
  }
  return eventCount;
}
