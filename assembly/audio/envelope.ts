// SPDX-License-Identifier: MIT
// Attack, decay, sustain, release, made of straight lines of at most 32 frames (4 in short exponential segments).
//
// The level is an integer, 2^30 = 1, and so is its step a frame: segments start and end on their very frames and levels, lines may be cut anywhere
// without changing a bit, silence is exactly 0. The attack is linear. Decay and release are linear or exponential; an exponential one heads for a point
// 1/1023 of its span beyond its end, so that it arrives after exactly its time, 60 dB down, and its knots lie on the curve. Every segment starts
// from the level that is there: a note struck again, or stolen, does not click.

import { exp2 } from "./tuning";

export const enum EnvelopeStage {
  IDLE,
  ATTACK,
  DECAY,
  SUSTAIN,
  RELEASE,
}

const LONGEST_LINE: i32 = 32;
const ONE: i32 = 1 << 30;
const TO_FLOAT: f32 = 9.313225746154785e-10; // 2^-30

@unmanaged
export class Envelope {
  stage: i32 = EnvelopeStage.IDLE;
  /** Level now, 2^30 = 1, and what each frame adds to it. */
  level: i32 = 0;
  step: i32 = 0;
  /** Frames left of the present line, and of the segment after that line. */
  lineFrames: i32 = 0;
  laterFrames: i32 = 0;
  /** Frames of a full line of this segment. */
  lineLength: i32 = LONGEST_LINE;
  /** Counts lines, so that a user of the envelope sees when a new one has begun. */
  lineCount: u32 = 0;
  /** Level at the segment's end; the point it heads for; how much of the way to it remains after one line, 2^32 = all; 0 for a straight one. */
  end: i32 = 0;
  asymptote: i32 = 0;
  shrink: u32 = 0;

  // Settings.
  attackFrames: i32 = 1;
  decayFrames: i32 = 1;
  sustain: i32 = ONE;
  releaseFrames: i32 = 1;
  decayShrink: u32 = 0;
  releaseShrink: u32 = 0;
}

/** Frames of one line of an exponential segment: a sixteenth of it, within 4..32. */
// @ts-ignore: decorator
@inline
function lineOf(segmentFrames: i32): i32 {
  return max<i32>(min<i32>(segmentFrames >> 4, LONGEST_LINE), 4);
}

/** What remains of the way to the asymptote after one line, of an exponential that falls by 2^10 in `frames`. */
function shrinkOf(frames: i32): u32 {
  return frames <= 4 ? 0 : <u32>(<f32>4294967296.0 * exp2((-10.0 * <f32>lineOf(frames)) / <f32>frames));
}

/**
 * Sets the times, in frames (1 or more), and the sustain level 0..1. Takes effect from the next segment on.
 * @param exponential decay and release fall as a capacitor discharges; else in a straight line
 */
export function setEnvelope(env: Envelope, attackFrames: i32, decayFrames: i32, sustain: f32, releaseFrames: i32, exponential: bool): void {
  env.attackFrames = max<i32>(attackFrames, 1);
  env.decayFrames = max<i32>(decayFrames, 1);
  env.sustain = <i32>(max<f32>(min<f32>(sustain, 1), 0) * <f32>ONE);
  env.releaseFrames = max<i32>(releaseFrames, 1);
  env.decayShrink = exponential ? shrinkOf(env.decayFrames) : 0;
  env.releaseShrink = exponential ? shrinkOf(env.releaseFrames) : 0;
}

// @ts-ignore: decorator
@inline
function startSegment(env: Envelope, stage: EnvelopeStage, frames: i32, end: i32, shrink: u32): void {
  env.stage = stage;
  env.lineFrames = 0;
  env.laterFrames = frames;
  env.lineLength = shrink == 0 ? LONGEST_LINE : lineOf(frames);
  env.end = end;
  env.asymptote = end - (env.level - end) / 1023;
  env.shrink = shrink;
}

/** Note on, now: attack from the present level, in as much of the attack time as is left of the way to 1. */
export function gateOn(env: Envelope): void {
  const frames = <i32>((<i64>env.attackFrames * <i64>(ONE - env.level)) >> 30);
  startSegment(env, EnvelopeStage.ATTACK, max<i32>(frames, 1), ONE, 0);
}

/** Note off, now: release from the present level. Nothing on an idle envelope. */
export function gateOff(env: Envelope): void {
  if (env.stage != EnvelopeStage.IDLE) startSegment(env, EnvelopeStage.RELEASE, env.releaseFrames, 0, env.releaseShrink);
}

/** To silence in a straight line of `frameCount` frames, for a voice that is needed elsewhere. 64 frames (1.3 ms) do not click. */
export function cutEnvelope(env: Envelope, frameCount: i32): void {
  if (env.stage != EnvelopeStage.IDLE) startSegment(env, EnvelopeStage.RELEASE, max<i32>(frameCount, 1), 0, 0);
}

/** True when it is silent and stays so until the next `gateOn`. */
// @ts-ignore: decorator
@inline
export function isIdle(env: Envelope): bool {
  return env.stage == EnvelopeStage.IDLE;
}

/** The level now, 0..1. */
// @ts-ignore: decorator
@inline
export function envelopeLevel(env: Envelope): f32 {
  return <f32>env.level * TO_FLOAT;
}

// @ts-ignore: decorator
@inline
function nextLine(env: Envelope): void {
  if (env.laterFrames == 0) {
    // The segment is over: its end is met exactly, and the next begins in the same frame.
    if (env.stage == EnvelopeStage.ATTACK) {
      env.level = ONE;
      startSegment(env, EnvelopeStage.DECAY, env.decayFrames, env.sustain, env.decayShrink);
    } else if (env.stage == EnvelopeStage.DECAY || env.stage == EnvelopeStage.SUSTAIN) {
      env.level = env.end;
      env.stage = EnvelopeStage.SUSTAIN;
    } else {
      env.level = 0;
      env.stage = EnvelopeStage.IDLE;
    }
  }
  env.lineCount++;
  if (env.laterFrames == 0) {
    env.step = 0;
    env.lineFrames = LONGEST_LINE;
    return;
  }
  const segmentFrames = env.laterFrames;
  const length = env.lineLength;
  env.lineFrames = min<i32>(segmentFrames, length);
  env.laterFrames = segmentFrames - env.lineFrames;
  if (segmentFrames <= length || env.shrink == 0) {
    // Straight to the end; dividing what is left anew each line lets no rounding add up.
    env.step = (env.end - env.level) / segmentFrames;
  } else {
    const away = env.level - env.asymptote;
    const knot = env.asymptote + <i32>((<i64>away * <i64>env.shrink) >> 32);
    env.step = (knot - env.level) / length;
  }
}

/** How many frames the present line still lasts, 1..32, beginning the next line if none is left. `step` and `level` then describe it. */
// @ts-ignore: decorator
@inline
export function envelopeLine(env: Envelope): i32 {
  if (env.lineFrames == 0) nextLine(env);
  return env.lineFrames;
}

/** Moves along the present line, by at most what `envelopeLine` said. */
// @ts-ignore: decorator
@inline
export function advanceLine(env: Envelope, frameCount: i32): void {
  env.level += env.step * frameCount;
  env.lineFrames -= frameCount;
}

/** Moves on by any number of frames; for an envelope that is read at control rate. */
export function advanceEnvelope(env: Envelope, frameCount: i32): void {
  // For a control period: a line is four frames at least, but for the last one of each of three segments. @bound(12)
  while (frameCount > 0) {
    const count = min<i32>(envelopeLine(env), frameCount);
    advanceLine(env, count);
    frameCount -= count;
  }
}

/** Writes the level of each frame, 0..1. */
// @ts-ignore: decorator
@native
export function renderEnvelope(env: Envelope, out: usize, frameCount: i32): void {
  // @bound(frameCount)
  while (frameCount > 0) {
    const count = min<i32>(envelopeLine(env), frameCount);
    const step = env.step;
    let level = env.level;
    const end = out + (<usize>count << 2);
    // @uses(1 of frameCount)
    do {
      store<f32>(out, <f32>level * TO_FLOAT);
      level += step;
      out += 4;
    } while (out < end);
    advanceLine(env, count);
    frameCount -= count;
  }
}
