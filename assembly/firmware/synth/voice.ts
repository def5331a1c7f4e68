// SPDX-License-Identifier: MIT
// One voice of the demo synth: two oscillators, a filter and two envelopes, as its timbre says. It adds to a mono bus.

import { CONTROL_FRAMES } from "../../audio/block";
import { advanceEnvelope, advanceLine, cutEnvelope, Envelope, envelopeLevel, envelopeLine, EnvelopeStage, gateOff, gateOn, setEnvelope } from "../../audio/envelope";
import { Ladder, renderLadder, resetLadder, setLadder } from "../../audio/ladder";
import {
  addNoise, addPulse, addSaw, addSine, addTriangle, NoiseSource, Oscillator, renderNoise, renderPulse, renderSaw, renderSine, renderTriangle,
} from "../../audio/oscillators";
import { renderSvf, resetSvf, setSvf, Svf, SvfMode } from "../../audio/svf";
import { noteIncrement } from "../../audio/tuning";
import { BANDPASS, HIGHPASS, LADDER, LOWPASS, NOISE, NONE, PULSE, SAW, SINE, Timbre, TRIANGLE } from "./timbres";

const QUARTER_CYCLE: u32 = 1 << 30;
const CYCLE: f32 = 4294967296.0;

/** A choked voice falls silent within 4 ms. */
const CHOKE_SECONDS: f32 = 0.004;

/** Vibrato sets in over half a second. */
const VIBRATO_ONSET: f32 = 2;

/** What the channel of a voice asks of it; kept up to date by the engine. */
@final
export class ChannelModulation {
  /** Semitones of bend and tuning. */
  pitch: f32 = 0;
  /** Semitones of vibrato that the player asks for. */
  vibrato: f32 = 0;
  /** Semitones added to the filter's corner, and resonance added. */
  brightness: f32 = 0;
  resonance: f32 = 0;
  /** Share of the way that a glide leaves in each control period; 0 is no glide. */
  glide: f32 = 0;
}
