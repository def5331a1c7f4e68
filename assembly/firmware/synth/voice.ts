// SPDX-License-Identifier: MIT
// One voice of the demo synth: two oscillators, a filter and two envelopes, as its timbre says. It adds to a mono bus.

import { Ladder, resetLadder, setLadder } from "../../audio/ladder";
import {
  addNoise, addPulse, addSaw, addSine, addTriangle, NoiseSource, Oscillator, renderNoise, renderPulse, renderSaw, renderSine, renderTriangle,
} from "../../audio/oscillators";
import { resetSvf, setSvf, Svf, SvfMode } from "../../audio/svf";
import { noteIncrement } from "../../audio/tuning";
import { renderWavetable, WavetableOscillator } from "../../audio/wavetable";
import { amplify, amplifyBand, amplifyLadder, amplifyLowpass, Amplifier, AmplifierSettings } from "./amplifier";
import { STEEPEST, VOICE_CONTROL_FRAMES } from "./config";
import { Contour, ContourSettings } from "./contour";
import { ChannelModulation } from "./modulation";
import {
  ADD_PRICE, BAND_PRICE, LADDER_PRICE, LOWPASS_PRICE, NOISE_PRICE, PLAIN_PRICE, PULSE_PRICE, SAW_PRICE, SINE_PRICE, TRIANGLE_PRICE, WAVE_PRICE,
} from "./prices";
import { Sound } from "./sound";
import { BANDPASS, HIGHPASS, LADDER, LOWPASS, NONE, NOISE, PULSE, SAW, SINE, Timbre, TRIANGLE } from "./timbres";

/** A saw's first harmonic, to its peak; that of a pulse or triangle is near enough. */
const FUNDAMENTAL: f32 = 0.64;

const QUARTER_CYCLE: u32 = 1 << 30;
const HALF_CYCLE: f32 = 2147483648.0;
/** The fastest that an oscillator may turn: half a cycle a frame. */
const HIGHEST_INCREMENT: f32 = 2147483000;
const MOST_RESONANCE: f32 = 0.95;

/** A choked voice falls silent within this time. */
const CHOKE_SECONDS: f32 = 0.004;

/** And one that is to be silent at once within these frames, a millisecond and a third. */
const CUT_FRAMES: f32 = 64;

/** Time in which a timbre's own vibrato sets in. */
const VIBRATO_ONSET_SECONDS: f32 = 0.6;

/** What all voices share. */
@unmanaged
@final
export class VoiceContext {
  /** Frames from the first one of the stretch to the next control point. */
  toControl: i32 = 0;
  /** Present values of the two LFOs, -1 to 1. */
  vibrato: f32 = 0;
  sweep: f32 = 0;
  /** What VOICE_CONTROL_FRAMES add to a vibrato that sets in by itself, 1 being the whole. */
  readonly vibratoOnsetStep: f32;

  constructor(
    readonly sampleRate: f32,
    readonly organWave: usize,
  ) {
    this.vibratoOnsetStep = <f32>VOICE_CONTROL_FRAMES / (VIBRATO_ONSET_SECONDS * sampleRate);
  }
}

@unmanaged
@final
export class Voice {
  /** Number of the strip that it sounds on. */
  strip: i32 = 0;
  channel: ChannelModulation;
  /** Of the drum that it sounds; 0 is none. */
  chokeGroup: u8 = 0;
  /** Frames of the stretch being rendered that it has rendered already. */
  position: u8 = 0;
  /** Semitones of vibrato that polyphonic key pressure asks for. */
  pressure: f32 = 0;
  private timbre: Timbre = changetype<Timbre>(0);
  /** The sound's. */
  private shape1: i32 = 0;
  private shape2: i32 = 0;
  private filter: i32 = 0;
  private note: f32 = 0;
  /** Semitones from the note from which it glides, and how far the vibrato has set in. */
  private glideFrom: f32 = 0;
  private vibratoOnset: f32 = 0;
  /** The fixed part of the filter's corner, for note and velocity. */
  private corner: f32 = 0;
  /** Pitch, corner and resonance that are set; -1 is none yet. */
  private sounding: f32 = -1;
  private setCorner: f32 = -1;
  private setResonance: f32 = 0;
  /** Frequency of the second oscillator to that of the first. */
  private ratio: f32 = 0;
  private increment1: u32 = 0;
  private increment2: u32 = 0;
  private width: u32 = 0;
  private gain2: f32 = 0;
  /** Whether the contour moves anything. */
  private modulates: bool = false;
  private amplifier: Amplifier = new Amplifier(changetype<AmplifierSettings>(0));
  private contour: Contour = new Contour(changetype<ContourSettings>(0));
  private osc1: Oscillator = new Oscillator();
  private osc2: Oscillator = new Oscillator();
  private wave: WavetableOscillator;
  private noise: NoiseSource;
  private svf: Svf = new Svf();
  private ladder: Ladder = new Ladder();

  constructor(private context: VoiceContext, channel: ChannelModulation, seed: u32) {
    this.channel = channel;
    this.noise = new NoiseSource(seed);
    this.wave = new WavetableOscillator(context.organWave);
  }


  /**
   * Starts a note from silence: whoever takes a voice that sounds puts what `cut` returns where it dies away first.
   * @param velocity 1 to 127
   * @param brightness semitones added to the filter's corner for the whole note
   * @param spared with the state-variable filter in the ladder's place: two poles instead of four, at half the cost
   */
  start(sound: Sound, note: i32, velocity: i32, brightness: f32, spared: bool): void {
    const loudness = <f32>velocity / 127;
    const timbre = sound.timbre;
    this.timbre = timbre;
    this.shape1 = sound.shape1;
    this.shape2 = sound.shape2;
    this.filter = spared ? <i32>LOWPASS : <i32>sound.filter;
    this.modulates = sound.modulates;
    this.chokeGroup = 0;
    this.note = <f32>note;
    this.glideFrom = 0;
    this.vibratoOnset = 0;
    this.pressure = 0;
    this.corner = timbre.cutoff + (<f32>note - 60) * timbre.tracking - timbre.cutoffVelocity * (1 - loudness) + brightness;
    this.sounding = -1;
    this.setCorner = -1;
    this.ratio = sound.ratio;
    // sines and triangles of drums begin at their peak, so that the stroke is there with the first frames
    this.osc1.phase = timbre.pitchEnvelope != 0 ? QUARTER_CYCLE : 0;
    this.osc2.phase = 0;
    this.wave.phase = 0;
    resetSvf(this.svf);
    resetLadder(this.ladder);
    this.amplifier.set(timbre.level * loudness * loudness, sound.amplitude);
    this.contour.set(sound.contour);
    this.attack();
  }

  /** A new attack from the present level, on the same note or after `changeNote`. */
  attack(): void {
    this.amplifier.gateOn();
    this.contour.gateOn();
  }

  /** Another note without a new attack; glides there if its channel says so. */
  changeNote(note: i32): void {
    this.glideFrom = this.channel.glide > 0 ? this.glideFrom + this.note - <f32>note : 0;
    this.note = <f32>note;
    this.tune();
  }

  /** Starts the note as a glide from another one. */
  glideFromNote(note: i32): void {
    this.glideFrom = <f32>note - this.note;
  }

  release(): void {
    this.amplifier.gateOff();
    this.contour.gateOff();
  }

  /** Falls silent, in a moment. */
  choke(): void {
    this.amplifier.cut(CHOKE_SECONDS * this.context.sampleRate);
  }

  /** Is silent as soon as it does not click. */
  cease(): void {
    this.amplifier.cut(CUT_FRAMES);
  }

  /** Silent, and stays so: at a control point. */
  isOver(): bool {
    return this.amplifier.isOver;
  }

  /** Takes it from its note: returns its last sample on the bus, which is what remains of it. */
  cut(): f32 {
    const last = this.amplifier.last;
    this.amplifier.last = 0;
    return last;
  }

  /** Loudness at this control point, for choosing the quietest voice. */
  loudness(): f32 {
    return this.amplifier.level * this.amplifier.full;
  }

  /** At each of its control points. */
  control(): void {
    if (this.vibratoOnset < 1) this.vibratoOnset = min<f32>(this.vibratoOnset + this.context.vibratoOnsetStep, 1);
    if (this.glideFrom != 0) {
      this.glideFrom *= this.channel.glide;
      if (abs<f32>(this.glideFrom) < 0.001) this.glideFrom = 0;
    }
    this.update(VOICE_CONTROL_FRAMES);
  }

  /** Follows channel and contour. @param frames those to its next control point: also a voice that starts between two is to be in tune at once */
  update(frames: i32): void {
    const timbre = this.timbre;
    this.tune();
    this.width = <u32><i32>((timbre.width + timbre.widthSweep * this.context.sweep) * HALF_CYCLE) << 1; // a signed conversion is the cheaper one
    const level = this.contour.level;
    this.gain2 = timbre.level2 * (1 - timbre.level2Envelope * (1 - level));
    if (this.filter != <i32>NONE) {
      const corner = max<f32>(this.corner + timbre.cutoffEnvelope * level + this.channel.brightness, 0);
      const resonance = timbre.resonance + this.channel.resonance;
      if (corner != this.setCorner || resonance != this.setResonance) this.tuneFilter(corner, resonance);
    }
    if (this.modulates) this.contour.advance(frames);
  }

  private tuneFilter(corner: f32, resonance: f32): void {
    this.setCorner = corner;
    this.setResonance = resonance;
    const limited = min<f32>(max<f32>(resonance, 0), MOST_RESONANCE);
    if (this.filter == <i32>LADDER) setLadder(this.ladder, corner, limited);
    else setSvf(this.svf, this.filter == <i32>BANDPASS ? SvfMode.BANDPASS : this.filter == <i32>HIGHPASS ? SvfMode.HIGHPASS : SvfMode.LOWPASS, corner, limited);
  }

  /** Brings the oscillators to their pitch of now. */
  tune(): void {
    const timbre = this.timbre;
    const channel = this.channel;
    const vibrato = timbre.vibrato * this.vibratoOnset + channel.vibrato + this.pressure;
    let pitch = this.note + this.glideFrom + channel.pitch + vibrato * this.context.vibrato;
    if (timbre.pitchEnvelope != 0) pitch += timbre.pitchEnvelope * this.contour.level;
    if (pitch == this.sounding) return;
    this.sounding = pitch;
    this.increment1 = noteIncrement(pitch);
    this.increment2 = <u32><i32>min<f32>(<f32><i32>this.increment1 * this.ratio, HIGHEST_INCREMENT);
  }

  /**
   * Adds its frames of a stretch, from where it is up to `to`, to a bus. What it does is what its price is for.
   * @param out a block for its oscillators, with the bus BUS behind it
   */
  // @ts-ignore: decorator
  @inline
  renderTo(out: usize, to: i32): void {
    const frameCount = to - <i32>this.position;
    if (frameCount <= 0) return;
    const toControl = this.context.toControl - <i32>this.position;
    out += <usize>this.position << 2;
    this.position = <u8>to;
    let level = this.timbre.level1;
    let shape = this.shape1;
    if (this.increment1 > STEEPEST && shape <= <i32>TRIANGLE) {
      shape = <i32>SINE;
      level *= FUNDAMENTAL;
    }
    switch (shape) {
      case <i32>SAW:
        renderSaw(this.osc1, out, frameCount, this.increment1, level); // @uses(SAW_PRICE of room)
        break;
      case <i32>PULSE:
        renderPulse(this.osc1, out, frameCount, this.increment1, this.width, level); // @uses(PULSE_PRICE of room)
        break;
      case <i32>TRIANGLE:
        renderTriangle(this.osc1, out, frameCount, this.increment1, level); // @uses(TRIANGLE_PRICE of room)
        break;
      case <i32>SINE:
        renderSine(this.osc1, out, frameCount, this.increment1, level); // @uses(SINE_PRICE of room)
        break;
      case <i32>NOISE:
        renderNoise(this.noise, out, frameCount, level); // @uses(NOISE_PRICE of room)
        break;
      default:
        renderWavetable(this.wave, out, frameCount, this.increment1, level); // @uses(WAVE_PRICE of room)
    }
    level = this.gain2;
    shape = this.shape2;
    if (this.increment2 > STEEPEST && shape <= <i32>TRIANGLE && shape != <i32>NONE) {
      shape = <i32>SINE;
      level *= FUNDAMENTAL;
    }
    switch (shape) {
      case <i32>SAW:
        addSaw(this.osc2, out, frameCount, this.increment2, level); // @uses(SAW_PRICE + ADD_PRICE of room)
        break;
      case <i32>PULSE:
        addPulse(this.osc2, out, frameCount, this.increment2, this.width, level); // @uses(PULSE_PRICE + ADD_PRICE of room)
        break;
      case <i32>TRIANGLE:
        addTriangle(this.osc2, out, frameCount, this.increment2, level); // @uses(TRIANGLE_PRICE + ADD_PRICE of room)
        break;
      case <i32>SINE:
        addSine(this.osc2, out, frameCount, this.increment2, level); // @uses(SINE_PRICE + ADD_PRICE of room)
        break;
      case <i32>NOISE:
        addNoise(this.noise, out, frameCount, level); // @uses(NOISE_PRICE + ADD_PRICE of room)
        break;
    }
    switch (this.filter) {
      case <i32>NONE:
        amplify(this.amplifier, out, frameCount, toControl); // @uses(PLAIN_PRICE of room)
        break;
      case <i32>LADDER:
        amplifyLadder(this.amplifier, this.ladder, out, frameCount, toControl); // @uses(LADDER_PRICE of room)
        break;
      case <i32>LOWPASS:
        amplifyLowpass(this.amplifier, this.svf, out, frameCount, toControl); // @uses(LOWPASS_PRICE of room)
        break;
      default:
        amplifyBand(this.amplifier, this.svf, out, frameCount, toControl); // @uses(BAND_PRICE of room)
    }
  }
}

/** `renderTo` for a voice that a message changes amid a stretch: native as a whole, since the interpreter has no room for it twice. @param room what it may take, by its prices */
// @ts-ignore: decorator
@native
export function renderUpTo(voice: Voice, out: usize, to: i32, room: i32): void {
  voice.renderTo(out, to);
}
