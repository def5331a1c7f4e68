// SPDX-License-Identifier: MIT
// State-variable filter with trapezoidal integrators and no delay in its loop (V. Zavalishin, "The Art of VA Filter Design", rev. 2.1.2,
// section 4.4). It stays stable however fast its coefficients move.
//
// Coefficients are constant between calls of `setSvf`, which belongs on the control grid (block.ts). The same call sets state that has decayed
// to nothing to exact zero, so that no subnormal numbers linger: -170 dB, far below one step of the output.

import { cutoffGain } from "./tuning";

export const enum SvfMode {
  LOWPASS,
  BANDPASS,
  HIGHPASS,
  NOTCH,
}

const SILENCE: f32 = 3e-9;

@unmanaged
export class Svf {
  mode: i32 = SvfMode.LOWPASS;
  /** State of the two integrators. */
  s1: f32 = 0;
  s2: f32 = 0;
  /** g = tan(pi f / fs), g + 1/Q, g / (1 + g (g + 1/Q)), 1/Q. */
  g: f32 = 0;
  loop: f32 = 1;
  input: f32 = 0;
  damping: f32 = 1;
}

/** Forgets the past; for a voice that starts from silence. */
export function resetSvf(filter: Svf): void {
  filter.s1 = 0;
  filter.s2 = 0;
}

/**
 * Sets response, cutoff and resonance.
 * @param cutoff note number of the corner, 0..MAX_CUTOFF
 * @param resonance 0 (Q = 0.5) .. 1 (Q = 50): 1/Q = 2 (1 - resonance), at least 0.02
 */
export function setSvf(filter: Svf, mode: SvfMode, cutoff: f32, resonance: f32): void {
  const g = cutoffGain(cutoff);
  const damping: f32 = max<f32>(2 - 2 * resonance, 0.02);
  const loop = g + damping;
  filter.mode = mode;
  filter.g = g;
  filter.damping = damping;
  filter.loop = loop;
  filter.input = g / (1 + g * loop);
  if (max<f32>(abs<f32>(filter.s1), abs<f32>(filter.s2)) < SILENCE) resetSvf(filter);
}

/** Filters a block in place. Band-pass has gain 1 at its centre; the others have gain 1 where they pass. */
// @ts-ignore: decorator
@native
export function renderSvf(filter: Svf, buffer: usize, frameCount: i32): void {
  const end = buffer + (<usize>frameCount << 2);
  const g = filter.g;
  const loop = filter.loop;
  const input = filter.input;
  let s1 = filter.s1;
  let s2 = filter.s2;
  if (filter.mode == SvfMode.LOWPASS) {
    if (frameCount & 1) {
      const v1 = (load<f32>(buffer) - loop * s1 - s2) * input;
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      store<f32>(buffer, low);
      buffer += 4;
    }
    // Two frames a turn: a sixth of the time otherwise goes into counting.
    while (buffer < end) {
      const v1 = (load<f32>(buffer) - loop * s1 - s2) * input;
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      store<f32>(buffer, low);
      const w1 = (load<f32>(buffer, 4) - loop * s1 - s2) * input;
      const nextBand = w1 + s1;
      s1 = nextBand + w1;
      const w2 = nextBand * g;
      const nextLow = w2 + s2;
      s2 = nextLow + w2;
      store<f32>(buffer, nextLow, 4);
      buffer += 8;
    }
  } else {
    // The other responses are sums of input, band and low.
    const damping = filter.damping;
    const fromInput: f32 = filter.mode == SvfMode.BANDPASS ? 0 : 1;
    const fromBand: f32 = filter.mode == SvfMode.BANDPASS ? damping : -damping;
    const fromLow: f32 = filter.mode == SvfMode.HIGHPASS ? -1 : 0;
    while (buffer < end) {
      const x = load<f32>(buffer);
      const v1 = (x - loop * s1 - s2) * input;
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      store<f32>(buffer, fromInput * x + fromBand * band + fromLow * low);
      buffer += 4;
    }
  }
  filter.s1 = s1;
  filter.s2 = s2;
}
