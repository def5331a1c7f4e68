// SPDX-License-Identifier: MIT
// Timbres as voices want them: what follows from the sample rate, and what takes long to compute, is worked out once, at start.

import { exp2 } from "../../audio/tuning";
import { AmplifierSettings } from "./amplifier";
import { ContourSettings } from "./contour";
import { priceOf } from "./prices";
import { Timbre } from "./timbres";

/** In memory the settings of both envelopes follow it: one piece for all takes half of what three take. */
@unmanaged
@final
export class Sound {
  timbre: Timbre;
  /** Frequency of the second oscillator to that of the first. */
  ratio: f32;
  /** Oscillators and filter, as integers. */
  shape1: u8;
  shape2: u8;
  filter: u8;
  /** Whether the modulation envelope moves anything. */
  modulates: bool;
  /** What a voice of it costs, and what with the state-variable filter in the ladder's place. */
  price: u16;
  sparedPrice: u16;

  get amplitude(): AmplifierSettings {
    return changetype<AmplifierSettings>(changetype<usize>(this) + offsetof<Sound>());
  }

  get contour(): ContourSettings {
    return changetype<ContourSettings>(changetype<usize>(this) + offsetof<Sound>() + offsetof<AmplifierSettings>());
  }

  set(timbre: Timbre, sampleRate: f32): void {
    this.timbre = timbre;
    this.ratio = exp2(timbre.interval / 12);
    this.shape1 = <u8>timbre.shape1;
    this.shape2 = <u8>timbre.shape2;
    this.filter = <u8>timbre.filter;
    this.modulates = timbre.cutoffEnvelope != 0 || timbre.pitchEnvelope != 0 || timbre.level2Envelope != 0;
    this.price = <u16>priceOf(timbre, false);
    this.sparedPrice = <u16>priceOf(timbre, true);
    this.amplitude.set(timbre.attack * sampleRate, timbre.decay * sampleRate, timbre.sustain, timbre.release * sampleRate);
    this.contour.set(timbre.modAttack * sampleRate, timbre.modDecay * sampleRate, timbre.modSustain, timbre.modRelease * sampleRate);
  }
}

/** The sounds of a table of timbres, in its order. */
@final
export class Sounds {
  private readonly sounds: usize;

  constructor(timbres: StaticArray<f32>, sampleRate: f32) {
    const count = (<u32>timbres.length << 2) / <u32>offsetof<Timbre>();
    this.sounds = heap.alloc(count * SOUND_BYTES);
    for (let i: u32 = 0; i < count; i++) this.at(i).set(changetype<Timbre>(changetype<usize>(timbres) + i * offsetof<Timbre>()), sampleRate);
  }

  // @ts-ignore: decorator
  @inline
  at(index: u32): Sound {
    return changetype<Sound>(this.sounds + index * SOUND_BYTES);
  }
}

const SOUND_BYTES: usize = offsetof<Sound>() + offsetof<AmplifierSettings>() + offsetof<ContourSettings>();
