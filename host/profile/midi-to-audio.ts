// SPDX-License-Identifier: MIT
// Notes in a stream of MIDI bytes, and how long each took from its last byte to the first frame that sounds.

import type { MidiRecord } from './recorder.js';
import type { MidiToAudio } from './run-result.js';
import { frameCount, type SentAudio } from './sent-audio.js';

export interface HeardNote {
  /** 0-15. */
  readonly channel: number;
  /** MIDI note number. */
  readonly note: number;
  /** 1-127. */
  readonly velocity: number;
  /** End of the Note On's last byte. */
  readonly onCycle: number;
  /** End of the Note Off's last byte; Infinity when none came. */
  offCycle: number;
}

/** Data bytes after a channel status, by its high nibble from 8 on. */
const DATA_BYTES = [2, 2, 2, 2, 1, 1, 2];

/**
 * The notes of a byte stream, in the order of their Notes On. A Note Off ends the oldest open note of its channel and number.
 *
 * Written apart from the firmware's parser, since it measures it. Real-time bytes may stand anywhere; other system bytes cancel running status.
 */
export function notesOf(midi: MidiRecord): HeardNote[] {
  const notes: HeardNote[] = [];
  const open = new Map<number, HeardNote[]>();
  let status = 0;
  let first = -1;
  for (let i = 0; i < midi.bytes.length; i++) {
    const byte = midi.bytes[i];
    if (byte >= 0xf8) continue;
    if (byte >= 0x80) {
      status = byte < 0xf0 ? byte : 0;
      first = -1;
      continue;
    }
    if (status === 0) continue;
    if (DATA_BYTES[(status >> 4) - 8] === 2 && first < 0) {
      first = byte;
      continue;
    }
    const kind = status >> 4;
    if (kind === 8 || kind === 9) {
      const key = ((status & 15) << 7) | first;
      if (kind === 9 && byte > 0) {
        const note = { channel: status & 15, note: first, velocity: byte, onCycle: midi.endCycles[i], offCycle: Infinity };
        notes.push(note);
        const same = open.get(key);
        if (same) same.push(note);
        else open.set(key, [note]);
      } else {
        const ended = open.get(key)?.shift();
        if (ended) ended.offCycle = midi.endCycles[i];
      }
    }
    first = -1;
  }
  return notes;
}

/** Silence that must come before a note, in blocks: longer than any path through the ring, so that no earlier sound can be in it. */
const SILENT_BLOCKS = 4;

/** A note whose latency could be measured. */
export interface MeasuredNote {
  /** End of its Note On. */
  readonly onCycle: number;
  readonly ms: number;
}

/**
 * Latencies from MIDI to audio, measured only where they are beyond doubt: the note came in digital silence, no earlier note was still to sound,
 * and it was not over before anything sounded.
 * @param blockCycles core cycles of one block
 */
export function latenciesOf(notes: readonly HeardNote[], audio: SentAudio, blockCycles: number, coreHertz: number): MeasuredNote[] {
  const measured: MeasuredNote[] = [];
  const { samples } = audio;
  const frames = frameCount(audio);
  let frame = 0; // first non-zero frame at or after the start of the silence wanted
  let claimed = -1;
  let previousOn = -Infinity;
  for (const { onCycle, offCycle } of notes) {
    const silentFrom = onCycle - SILENT_BLOCKS * blockCycles;
    const alone = previousOn < silentFrom;
    previousOn = onCycle;
    while (frame < frames && ((samples[2 * frame] | samples[2 * frame + 1]) === 0 || audio.frameCycle(frame) < silentFrom)) frame++;
    if (frame === frames) break;
    const soundCycle = audio.frameCycle(frame);
    if (!alone || soundCycle < onCycle || soundCycle > offCycle || frame === claimed) continue;
    claimed = frame;
    measured.push({ onCycle, ms: ((soundCycle - onCycle) / coreHertz) * 1000 });
  }
  return measured;
}

/** The same in short. */
export function midiToAudio(notes: readonly HeardNote[], audio: SentAudio, blockCycles: number, coreHertz: number): MidiToAudio {
  const latencies = latenciesOf(notes, audio, blockCycles, coreHertz).map(({ ms }) => ms);
  if (latencies.length === 0) return { notes: 0, minMs: null, meanMs: null, maxMs: null };
  return {
    notes: latencies.length,
    minMs: latencies.reduce((min, ms) => Math.min(min, ms), Infinity),
    meanMs: latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length,
    maxMs: latencies.reduce((max, ms) => Math.max(max, ms), 0),
  };
}
