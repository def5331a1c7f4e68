// SPDX-License-Identifier: MIT
// What a voice passes through at the end: its block times the amplitude envelope, added to the bus. One native function with the loop over the
// envelope's lines in it: a line is some 32 frames, and a call for each would cost the emulated core as much as the frames do.

import { advanceLine, Envelope, envelopeLine } from "../../audio/envelope";

const ENVELOPE_UNIT: f32 = 1.0 / 1073741824.0; // an envelope's level is an integer, 2^30 = 1

@unmanaged
@final
export class Amplifier {
  /** Gain at envelope 1. */
  full: f32 = 0;
  /** Gain of the last frame, and what each frame adds ahead of it. */
  gain: f32 = 0;
  step: f32 = 0;
  /** The envelope's line that they are for. */
  line: u32 = 0;
  /** The last sample added. */
  last: f32 = 0;
}

/**
 * Adds a control period, or a part of one, to the bus, through the lines of the envelope, which advances.
 * @param frameCount 1 to CONTROL_FRAMES
 */
// @ts-ignore: decorator
@native
export function amplify(amplifier: Amplifier, envelope: Envelope, input: usize, bus: usize, frameCount: i32): void {
  const scale = amplifier.full * ENVELOPE_UNIT;
  let gain = amplifier.gain;
  let step = amplifier.step;
  // A line is as long as a control period, since no exponential segment of a timbre is shorter than 512 frames; the last one of a segment is shorter. @bound(3)
  while (frameCount > 0) {
    const count = min<i32>(envelopeLine(envelope), frameCount);
    if (amplifier.line != envelope.lineCount) {
      amplifier.line = envelope.lineCount;
      gain = <f32>envelope.level * scale;
      step = <f32>envelope.step * scale;
    }
    const end = input + (<usize>count << 2);
    // @uses(4 of frameCount)
    while (input + 16 <= end) {
      gain += step;
      store<f32>(bus, load<f32>(bus) + load<f32>(input) * gain);
      gain += step;
      store<f32>(bus, load<f32>(bus, 4) + load<f32>(input, 4) * gain, 4);
      gain += step;
      store<f32>(bus, load<f32>(bus, 8) + load<f32>(input, 8) * gain, 8);
      gain += step;
      store<f32>(bus, load<f32>(bus, 12) + load<f32>(input, 12) * gain, 12);
      input += 16;
      bus += 16;
    }
    // @uses(1 of frameCount)
    for (; input < end; input += 4, bus += 4) {
      gain += step;
      store<f32>(bus, load<f32>(bus) + load<f32>(input) * gain);
    }
    advanceLine(envelope, count);
    frameCount -= count;
  }
  amplifier.gain = gain;
  amplifier.step = step;
  amplifier.last = load<f32>(input - 4) * gain;
}
