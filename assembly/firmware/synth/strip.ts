// SPDX-License-Identifier: MIT
// One strip of the mixer: the mono bus of a channel on its way to left, right and the three effects, with gains that glide.

import { Channel } from "../../voice/channel";
import { Residue } from "../../voice/residue";
import { CONTROL_FRAMES } from "./config";

/** Share of the way to its target that a gain goes in each control period: some 2.3 ms time constant at 32 frames. */
const GLIDE: f32 = 0.25;

/** A gain nearer to its target than this is there: 100 dB below full scale. */
const NEAR: f32 = 0.00001;

/** What the strips mix into: buffers of CONTROL_FRAMES f32 samples. */
@final
export class MixBuffers {
  readonly left: usize = buffer();
  readonly right: usize = buffer();
  readonly reverb: usize = buffer();
  readonly chorus: usize = buffer();
  readonly delay: usize = buffer();
}

function buffer(): usize {
  return changetype<usize>(new StaticArray<f32>(CONTROL_FRAMES));
}

/** One gain on its way. */
@final
class Gain {
  value: f32 = 0;
  step: f32 = 0;
  target: f32 = 0;

  snap(): void {
    this.value = this.target;
    this.step = 0;
  }

  /** Sets the step of the next control period; returns whether there is still a way to go. */
  aim(): bool {
    const way = this.target - this.value;
    if (abs(way) < NEAR) {
      this.snap();
      return false;
    }
    this.step = way * (GLIDE / <f32>CONTROL_FRAMES);
    return true;
  }
}

/** Sines of 0 to a quarter turn at 0 to 126: General MIDI 2's pan law, in which 0 and 1 are both hard left. */
const quarterSine = new StaticArray<f32>(127);
for (let i = 0; i < quarterSine.length; i++) quarterSine[i] = <f32>Math.sin((Math.PI / 2) * (<f64>i / 126));

/** 40 log10 of the value, as General MIDI has volume, expression and sends: the square. */
// @ts-ignore: decorator
@inline
function squareLaw(value: u8): f32 {
  const x = <f32>value / 127;
  return x * x;
}

@final
export class Strip {
  /** CONTROL_FRAMES f32 samples to which voices add; zero wherever none does. */
  readonly bus: usize = buffer();
  readonly residue: Residue;
  /** Voices that sound on this strip. */
  voices: i32 = 0;
  private left: Gain = new Gain();
  private right: Gain = new Gain();
  private reverb: Gain = new Gain();
  private chorus: Gain = new Gain();
  private delay: Gain = new Gain();
  private gliding: bool = false;

  constructor(sampleRate: f64) {
    this.residue = new Residue(sampleRate);
  }

  isSilent(): bool {
    return this.voices == 0 && this.residue.isSilent();
  }

  /**
   * Takes over the controllers of a channel. The gains glide there, unless nothing sounds: then they are there at once.
   * @param panOffset added to the channel's pan, -64 to 64
   */
  follow(channel: Channel, panOffset: i32): void {
    const gain = squareLaw(channel.volume) * squareLaw(channel.expression);
    const pan = max(1, min(127, <i32>channel.pan + panOffset)) - 1;
    this.left.target = gain * unchecked(quarterSine[126 - pan]);
    this.right.target = gain * unchecked(quarterSine[pan]);
    this.reverb.target = gain * squareLaw(channel.reverbSend);
    this.chorus.target = gain * squareLaw(channel.chorusSend);
    this.delay.target = gain * squareLaw(channel.delaySend);
    this.gliding = true;
    if (this.isSilent()) this.snap();
  }

  private snap(): void {
    this.left.snap();
    this.right.snap();
    this.reverb.snap();
    this.chorus.snap();
    this.delay.snap();
    this.gliding = false;
  }

  /** Once a control period. */
  control(): void {
    this.residue.settle();
    if (!this.gliding) return;
    if (this.isSilent()) {
      this.snap();
      return;
    }
    const a = this.left.aim();
    const b = this.right.aim();
    const c = this.reverb.aim();
    const d = this.chorus.aim();
    const e = this.delay.aim();
    this.gliding = a || b || c || d || e;
  }

  /** Adds the bus to the mix and clears it. */
  mixInto(mix: MixBuffers, frameCount: i32): void {
    const bus = this.bus;
    this.residue.mixInto(bus, frameCount);
    this.add(this.chorus, mix.chorus, frameCount);
    this.add(this.delay, mix.delay, frameCount);
    this.add(this.reverb, mix.reverb, frameCount);
    this.addMain(mix, frameCount);
  }

  /** Left and right in one pass, which clears the bus behind it. */
  private addMain(mix: MixBuffers, frameCount: i32): void {
    let left = this.left.value;
    let right = this.right.value;
    const leftStep = this.left.step;
    const rightStep = this.right.step;
    const bus = this.bus;
    const toLeft = mix.left;
    const toRight = mix.right;
    if (leftStep == 0 && rightStep == 0) {
      for (let at: usize = 0, end = <usize>frameCount << 2; at < end; at += 4) {
        const x = load<f32>(bus + at);
        store<f32>(bus + at, 0);
        store<f32>(toLeft + at, load<f32>(toLeft + at) + x * left);
        store<f32>(toRight + at, load<f32>(toRight + at) + x * right);
      }
      return;
    }
    for (let at: usize = 0, end = <usize>frameCount << 2; at < end; at += 4) {
      const x = load<f32>(bus + at);
      store<f32>(bus + at, 0);
      left += leftStep;
      right += rightStep;
      store<f32>(toLeft + at, load<f32>(toLeft + at) + x * left);
      store<f32>(toRight + at, load<f32>(toRight + at) + x * right);
    }
    this.left.value = left;
    this.right.value = right;
  }

  private add(gain: Gain, to: usize, frameCount: i32): void {
    let value = gain.value;
    const step = gain.step;
    const bus = this.bus;
    if (step == 0) {
      if (value == 0) return;
      for (let at: usize = 0, end = <usize>frameCount << 2; at < end; at += 4) {
        store<f32>(to + at, load<f32>(to + at) + load<f32>(bus + at) * value);
      }
      return;
    }
    for (let at: usize = 0, end = <usize>frameCount << 2; at < end; at += 4) {
      value += step;
      store<f32>(to + at, load<f32>(to + at) + load<f32>(bus + at) * value);
    }
    gain.value = value;
  }
}
