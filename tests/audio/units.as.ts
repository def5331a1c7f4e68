// SPDX-License-Identifier: MIT
// The audio units as the specs see them: each state made here, each function under its own name, buffers at fixed places.

import { Envelope } from "../../assembly/audio/envelope";
import { Ladder } from "../../assembly/audio/ladder";
import { Lfo } from "../../assembly/audio/lfo";
import { Gain, VoiceGain } from "../../assembly/audio/mix";
import { NoiseSource, Oscillator } from "../../assembly/audio/oscillators";
import { Svf } from "../../assembly/audio/svf";
import { WavetableOscillator, WAVETABLE_BYTES } from "../../assembly/audio/wavetable";

export * from "../../assembly/audio/block";
export * from "../../assembly/audio/envelope";
export * from "../../assembly/audio/ladder";
export * from "../../assembly/audio/lfo";
export * from "../../assembly/audio/mix";
export * from "../../assembly/audio/oscillators";
export * from "../../assembly/audio/svf";
export * from "../../assembly/audio/tuning";
export * from "../../assembly/audio/wavetable";

const blocks = memory.data(3 * 1024, 16);
const harmonicsData = memory.data(512, 16);
const wavetableData = memory.data(WAVETABLE_BYTES, 16);

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
