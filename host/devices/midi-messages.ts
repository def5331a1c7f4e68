// SPDX-License-Identifier: MIT
// MIDI 1.0: cuts a captured stream of bytes into messages, running status written out. For recordings; the firmware has its own parser.

export interface TimedByte {
  readonly byte: number;
  readonly seconds: number;
}

/** A whole message, or bytes that are none (orphan data, what is left of an aborted message); `seconds` is the time of the first byte. */
export interface CapturedMessage {
  readonly seconds: number;
  readonly bytes: readonly number[];
}

/** Data bytes after a status byte below 0xF8; SysEx has no fixed number. */
export function dataByteCount(status: number): number {
  if (status < 0xf0) return status >= 0xc0 && status < 0xe0 ? 1 : 2;
  return status === 0xf2 ? 2 : status === 0xf1 || status === 0xf3 ? 1 : 0;
}

/** The messages in the order in which they began; real-time bytes are messages of their own wherever they stood. */
export function* assembleMessages(stream: Iterable<TimedByte>): Generator<CapturedMessage> {
  let open: { seconds: number; bytes: number[]; wanted: number } | undefined;
  let running: number | undefined;
  /** Real-time messages that came while a message was open: they began later than it did. */
  let behind: CapturedMessage[] = [];
  function* close(): Generator<CapturedMessage> {
    if (open !== undefined) yield open;
    open = undefined;
    yield* behind;
    behind = [];
  }
  for (const { byte, seconds } of stream) {
    if (byte >= 0xf8) {
      if (open === undefined) yield { seconds, bytes: [byte] };
      else behind.push({ seconds, bytes: [byte] });
      continue;
    }
    const endsSysEx = byte === 0xf7 && open?.bytes[0] === 0xf0;
    if (byte >= 0x80 && !endsSysEx) {
      yield* close();
      running = byte < 0xf0 ? byte : undefined;
      open = { seconds, bytes: [byte], wanted: byte === 0xf0 ? Infinity : 1 + dataByteCount(byte) };
    } else if (open !== undefined) {
      open.bytes.push(byte);
    } else {
      open = running === undefined ? { seconds, bytes: [byte], wanted: 1 } : { seconds, bytes: [running, byte], wanted: 1 + dataByteCount(running) };
    }
    if (endsSysEx || open.bytes.length === open.wanted) yield* close();
  }
  yield* close();
}
