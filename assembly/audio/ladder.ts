// SPDX-License-Identifier: MIT
// Four-pole low-pass ladder with trapezoidal one-pole stages; the loop is solved without a delay (V. Zavalishin, "The Art of VA Filter
// Design", rev. 2.1.2, section 5.3) and the signal that enters the ladder is then limited by a cubic soft clipper.
//
// Whatever the resonance, what enters the stages is bounded, and each stage is a contraction: so the output is bounded under any
// modulation, and at full resonance the filter sings at its corner instead of growing. Coefficients belong on the control grid, as in svf.ts.

import { cutoffGain } from "./tuning";

const SILENCE: f32 = 3e-9;

@unmanaged
export class Ladder {
  s1: f32 = 0;
  s2: f32 = 0;
  s3: f32 = 0;
  s4: f32 = 0;
  /** G = g / (1 + g) of one stage. */
  stage: f32 = 0;
  /** What the states add to the fed-back output before the new input reaches it: resonance times these. */
  feedback1: f32 = 0;
  feedback2: f32 = 0;
  feedback3: f32 = 0;
  feedback4: f32 = 0;
  /** 1 / (1 + resonance G^4). */
  solve: f32 = 1;
  /** Keeps the pass-band from thinning as resonance rises. */
  drive: f32 = 1;
}

export function resetLadder(filter: Ladder): void {
  filter.s1 = 0;
  filter.s2 = 0;
  filter.s3 = 0;
  filter.s4 = 0;
}

/**
 * @param cutoff note number of the corner, 0..MAX_CUTOFF
 * @param resonance 0..1; feedback is 4 · resonance, and oscillation begins at 1
 */
export function setLadder(filter: Ladder, cutoff: f32, resonance: f32): void {
  const g = cutoffGain(cutoff);
  const k: f32 = 4 * max<f32>(min<f32>(resonance, 1), 0);
  const rest: f32 = 1 / (1 + g);
  const stage = g * rest;
  const stage2 = stage * stage;
  filter.stage = stage;
  filter.feedback4 = k * rest;
  filter.feedback3 = filter.feedback4 * stage;
  filter.feedback2 = filter.feedback4 * stage2;
  filter.feedback1 = filter.feedback3 * stage2;
  filter.solve = 1 / (1 + k * stage2 * stage2);
  filter.drive = 1 + 0.5 * k;
  if (max<f32>(max<f32>(abs<f32>(filter.s1), abs<f32>(filter.s2)), max<f32>(abs<f32>(filter.s3), abs<f32>(filter.s4))) < SILENCE) resetLadder(filter);
}

/** Filters a block in place. Small signals pass with gain (1 + 2r) / (1 + 4r) at 0 Hz, r the resonance; what enters the stages is limited to ±1. */
// @ts-ignore: decorator
@native
export function renderLadder(filter: Ladder, buffer: usize, frameCount: i32): void {
  const end = buffer + (<usize>frameCount << 2);
  const stage = filter.stage;
  const feedback1 = filter.feedback1;
  const feedback2 = filter.feedback2;
  const feedback3 = filter.feedback3;
  const feedback4 = filter.feedback4;
  const solve = filter.solve;
  const drive = filter.drive;
  let s1 = filter.s1;
  let s2 = filter.s2;
  let s3 = filter.s3;
  let s4 = filter.s4;
  while (buffer < end) {
    const fed = feedback1 * s1 + feedback2 * s2 + feedback3 * s3 + feedback4 * s4;
    const u = max<f32>(min<f32>((load<f32>(buffer) * drive - fed) * solve, 1.5), -1.5);
    const entering = u - u * u * u * <f32>(4.0 / 27.0);
    const v1 = (entering - s1) * stage;
    const y1 = v1 + s1;
    s1 = y1 + v1;
    const v2 = (y1 - s2) * stage;
    const y2 = v2 + s2;
    s2 = y2 + v2;
    const v3 = (y2 - s3) * stage;
    const y3 = v3 + s3;
    s3 = y3 + v3;
    const v4 = (y3 - s4) * stage;
    const y4 = v4 + s4;
    s4 = y4 + v4;
    store<f32>(buffer, y4);
    buffer += 4;
  }
  filter.s1 = s1;
  filter.s2 = s2;
  filter.s3 = s3;
  filter.s4 = s4;
}
