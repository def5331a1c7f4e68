// SPDX-License-Identifier: MIT
// What may come over a MIDI cable: messages, and what is none, bad characters, breaks, long SysEx, cables that are pulled out.

import type { MidiSource } from '../../host/devices/midi-source.js';
import { pseudoRandom } from '../scenarios/rig.js';

/** 31,250 baud at 10 bits a character. */
const BYTES_A_MS = 3.125;
/** A receiver takes a silence of more than 300 ms after Active Sensing for a pulled cable (MIDI 1.0, p. 30 of the Detailed Specification). */
const SILENCE_MS = 345;

export interface Traffic {
  readonly seed: number;
  readonly milliseconds: number;
  /** Part of the cable's time that the characters take: 1 is back to back. */
  readonly fill: number;
  /** Characters with errors too. */
  readonly faults?: boolean;
  /** Bytes of the longest SysEx. */
  readonly sysex?: number;
  /** Active Sensing first, and silence in the middle, for so long that all notes end. */
  readonly unplugged?: boolean;
}

/** Random messages. Yields how long to wait until it is to go on, in milliseconds. */
export function* traffic(midi: MidiSource, { seed, milliseconds, fill, faults = false, sysex = 60, unplugged = false }: Traffic): Generator<number, void> {
  const random = pseudoRandom(seed);
  const below = (n: number): number => Math.floor(random.next().value * n);
  const send = (): void => {
    const [channel, a, b] = [below(16), below(128), below(128)];
    switch (below(faults ? 16 : 14)) {
      case 0: return midi.controlChange(channel, 120 + below(8), b);
      case 1: return midi.controlChange(channel, [64, 66, 1, 7, 91, 93, 94][below(7)], b);
      case 2: return midi.program(channel, a);
      case 3: return midi.pitchBend(channel, below(16_384));
      case 4: return midi.sysex(Array.from({ length: below(sysex) }, () => below(128)));
      case 5: return midi.raw([[0xff], [0xf8], [0xfe], [0xf2, a, b], [a], [0xf4, b]][below(6)]);
      case 6: return midi.noteOff(channel, a);
      case 7: return midi.channelPressure(channel, a);
      case 14: return midi.sender.send(below(256), { fault: below(2) ? { kind: 'bad-stop' } : { kind: 'glitch', bit: 1 + below(8) } });
      case 15: return midi.sender.sendBreak(10 + below(30));
      default: return midi.noteOn(channel, 60 + (a >> 1), 1 + (b >> 1));
    }
  };
  function* stretch(length: number): Generator<number, void> {
    for (let bytes = 0; bytes < length * fill * BYTES_A_MS;) {
      const before = midi.sender.pending;
      send();
      const sent = Math.max(1, midi.sender.pending - before);
      bytes += sent;
      // On a full cable all of it waits in a row.
      if (fill < 1) yield sent / fill / BYTES_A_MS;
    }
    if (fill === 1) yield length;
  }
  if (unplugged) midi.raw([0xfe]);
  yield* stretch(milliseconds / 2);
  if (unplugged) yield SILENCE_MS;
  yield* stretch(milliseconds / 2);
}
