// SPDX-License-Identifier: MIT
// Byte streams and events for property tests: dense in what goes wrong on a MIDI wire.

import fc from 'fast-check';
import type { MidiEvent } from './reference-parser.js';

const data = fc.integer({ min: 0, max: 0x7f });
const status = fc.integer({ min: 0x80, max: 0xff });
const channelStatus = fc.integer({ min: 0x80, max: 0xef });
const system = fc.integer({ min: 0xf0, max: 0xf7 });
const realTime = fc.integer({ min: 0xf8, max: 0xff });

/** Any byte, with data, statuses and each kind of status far likelier than among uniform bytes; velocity 0 included. */
export const midiByte = fc.oneof({ weight: 8, arbitrary: data }, { weight: 1, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: channelStatus },
  { weight: 2, arbitrary: system }, { weight: 1, arbitrary: realTime }, { weight: 1, arbitrary: status });

const sysexBytes = fc.array(data, { maxLength: 24, size: 'max' }).map((payload) => [0xf0, ...payload, 0xf7]);
const channelBytes = fc.tuple(channelStatus, fc.array(data, { maxLength: 7, size: 'max' })).map(([s, d]) => [s, ...d]);

/** Streams of well-formed pieces and noise in any order. */
export const midiStream = fc.array(fc.oneof(fc.array(midiByte, { maxLength: 6, size: 'max' }), sysexBytes, channelBytes), { maxLength: 24, size: 'max' }).map((pieces) => pieces.flat());

const ch = fc.integer({ min: 0, max: 15 });
const v7 = data;
const v14 = fc.integer({ min: 0, max: 0x3fff });
type Bare = Omit<MidiEvent, 'at'>;

const keyed = fc.oneof(
  fc.record({ t: fc.constantFrom('note_off', 'poly_pressure', 'cc'), ch, n: data, v: v7 }),
  fc.record({ t: fc.constant('note_on'), ch, n: data, v: fc.integer({ min: 1, max: 127 }) }),
);

export const shortEvent: fc.Arbitrary<Bare> = fc.oneof(
  keyed, keyed,
  fc.record({ t: fc.constantFrom('program', 'chan_pressure'), ch, v: v7 }),
  fc.record({ t: fc.constant('pitch_bend'), ch, v: v14 }),
  fc.record({ t: fc.constantFrom('mtc_qf', 'song_select'), v: v7 }),
  fc.record({ t: fc.constant('song_pos'), v: v14 }),
  fc.record({ t: fc.constantFrom('tune_request', 'clock', 'start', 'continue', 'stop', 'active_sensing', 'reset') }),
);

export const sysexEvent: fc.Arbitrary<Bare> = sysexBytes.map((bytes) => ({ t: 'sysex', data: Buffer.from(bytes).toString('hex') }));

/** Whatever can be sent and comes back as it was. */
export const midiEvent: fc.Arbitrary<Bare> = fc.oneof({ weight: 6, arbitrary: shortEvent }, { weight: 1, arbitrary: sysexEvent }).map((event) => ({ ...event }));
