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

@unmanaged
@final
export class Contour {
  /** 0 to 1. */
  level: f32 = 0;
  private stage: i32 = Stage.RESTING;
  /** What a frame of the attack adds. */
  private rise: f32 = 0;
  private sustain: f32 = 0;
  /** What VOICE_CONTROL_FRAMES leave of the way to the sustain level, and of the level after release. */
  private decay: f32 = 0;
  private release: f32 = 0;

  /** Sets it up, at level 0. Times are in frames, more than 0. */
  set(attackFrames: f32, decayFrames: f32, sustain: f32, releaseFrames: f32): void {
    this.level = 0;
    this.rise = 1 / attackFrames;
    this.sustain = sustain;
    this.decay = exp2((-10 * <f32>VOICE_CONTROL_FRAMES) / decayFrames);
    this.release = exp2((-10 * <f32>VOICE_CONTROL_FRAMES) / releaseFrames);
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
        const level = this.level + this.rise * <f32>frames;
        this.level = min<f32>(level, 1);
        if (level >= 1) this.stage = Stage.DECAY;
        break;
      }
      case Stage.DECAY: this.fall(this.sustain, this.decay); break;
      case Stage.RELEASE: this.fall(0, this.release); break;
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
