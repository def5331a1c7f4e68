// SPDX-License-Identifier: MIT
// What a channel's controllers ask of its voices.

import { Channel } from "../../voice/channel";

/** Part of the whole that one step of a controller is. */
export const PER_STEP: f32 = 1.0 / 127.0;
/** Semitones of vibrato at full modulation wheel, and at full pressure. */
const WHEEL_VIBRATO: f32 = 0.5;
export const PRESSURE_VIBRATO: f32 = 0.3;
/** Semitones by which brightness and pressure open the filters. */
const BRIGHTNESS_RANGE: f32 = 36;
const PRESSURE_BRIGHTNESS: f32 = 10;

/** Kept up to date by the engine. */
@unmanaged
@final
export class ChannelModulation {
  /** Semitones of bend and tuning. */
  pitch: f32 = 0;
  /** Semitones of vibrato that the player asks for. */
  vibrato: f32 = 0;
  /** Semitones added to the filter's corner. */
  brightness: f32 = 0;
  /** Added to the filter's resonance. */
  resonance: f32 = 0;
  /** What VOICE_CONTROL_FRAMES leave of the way in a glide from note to note; 0 is no glide. */
  glide: f32 = 0;
}

/** Follows a channel's wheel, pressure, brightness and resonance. Native, since the interpreter has little room. */
// @ts-ignore: decorator
@native
export function modulate(modulation: ChannelModulation, channel: Channel): void {
  const pressure = <f32>channel.pressure * PER_STEP;
  modulation.vibrato = <f32>channel.modulation * (PER_STEP * WHEEL_VIBRATO) + pressure * PRESSURE_VIBRATO;
  modulation.brightness = (<f32>channel.brightness - 64) * (BRIGHTNESS_RANGE / 64) + pressure * PRESSURE_BRIGHTNESS;
  modulation.resonance = (<f32>channel.resonance - 64) * <f32>(1.0 / 96.0);
}
