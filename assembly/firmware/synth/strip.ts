// SPDX-License-Identifier: MIT
// One strip of the mixer: the voices of a channel on their way to left, right and the three effects, with gains that glide.

import { sine } from "../../audio/oscillators";
import { Channel } from "../../voice/channel";
import { Glide, MixBuffers, mixDelay, mixGliding, mixSteady, mixSteadyChorus } from "./mix-buffers";

/** Gain of every strip, so that sixteen voices fit under the limiter's knee most of the time. */
const HEADROOM: f32 = 1.5;

const GAINS: usize = 5;

/** 40 log10 of the value, as General MIDI has volume, expression and sends: the square. */
// @ts-ignore: decorator
@inline
function squareLaw(value: u8): f32 {
  const x = <f32>value * <f32>(1.0 / 127.0);
  return x * x;
}

// Left, right, chorus, delay and reverb, one after the other in memory.

// @ts-ignore: decorator
@inline
function gainAt(gains: usize, index: usize): Glide {
  return changetype<Glide>(gains + index * offsetof<Glide>());
}

// Native, since the interpreter has little room.

/** Where the controllers of a channel have the gains of a strip go. */
// @ts-ignore: decorator
@native
function aimGains(gains: usize, channel: Channel, panOffset: i32, chorus: bool, echo: bool): void {
  const gain = HEADROOM * squareLaw(channel.volume) * squareLaw(channel.expression);
  // General MIDI 2: 0 and 1 are both hard left; equal power between
  const angle = <u32>((max<i32>(1, min<i32>(127, <i32>channel.pan + panOffset)) - 1) * ((1 << 30) / 126));
  gainAt(gains, 0).aim = gain * sine((1 << 30) - angle);
  gainAt(gains, 1).aim = gain * sine(angle);
  gainAt(gains, 2).aim = chorus ? gain * squareLaw(channel.chorusSend) : 0;
  gainAt(gains, 3).aim = echo ? gain * squareLaw(channel.delaySend) : 0;
  gainAt(gains, 4).aim = gain * squareLaw(channel.reverbSend);
}

/** Has all gains of a strip where they are to go. */
// @ts-ignore: decorator
@native
function snapGains(gains: usize): void {
  for (let i: usize = 0; i < GAINS; i++) gainAt(gains, i).snap();
}

/** Sets the lines on which the gains of a strip go on; returns whether any of them still moves. */
// @ts-ignore: decorator
@native
function advanceGains(gains: usize): bool {
  let moves = false;
  for (let i: usize = 0; i < GAINS; i++) if (gainAt(gains, i).advance()) moves = true;
  return moves;
}

@unmanaged
@final
export class Strip {
  /** Voices that sound on this strip, one bit each. */
  voices: u32 = 0;
  /** Voices that have a fragment here in the stretch being rendered. */
  fragments: u32 = 0;
  /** Frame of the stretch in which it began to sound. */
  from: u8 = 0;
  private gliding: bool = false;
  /** In fresh memory, which is zero: five objects of their own would take half as much again. */
  private readonly gains: usize = heap.alloc(GAINS * offsetof<Glide>());

  get left(): Glide {
    return gainAt(this.gains, 0);
  }

  get right(): Glide {
    return gainAt(this.gains, 1);
  }

  get chorus(): Glide {
    return gainAt(this.gains, 2);
  }

  get delay(): Glide {
    return gainAt(this.gains, 3);
  }

  get reverb(): Glide {
    return gainAt(this.gains, 4);
  }

  isSilent(): bool {
    return (this.voices | this.fragments) == 0;
  }

  /**
   * Takes over the controllers of a channel. The gains glide there, while anything sounds.
   * @param panOffset added to the channel's pan, -64 to 64
   * @param chorus, echo whether it may send there
   */
  follow(channel: Channel, panOffset: i32, chorus: bool, echo: bool): void {
    aimGains(this.gains, channel, panOffset, chorus, echo);
    this.gliding = true;
  }

  /** Something begins to sound, at a frame of the stretch, where nothing has sounded since a control point: the gains are there at once. */
  open(from: u8): void {
    this.from = from;
    snapGains(this.gains);
    this.gliding = false;
  }

  /** Before each of its control points: sets the lines on which the gains go on from there. */
  advance(): void {
    if (this.gliding && !this.isSilent()) this.gliding = advanceGains(this.gains);
  }

  /** Adds a stretch of the strip's sound, which lies on the bus, to the mix; the bus is clear afterwards. */
  mixInto(mix: MixBuffers, frameCount: i32): void {
    const bus = mix.bus;
    const from = this.from;
    const chorus = !this.chorus.isZero();
    const delay = !this.delay.isZero();
    mix.opens(from, !this.reverb.isZero(), chorus, delay);
    if (delay) mixDelay(bus, frameCount, this.delay);
    if (this.gliding) mixGliding(bus, frameCount, this.left, this.right, this.reverb, this.chorus);
    else if (chorus) mixSteadyChorus(bus, frameCount, this.left.value, this.right.value, this.reverb.value, this.chorus.value);
    else mixSteady(bus, frameCount, this.left.value, this.right.value, this.reverb.value);
    this.from = 0;
    this.fragments = 0;
  }
}
