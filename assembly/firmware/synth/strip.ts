// SPDX-License-Identifier: MIT
// One strip of the mixer: the mono bus of a channel on its way to left, right and the three effects, with gains that glide.

import { clearBlock, CONTROL_FRAMES } from "../../audio/block";
import { Gain, mixInto, setGain } from "../../audio/mix";
import { Channel } from "../../voice/channel";
import { Residue } from "../../voice/residue";

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

/** A library gain whose target moves step by step, so that a jump of a controller becomes a curve of some milliseconds. */
@final
class Glide {
  readonly gain: Gain = new Gain();
  target: f32 = 0;

  snap(): void {
    const gain = this.gain;
    gain.target = this.target;
    gain.value = this.target;
    gain.step = 0;
    gain.lineFrames = 0;
  }

  /** Sets where the next control period ends; returns whether there is still a way to go. */
  aim(): bool {
    const gain = this.gain;
    const way = this.target - gain.value;
    if (abs<f32>(way) < NEAR) {
      setGain(gain, this.target);
      return false;
    }
    setGain(gain, gain.value + way * GLIDE);
    return true;
  }

  // @ts-ignore: decorator
  @inline
  isZero(): bool {
    return this.gain.value == 0 && this.gain.target == 0;
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
  private left: Glide = new Glide();
  private right: Glide = new Glide();
  private reverb: Glide = new Glide();
  private chorus: Glide = new Glide();
  private delay: Glide = new Glide();
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
    if (!this.reverb.isZero()) mixInto(this.reverb.gain, bus, mix.reverb, frameCount);
    if (!this.chorus.isZero()) mixInto(this.chorus.gain, bus, mix.chorus, frameCount);
    if (!this.delay.isZero()) mixInto(this.delay.gain, bus, mix.delay, frameCount);
    mixInto(this.left.gain, bus, mix.left, frameCount);
    mixInto(this.right.gain, bus, mix.right, frameCount);
    clearBlock(bus, frameCount);
  }
}
