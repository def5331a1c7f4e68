// SPDX-License-Identifier: MIT
// The parser's rules once more, written for reading and sharing nothing with the firmware: what specs compare it with.

export interface MidiEvent {
  t: string;
  at: number;
  ch?: number;
  n?: number;
  v?: number;
  data?: string;
}

export interface Losses {
  orphan_data: number;
  truncated: number;
  sysex_aborted: number;
  stray_eox: number;
  undefined: number;
  sysex_overflow: number;
}

const realTime: Record<number, string> = { 0xf8: 'clock', 0xfa: 'start', 0xfb: 'continue', 0xfc: 'stop', 0xfe: 'active_sensing', 0xff: 'reset' };

export const hexOf = (bytes: readonly number[]) => bytes.map((b) => b.toString(16).padStart(2, '0')).join('');

function dataLength(status: number): number {
  const group = status >> 4;
  if (group === 0xc || group === 0xd) return 1;
  if (group < 0xf) return 2;
  if (status === 0xf2) return 2;
  return status === 0xf1 || status === 0xf3 ? 1 : 0;
}

function shortEvent(status: number, data: readonly number[], at: number): MidiEvent {
  const ch = status & 15;
  const [a, b] = data;
  switch (status >> 4) {
    case 0x8: return { t: 'note_off', ch, n: a, v: b, at };
    case 0x9: return { t: b === 0 ? 'note_off' : 'note_on', ch, n: a, v: b, at };
    case 0xa: return { t: 'poly_pressure', ch, n: a, v: b, at };
    case 0xb: return { t: 'cc', ch, n: a, v: b, at };
    case 0xc: return { t: 'program', ch, v: a, at };
    case 0xd: return { t: 'chan_pressure', ch, v: a, at };
    case 0xe: return { t: 'pitch_bend', ch, v: a + 128 * b, at };
  }
  switch (status) {
    case 0xf1: return { t: 'mtc_qf', v: a, at };
    case 0xf2: return { t: 'song_pos', v: a + 128 * b, at };
    case 0xf3: return { t: 'song_select', v: a, at };
    default: return { t: 'tune_request', at };
  }
}

/** @param bufferByteCount longest SysEx that is delivered in one piece; longer ones come in chunks of this size and a rest */
export function referenceParse(bytes: readonly number[], bufferByteCount: number): { events: MidiEvent[]; losses: Losses } {
  const events: MidiEvent[] = [];
  const losses: Losses = { orphan_data: 0, truncated: 0, sysex_aborted: 0, stray_eox: 0, undefined: 0, sysex_overflow: 0 };
  let running: number | null = null; // a channel status in force
  let open: { status: number; data: number[] } | null = null; // a message of known length that has begun
  let sysex: { piece: number[]; chunked: boolean } | null = null;

  bytes.forEach((byte, at) => {
    if (byte >= 0xf8) {
      if (realTime[byte]) events.push({ t: realTime[byte], at });
      else losses.undefined++;
      return;
    }
    if (byte >= 0x80) {
      if (sysex && byte === 0xf7) {
        sysex.piece.push(byte);
        events.push({ t: sysex.chunked ? 'sysex_chunk' : 'sysex', data: hexOf(sysex.piece), at });
        sysex = null;
        return;
      }
      if (sysex) {
        losses.sysex_aborted++;
        events.push({ t: 'sysex_abort', at });
        sysex = null;
      }
      if (open) losses.truncated++;
      open = null;
      running = byte < 0xf0 ? byte : null;
      if (dataLength(byte) > 0) open = { status: byte, data: [] };
      else if (byte === 0xf0) sysex = { piece: [byte], chunked: false };
      else if (byte === 0xf6) events.push(shortEvent(byte, [], at));
      else if (byte === 0xf7) losses.stray_eox++;
      else losses.undefined++;
      return;
    }
    if (sysex) {
      sysex.piece.push(byte);
      // The message needs one more byte at least, so this many cannot be all of one that fits.
      if (sysex.piece.length === bufferByteCount) {
        if (!sysex.chunked) losses.sysex_overflow++;
        events.push({ t: 'sysex_chunk', data: hexOf(sysex.piece), at });
        sysex = { piece: [], chunked: true };
      }
      return;
    }
    if (!open && running !== null) open = { status: running, data: [] };
    if (!open) {
      losses.orphan_data++;
      return;
    }
    open.data.push(byte);
    if (open.data.length < dataLength(open.status)) return;
    events.push(shortEvent(open.status, open.data, at));
    open = null;
  });
  return { events, losses };
}
