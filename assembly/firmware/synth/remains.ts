// SPDX-License-Identifier: MIT
// What is left of voices that were cut: one decaying offset for all of them, which goes the ways of their strips. A residue on each strip would come to
// the same sum, but with every strip that lost a voice a block more would have to be written.

import { Residue } from "../../voice/residue";
import { CHORUS, DELAY, LEFT, MixBuffers, REVERB, RIGHT } from "./mix-buffers";
import { Strip } from "./strip";

@final
export class Remains {
  /** Begins at 1 with each voice; the levels below are for 1. */
  private residue: Residue;
  private left: f32 = 0;
  private right: f32 = 0;
  private reverb: f32 = 0;
  private chorus: f32 = 0;
  private delay: f32 = 0;

  constructor(sampleRate: f64) {
    this.residue = new Residue(sampleRate);
  }

  /**
   * A voice is cut.
   * @param last its last sample
   * @param sinceControl frames from the last control point of its strip
   */
  add(last: f32, strip: Strip, sinceControl: i32): void {
    if (last == 0) return;
    const rest = this.residue.level;
    const frames = <f32>sinceControl;
    this.left = this.left * rest + last * strip.left.at(frames);
    this.right = this.right * rest + last * strip.right.at(frames);
    this.reverb = this.reverb * rest + last * strip.reverb.at(frames);
    this.chorus = this.chorus * rest + last * strip.chorus.at(frames);
    this.delay = this.delay * rest + last * strip.delay.at(frames);
    this.residue.level = 1;
  }

  /** Adds frames `from` to `to` of a stretch to the mix. */
  // @ts-ignore: decorator
  @inline
  mixInto(mix: MixBuffers, from: i32, to: i32): void {
    let level = this.residue.level;
    if (level == 0 || from >= to) return;
    mix.opens(<u8>from, this.reverb != 0, this.chorus != 0, this.delay != 0);
    const decay = this.residue.decay;
    const left = this.left;
    const right = this.right;
    const reverb = this.reverb;
    const chorus = this.chorus;
    const delay = this.delay;
    let at = mix.bus + (<usize>from << 2);
    // @uses(1 of CONTROL_FRAMES)
    for (const end = mix.bus + (<usize>to << 2); at < end; at += 4) {
      level *= decay;
      store<f32>(at, load<f32>(at, LEFT) + level * left, LEFT);
      store<f32>(at, load<f32>(at, RIGHT) + level * right, RIGHT);
      store<f32>(at, load<f32>(at, REVERB) + level * reverb, REVERB);
      store<f32>(at, load<f32>(at, CHORUS) + level * chorus, CHORUS);
      store<f32>(at, load<f32>(at, DELAY) + level * delay, DELAY);
    }
    this.residue.level = level;
  }

  /** Once a control period: lets an inaudible rest go. */
  settle(): void {
    this.residue.settle();
  }
}
