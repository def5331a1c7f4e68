// SPDX-License-Identifier: MIT
// What moves a voice's filter, pitch or second oscillator from within: attack, decay, sustain and release at control rate. The attack is a straight
// line, decay and release fall by 60 dB in their times. Nothing of it is heard directly, so that a step every VOICE_CONTROL_FRAMES is fine enough.

import { exp2 } from "../../audio/tuning";
import { VOICE_CONTROL_FRAMES } from "./config";

const enum Stage {
  RESTING,
  ATTACK,
  DECAY,
  RELEASE,
}

/** Nearer than this to where it goes, it is there. */
const NEAR: f32 = 0.001;

/** Its times and its level, worked out once for all notes of a timbre. */
@unmanaged
export class ContourSettings {
  /** What a frame of the attack adds. */
  rise: f32;
  sustain: f32;
  /** What VOICE_CONTROL_FRAMES leave of the way to the sustain level, and of the level after release. */
  decay: f32;
  release: f32;

  /** @param attackFrames frames, more than 0, as the other times are */
  set(attackFrames: f32, decayFrames: f32, sustain: f32, releaseFrames: f32): void {
    this.rise = 1 / attackFrames;
    this.sustain = sustain;
    this.decay = exp2((-10 * <f32>VOICE_CONTROL_FRAMES) / decayFrames);
    this.release = exp2((-10 * <f32>VOICE_CONTROL_FRAMES) / releaseFrames);
  }
}

@unmanaged
@final
export class Contour {
  /** 0 to 1. */
  level: f32 = 0;
  private stage: i32 = Stage.RESTING;

  constructor(private settings: ContourSettings) {}

  /** Sets it up, at level 0. */
  set(settings: ContourSettings): void {
    this.level = 0;
    this.settings = settings;
  }

  gateOn(): void {
    this.stage = Stage.ATTACK;
  }

  gateOff(): void {
    this.stage = Stage.RELEASE;
  }

  /** Moves on. @param frames those to the voice's next control point; VOICE_CONTROL_FRAMES unless the attack has just begun */
  advance(frames: i32): void {
    switch (this.stage) {
      case Stage.ATTACK: {
        const level = this.level + this.settings.rise * <f32>frames;
        this.level = min<f32>(level, 1);
        if (level >= 1) this.stage = Stage.DECAY;
        break;
      }
      case Stage.DECAY: this.fall(this.settings.sustain, this.settings.decay); break;
      case Stage.RELEASE: this.fall(0, this.settings.release); break;
    }
  }

  private fall(towards: f32, share: f32): void {
    const way = (this.level - towards) * share;
    this.level = towards + way;
    if (abs<f32>(way) > NEAR) return;
    this.level = towards;
    this.stage = Stage.RESTING;
  }
}
