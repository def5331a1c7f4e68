// SPDX-License-Identifier: MIT
// The audio units as the specs see them: each state made here, each function under its own name, buffers at fixed places.

import { Chorus, CHORUS_BYTES } from "../../assembly/audio/chorus";
import { Delay, DELAY_BYTES } from "../../assembly/audio/delay";
import { Envelope } from "../../assembly/audio/envelope";
import { Ladder } from "../../assembly/audio/ladder";
import { Lfo } from "../../assembly/audio/lfo";
import { Gain, VoiceGain } from "../../assembly/audio/mix";
import { NoiseSource, Oscillator } from "../../assembly/audio/oscillators";
import { DcBlocker } from "../../assembly/audio/output";
import { Reverb, REVERB_BYTES } from "../../assembly/audio/reverb";
import { Svf } from "../../assembly/audio/svf";
import { WavetableOscillator, WAVETABLE_BYTES } from "../../assembly/audio/wavetable";

export * from "../../assembly/audio/block";
export * from "../../assembly/audio/chorus";
export * from "../../assembly/audio/delay";
export * from "../../assembly/audio/envelope";
export * from "../../assembly/audio/ladder";
export * from "../../assembly/audio/lfo";
export * from "../../assembly/audio/mix";
export * from "../../assembly/audio/oscillators";
export * from "../../assembly/audio/output";
export * from "../../assembly/audio/reverb";
export * from "../../assembly/audio/svf";
export * from "../../assembly/audio/tuning";
export * from "../../assembly/audio/wavetable";

const blocks = memory.data(3 * 1024, 16);
const harmonicsData = memory.data(512, 16);
const wavetableData = memory.data(WAVETABLE_BYTES, 16);
const delayData = memory.data(DELAY_BYTES, 16);
const chorusData = memory.data(CHORUS_BYTES, 16);
const reverbData = memory.data(REVERB_BYTES, 16);

/** Address of one of three f32 blocks of 256 frames. */
export function block(index: i32): usize {
  return blocks + <usize>(index << 10);
}
export function harmonics(): usize {
  return harmonicsData;
}
export function wavetable(): usize {
  return wavetableData;
}

export function newOscillator(): Oscillator {
  return new Oscillator();
}
export function newNoise(seed: u32): NoiseSource {
  return new NoiseSource(seed);
}
export function newWavetableOscillator(): WavetableOscillator {
  return new WavetableOscillator(wavetableData);
}
export function newSvf(): Svf {
  return new Svf();
}
export function newLadder(): Ladder {
  return new Ladder();
}
export function newEnvelope(): Envelope {
  return new Envelope();
}
export function newVoiceGain(): VoiceGain {
  return new VoiceGain();
}
export function newGain(): Gain {
  return new Gain();
}
export function newLfo(seed: u32, shape: i32, increment: u32): Lfo {
  const lfo = new Lfo(seed);
  lfo.shape = shape;
  lfo.increment = increment;
  return lfo;
}
export function setPhase(osc: Oscillator, phase: u32): void {
  osc.phase = phase;
}
export function stageOf(env: Envelope): i32 {
  return env.stage;
}

// One of each, as their lines are one of each.
export function newDelay(): Delay {
  memory.fill(delayData, 0, DELAY_BYTES);
  return new Delay(delayData);
}
export function newChorus(): Chorus {
  memory.fill(chorusData, 0, CHORUS_BYTES);
  return new Chorus(chorusData);
}
export function newReverb(): Reverb {
  memory.fill(reverbData, 0, REVERB_BYTES);
  return new Reverb(reverbData);
}
export function newDcBlocker(pole: f32): DcBlocker {
  return new DcBlocker(pole);
}

/** Frees every state made so far. */
export function forgetAll(): void {
  heap.reset();
}
