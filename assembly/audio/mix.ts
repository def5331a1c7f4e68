// SPDX-License-Identifier: MIT
// Gains without zipper noise: a voice through its amplifier and panorama into a stereo pair, and one block into another.
//
// A gain never jumps: it moves in straight lines of at most 32 frames, and what is set in between is where the next line goes. Lines are
// state, not a property of the call, so that blocks may be cut anywhere. Panorama is of equal power: cos and sin of a quarter turn.

import { advanceLine, Envelope, envelopeLine } from "./envelope";
import { sine } from "./oscillators";

const LINE_FRAMES: i32 = 32;
const ENVELOPE_UNIT: f32 = 9.313225746154785e-10; // 2^-30

/** Amplifier and panorama of one voice; follows the lines of its envelope. */
@unmanaged
export class VoiceGain {
  /** Gains now, envelope included, and what a frame adds to them. */
  left: f32 = 0;
  right: f32 = 0;
  leftStep: f32 = 0;
  rightStep: f32 = 0;
  /** Gains at envelope 1. */
  fullLeft: f32 = 0;
  fullRight: f32 = 0;
  /** The envelope's line that the steps are for. */
  line: u32 = 0;
}

/**
 * Sets gain and panorama; taken up by the next line of the envelope.
 * @param pan 0 left .. 1 right; 0.5 gives each side gain · 0.7071
 */
export function setVoiceGain(voice: VoiceGain, gain: f32, pan: f32): void {
  const angle = <u32>(max<f32>(min<f32>(pan, 1), 0) * 1073741824);
  voice.fullLeft = gain * sine((1 << 30) - angle);
  voice.fullRight = gain * sine(angle);
}

/** Adds a mono block, through envelope and panorama, to `left` and `right`. Advances the envelope. */
// @ts-ignore: decorator
@native
export function mixVoice(voice: VoiceGain, env: Envelope, input: usize, left: usize, right: usize, frameCount: i32): void {
  while (frameCount > 0) {
    const line = envelopeLine(env);
    if (voice.line != env.lineCount) {
      voice.line = env.lineCount;
      if (env.level == 0) {
        voice.left = 0;
        voice.right = 0;
      }
      const arrival = <f32>(env.level + env.step * line) * ENVELOPE_UNIT;
      const perFrame: f32 = 1 / <f32>line;
      voice.leftStep = (voice.fullLeft * arrival - voice.left) * perFrame;
      voice.rightStep = (voice.fullRight * arrival - voice.right) * perFrame;
    }
    const count = min<i32>(line, frameCount);
    const leftStep = voice.leftStep;
    const rightStep = voice.rightStep;
    let leftGain = voice.left;
    let rightGain = voice.right;
    const end = input + (<usize>count << 2);
    if (count & 1) {
      const x = load<f32>(input);
      store<f32>(left, load<f32>(left) + x * leftGain);
      store<f32>(right, load<f32>(right) + x * rightGain);
      leftGain += leftStep;
      rightGain += rightStep;
      input += 4;
      left += 4;
      right += 4;
    }
    while (input < end) {
      const x = load<f32>(input);
      store<f32>(left, load<f32>(left) + x * leftGain);
      store<f32>(right, load<f32>(right) + x * rightGain);
      leftGain += leftStep;
      rightGain += rightStep;
      const y = load<f32>(input, 4);
      store<f32>(left, load<f32>(left, 4) + y * leftGain, 4);
      store<f32>(right, load<f32>(right, 4) + y * rightGain, 4);
      leftGain += leftStep;
      rightGain += rightStep;
      input += 8;
      left += 8;
      right += 8;
    }
    voice.left = leftGain;
    voice.right = rightGain;
    advanceLine(env, count);
    frameCount -= count;
  }
}

/** A gain that moves in lines, for buses, sends and returns. */
@unmanaged
export class Gain {
  target: f32 = 0;
  value: f32 = 0;
  step: f32 = 0;
  lineFrames: i32 = 0;
}

/** Where the gain goes, over the next line. */
// @ts-ignore: decorator
@inline
export function setGain(gain: Gain, target: f32): void {
  gain.target = target;
}

/** Adds a block times a gain to another block. */
// @ts-ignore: decorator
@native
export function mixInto(gain: Gain, input: usize, out: usize, frameCount: i32): void {
  while (frameCount > 0) {
    if (gain.lineFrames == 0) {
      gain.lineFrames = LINE_FRAMES;
      gain.step = (gain.target - gain.value) * (1.0 / 32.0);
      // Near enough to be there: without this the last rounding would stay for ever, and 0 would never be 0.
      if (abs<f32>(gain.step) < 1e-8) {
        gain.value = gain.target;
        gain.step = 0;
      }
    }
    const count = min<i32>(gain.lineFrames, frameCount);
    const step = gain.step;
    let value = gain.value;
    const end = input + (<usize>count << 2);
    if (count & 1) {
      store<f32>(out, load<f32>(out) + load<f32>(input) * value);
      value += step;
      input += 4;
      out += 4;
    }
    while (input < end) {
      store<f32>(out, load<f32>(out) + load<f32>(input) * value);
      value += step;
      store<f32>(out, load<f32>(out, 4) + load<f32>(input, 4) * value, 4);
      value += step;
      input += 8;
      out += 8;
    }
    gain.value = value;
    gain.lineFrames -= count;
    frameCount -= count;
  }
}

