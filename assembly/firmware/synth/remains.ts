// SPDX-License-Identifier: MIT
// What is left of voices that were cut: one decaying offset for all of them, which goes the ways of their strips. A residue on each strip would come to
// the same sum, but with every strip that lost a voice a block more would have to be written.

import { Residue } from "../../voice/residue";
import { BLOCK_FRAMES, MESSAGES_A_BLOCK } from "./config";
import { CHORUS, DELAY, LEFT, MixBuffers, REVERB, RIGHT } from "./mix-buffers";
import { Strip } from "./strip";

@final
export class Remains {
  /** Begins at 1 with each voice; the levels below are for 1. */
  readonly residue: Residue;
  left: f32 = 0;
  right: f32 = 0;
  reverb: f32 = 0;
  chorus: f32 = 0;
  delay: f32 = 0;

  constructor(sampleRate: f64) {
    this.residue = new Residue(sampleRate);
  }

  /**
   * A voice is cut.
   * @param last its last sample
   * @param sinceControl frames from the last control point of its strip
   */
  add(last: f32, strip: Strip, sinceControl: i32): void {
    if (last != 0) addRest(this, last, strip, <f32>sinceControl); // @max(MESSAGES_A_BLOCK)
  }

  /** Adds so many frames of a stretch to the mix, from one on. */
  // @ts-ignore: decorator
  @inline
  mixInto(mix: MixBuffers, from: i32, frameCount: u32): void {
    if (this.residue.level == 0 || frameCount == 0) return;
    mix.opens(<u8>from, this.reverb != 0, this.chorus != 0, this.delay != 0);
    mixRest(this, mix.bus + (<usize>from << 2), frameCount); // @sum(BLOCK_FRAMES)
  }

  /** Once a control period: lets an inaudible rest go. */
  settle(): void {
    this.residue.settle();
  }
}

// @ts-ignore: decorator
@native
function addRest(remains: Remains, last: f32, strip: Strip, frames: f32): void {
  const rest = remains.residue.level;
  remains.left = remains.left * rest + last * strip.left.at(frames);
  remains.right = remains.right * rest + last * strip.right.at(frames);
  remains.reverb = remains.reverb * rest + last * strip.reverb.at(frames);
  remains.chorus = remains.chorus * rest + last * strip.chorus.at(frames);
  remains.delay = remains.delay * rest + last * strip.delay.at(frames);
  remains.residue.level = 1;
}

/** @param at address of a frame on the bus */
// @ts-ignore: decorator
@native
function mixRest(remains: Remains, at: usize, frameCount: u32): void {
  const decay = remains.residue.decay;
  const left = remains.left;
  const right = remains.right;
  const reverb = remains.reverb;
  const chorus = remains.chorus;
  const delay = remains.delay;
  let level = remains.residue.level;
  // @bound(frameCount)
  for (const end = at + (<usize>frameCount << 2); at < end; at += 4) {
    level *= decay;
    store<f32>(at, load<f32>(at, LEFT) + level * left, LEFT);
    store<f32>(at, load<f32>(at, RIGHT) + level * right, RIGHT);
    store<f32>(at, load<f32>(at, REVERB) + level * reverb, REVERB);
    store<f32>(at, load<f32>(at, CHORUS) + level * chorus, CHORUS);
    store<f32>(at, load<f32>(at, DELAY) + level * delay, DELAY);
  }
  remains.residue.level = level;
}
