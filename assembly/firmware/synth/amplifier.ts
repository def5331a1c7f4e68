// SPDX-License-Identifier: MIT
// A voice's loudness, and the way of its block through filter and amplifier to the bus, in one pass: each frame is loaded once and added once.
//
// The gain moves in straight lines from control point to control point, so that a stretch takes one line, or two where an attack or a cut ends in it.
// Attacks and cuts are straight, decay and release bend towards a point 1/1023 of their way beyond its end, where they are 60 dB down after their time.

import { CONTROL_FRAMES } from "../../audio/block";
import { Ladder } from "../../audio/ladder";
import { Svf, SvfMode } from "../../audio/svf";
import { exp2 } from "../../audio/tuning";

/** From what a voice's oscillators give to the bus that it adds to: both are blocks of a control period, side by side, so that one pointer reaches both. */
export const BUS: usize = <usize>CONTROL_FRAMES << 2;

/** Level at which an attack begins: -60 dB is unheard as a step, and leaves the chip at once even in a slow attack. */
const ATTACK_FLOOR: f32 = 0.001;
/** How far beyond its end a bent line heads, of its way: it arrives 2^10 times nearer than it began. */
const BEYOND: f32 = 1.0 / 1023.0;

const enum Stage {
  IDLE,
  ATTACK,
  DECAY,
  SUSTAIN,
  RELEASE,
  CUT,
}

/** Its times and its level, worked out once for all notes of a timbre. */
@unmanaged
export class AmplifierSettings {
  /** From silence to level 1. */
  attackFrames: f32;
  /** What a frame of the attack moves. */
  rise: f32;
  sustain: f32;
  /** What of the way to where a bent line heads is gone after CONTROL_FRAMES. */
  decayShare: f32;
  releaseShare: f32;

  /** Times are in frames, more than 0; decay and release are those to 60 dB down. */
  set(attackFrames: f32, decayFrames: f32, sustain: f32, releaseFrames: f32): void {
    this.attackFrames = attackFrames;
    this.rise = 1 / attackFrames;
    this.sustain = sustain;
    this.decayShare = 1 - exp2((-10 * <f32>CONTROL_FRAMES) / decayFrames);
    this.releaseShare = 1 - exp2((-10 * <f32>CONTROL_FRAMES) / releaseFrames);
  }
}

@unmanaged
@final
export class Amplifier {
  /** Gain at level 1. */
  full: f32 = 0;
  /** Gain of the last frame, and what each frame adds ahead of it. */
  gain: f32 = 0;
  step: f32 = 0;
  /** The last sample added. */
  last: f32 = 0;
  /** Frames that the present line still lasts. */
  lineFrames: i32 = 0;
  stage: i32 = Stage.IDLE;
  /** At the end of the present line, 0 to 1. */
  level: f32 = 0;
  /** What a frame of a cut moves, and how many are left of it. */
  fall: f32 = 0;
  cutFrames: f32 = 0;
  /** Where the present bent line heads. */
  asymptote: f32 = 0;

  constructor(public settings: AmplifierSettings) {}

  /** Sets it up for a note, silent. @param full gain at level 1 */
  set(full: f32, settings: AmplifierSettings): void {
    this.full = full;
    this.settings = settings;
    this.level = 0;
    this.last = 0;
    this.lineFrames = 0;
  }

  /** A line ends here: what follows goes from the present level. */
  private turn(stage: Stage): void {
    if (this.lineFrames > 0) this.level = this.gain / this.full;
    this.lineFrames = 0;
    this.stage = stage;
  }

  /** From the present level up to 1. */
  gateOn(): void {
    this.turn(Stage.ATTACK);
    this.level = max<f32>(this.level, ATTACK_FLOOR);
  }

  gateOff(): void {
    if (this.stage == Stage.IDLE) return;
    this.turn(Stage.RELEASE);
    this.asymptote = -this.level * BEYOND;
  }

  /** To silence in a straight line of so many frames. */
  cut(frames: f32): void {
    if (this.stage == Stage.IDLE) return;
    this.turn(Stage.CUT);
    this.fall = this.level / frames;
    this.cutFrames = frames;
  }

  /** Silent until the next `gateOn`: ended, or died away under the key. */
  get isOver(): bool {
    return this.stage == Stage.IDLE || (this.stage == Stage.SUSTAIN && this.level == 0);
  }
}

/** Begins the next line. @param most frames to the next control point */
// @ts-ignore: decorator
@native
function beginLine(amplifier: Amplifier, most: i32): void {
  const from = amplifier.level;
  const settings = amplifier.settings;
  const part = <f32>most * (1 / <f32>CONTROL_FRAMES);
  let frames = most;
  let to = from;
  switch (amplifier.stage) {
    case Stage.ATTACK: {
      const left = (<f32>1 - from) * settings.attackFrames;
      if (left < <f32>most) {
        frames = max<i32>(<i32>left, 1);
        to = 1;
        amplifier.stage = Stage.DECAY;
        amplifier.asymptote = settings.sustain - (<f32>1 - settings.sustain) * BEYOND;
      } else to = from + settings.rise * <f32>most;
      break;
    }
    case Stage.DECAY:
      to = from - (from - amplifier.asymptote) * settings.decayShare * part;
      if (to <= settings.sustain) {
        to = settings.sustain;
        amplifier.stage = Stage.SUSTAIN;
      }
      break;
    case Stage.RELEASE:
      to = from - (from - amplifier.asymptote) * settings.releaseShare * part;
      if (to <= 0) {
        to = 0;
        amplifier.stage = Stage.IDLE;
      }
      break;
    case Stage.CUT: {
      const left = amplifier.cutFrames;
      amplifier.cutFrames = left - <f32>most;
      if (left <= <f32>most) {
        frames = max<i32>(<i32>left, 1);
        to = 0;
        amplifier.stage = Stage.IDLE;
      } else to = from - amplifier.fall * <f32>most;
      break;
    }
  }
  const full = amplifier.full;
  amplifier.level = to;
  amplifier.gain = from * full;
  amplifier.step = ((to - from) * full) / <f32>frames;
  amplifier.lineFrames = frames;
}

// What all ways to the bus do: lines of the gain, frames in pairs, a single one first where their number is odd.

/**
 * Adds a block to the bus that lies BUS behind it.
 * @param at address of the block's first frame
 * @param toControl frames from that one to the next control point
 */
// @ts-ignore: decorator
@native
export function amplify(amplifier: Amplifier, at: usize, frameCount: i32, toControl: i32): void {
  // @bound(2)
  while (frameCount > 0) {
    if (amplifier.lineFrames == 0) beginLine(amplifier, toControl);
    const count = min<i32>(amplifier.lineFrames, frameCount);
    const step = amplifier.step;
    let gain = amplifier.gain;
    let last: f32 = 0;
    const end = at + (<usize>count << 2);
    if (count & 1) {
      gain += step; // @uses(1 of frameCount)
      last = load<f32>(at) * gain;
      store<f32>(at, load<f32>(at, BUS) + last, BUS);
      at += 4;
    }
    // @uses(2 of frameCount)
    while (at < end) {
      gain += step;
      store<f32>(at, load<f32>(at, BUS) + load<f32>(at) * gain, BUS);
      gain += step;
      last = load<f32>(at, 4) * gain;
      store<f32>(at, load<f32>(at, BUS + 4) + last, BUS + 4);
      at += 8;
    }
    amplifier.gain = gain;
    amplifier.last = last;
    amplifier.lineFrames -= count;
    frameCount -= count;
    toControl -= count;
  }
}

/** The same through a state-variable low-pass (audio/svf.ts). */
// @ts-ignore: decorator
@native
export function amplifyLowpass(amplifier: Amplifier, filter: Svf, at: usize, frameCount: i32, toControl: i32): void {
  const g = filter.g;
  const loop = filter.loop;
  const scale = filter.input;
  let s1 = filter.s1;
  let s2 = filter.s2;
  // @bound(2)
  while (frameCount > 0) {
    if (amplifier.lineFrames == 0) beginLine(amplifier, toControl);
    const count = min<i32>(amplifier.lineFrames, frameCount);
    const step = amplifier.step;
    let gain = amplifier.gain;
    let last: f32 = 0;
    const end = at + (<usize>count << 2);
    if (count & 1) {
      const v1 = (load<f32>(at) - loop * s1 - s2) * scale; // @uses(1 of frameCount)
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      gain += step;
      last = low * gain;
      store<f32>(at, load<f32>(at, BUS) + last, BUS);
      at += 4;
    }
    // @uses(2 of frameCount)
    while (at < end) {
      const v1 = (load<f32>(at) - loop * s1 - s2) * scale;
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      gain += step;
      store<f32>(at, load<f32>(at, BUS) + low * gain, BUS);
      const w1 = (load<f32>(at, 4) - loop * s1 - s2) * scale;
      const nextBand = w1 + s1;
      s1 = nextBand + w1;
      const w2 = nextBand * g;
      const nextLow = w2 + s2;
      s2 = nextLow + w2;
      gain += step;
      last = nextLow * gain;
      store<f32>(at, load<f32>(at, BUS + 4) + last, BUS + 4);
      at += 8;
    }
    amplifier.gain = gain;
    amplifier.last = last;
    amplifier.lineFrames -= count;
    frameCount -= count;
    toControl -= count;
  }
  filter.s1 = s1;
  filter.s2 = s2;
}

/** The same through the filter's other responses, which are sums of input, band and low. */
// @ts-ignore: decorator
@native
export function amplifyBand(amplifier: Amplifier, filter: Svf, at: usize, frameCount: i32, toControl: i32): void {
  const g = filter.g;
  const loop = filter.loop;
  const scale = filter.input;
  const damping = filter.damping;
  const fromInput: f32 = filter.mode == SvfMode.BANDPASS ? 0 : 1;
  const fromBand: f32 = filter.mode == SvfMode.BANDPASS ? damping : -damping;
  const fromLow: f32 = filter.mode == SvfMode.HIGHPASS ? -1 : 0;
  let s1 = filter.s1;
  let s2 = filter.s2;
  // @bound(2)
  while (frameCount > 0) {
    if (amplifier.lineFrames == 0) beginLine(amplifier, toControl);
    const count = min<i32>(amplifier.lineFrames, frameCount);
    const step = amplifier.step;
    let gain = amplifier.gain;
    let last: f32 = 0;
    // @uses(1 of frameCount)
    for (const end = at + (<usize>count << 2); at < end; at += 4) {
      const x = load<f32>(at);
      const v1 = (x - loop * s1 - s2) * scale;
      const band = v1 + s1;
      s1 = band + v1;
      const v2 = band * g;
      const low = v2 + s2;
      s2 = low + v2;
      gain += step;
      last = (fromInput * x + fromBand * band + fromLow * low) * gain;
      store<f32>(at, load<f32>(at, BUS) + last, BUS);
    }
    amplifier.gain = gain;
    amplifier.last = last;
    amplifier.lineFrames -= count;
    frameCount -= count;
    toControl -= count;
  }
  filter.s1 = s1;
  filter.s2 = s2;
}

/** The same through the ladder (audio/ladder.ts). */
// @ts-ignore: decorator
@native
export function amplifyLadder(amplifier: Amplifier, filter: Ladder, at: usize, frameCount: i32, toControl: i32): void {
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
  // @bound(2)
  while (frameCount > 0) {
    if (amplifier.lineFrames == 0) beginLine(amplifier, toControl);
    const count = min<i32>(amplifier.lineFrames, frameCount);
    const step = amplifier.step;
    let gain = amplifier.gain;
    let last: f32 = 0;
    const end = at + (<usize>count << 2);
    // @uses(1 of frameCount)
    while (at < end) {
      const fed = feedback1 * s1 + feedback2 * s2 + feedback3 * s3 + feedback4 * s4;
      const u = max<f32>(min<f32>((load<f32>(at) * drive - fed) * solve, 1.5), -1.5);
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
      gain += step;
      last = y4 * gain;
      store<f32>(at, load<f32>(at, BUS) + last, BUS);
      at += 4;
    }
    amplifier.gain = gain;
    amplifier.last = last;
    amplifier.lineFrames -= count;
    frameCount -= count;
    toControl -= count;
  }
  filter.s1 = s1;
  filter.s2 = s2;
  filter.s3 = s3;
  filter.s4 = s4;
}
