// SPDX-License-Identifier: MIT
// The demo synth: sixteen MIDI channels on a fixed number of voices, drums on channel 10, mixed through chorus, delay and reverb.
//
// Notes start and end at their very frame. Controllers take effect at the next control point, an absolute frame that is a multiple of
// CONTROL_FRAMES, and gains glide there. So the sound does not depend on how rendering is cut into blocks.

import { CONTROL_FRAMES, framesToControl } from "../../audio/block";
import { advanceLfo, Lfo, LfoShape, lfoValue } from "../../audio/lfo";
import { exp2, initTuning } from "../../audio/tuning";
import { buildWavetable, WAVETABLE_BYTES } from "../../audio/wavetable";
import { NO_VOICE, VoiceAllocator, VoiceState } from "../../voice/allocator";
import { Channel, ChannelAction, releasedNotes } from "../../voice/channel";
import { NO_NOTE, NoteStack } from "../../voice/note-stack";
import { DRUM_CHANNEL, HELD_KEYS, LADDER_VOICES, MONO_PRIORITY, STEAL_POLICY, VOICE_COUNT } from "./config";
import { Drum, drumOfNote, DrumPan, FIRST_DRUM, LAST_DRUM, timbreOfDrum } from "./drums";
import { MasterSection } from "./master";
import { MixBuffers } from "./mix-buffers";
import { Strip } from "./strip";
import { timbreOfProgram } from "./timbres";
import { ChannelModulation, Voice, VoiceContext } from "./voice";

const CHANNELS = 16;
/** The drum channel has two strips more, to its left and right. */
const DRUM_LEFT = 16;
const DRUM_RIGHT = 17;
const STRIPS = 18;
const DRUM_PAN: i32 = 36;

const VIBRATO_HERTZ: f64 = 5.6;
const SWEEP_HERTZ: f64 = 0.43;
/** Part of the whole that one step of a controller is. */
const PER_STEP: f32 = 1.0 / 127.0;
/** Semitones of vibrato at full modulation wheel, and at full pressure. */
const WHEEL_VIBRATO: f32 = 0.5;
const PRESSURE_VIBRATO: f32 = 0.3;
/** Semitones by which brightness and pressure open the filters. */
const BRIGHTNESS_RANGE: f32 = 36;
const PRESSURE_BRIGHTNESS: f32 = 10;
/** What the soft pedal does to notes that start while it is down. */
const SOFT_VELOCITY: f32 = 0.7;
const SOFT_BRIGHTNESS: f32 = -8;
/** Longest glide, at portamento time 127. */
const GLIDE_SECONDS: f32 = 1.5;

/** Strengths of harmonics 1 to 16 of organ pipes at 8', 4', 2 2/3', 2', 1 1/3' and 1', with what each has of its own. */
const organHarmonics: StaticArray<f32> = [1, 0.8, 0.55, 0.5, 0, 0.25, 0, 0.3, 0, 0, 0, 0.08, 0, 0, 0, 0.12];

@final
class Synth {
  /** Strips on which something sounds, one bit each. */
  private sounding: u32 = 0;
  /** Absolute frame that is rendered next. */
  frame: u32 = 0;
  private allocator: VoiceAllocator = new VoiceAllocator(VOICE_COUNT, STEAL_POLICY);
  private channels: StaticArray<Channel> = new StaticArray<Channel>(CHANNELS);
  private modulations: StaticArray<ChannelModulation> = new StaticArray<ChannelModulation>(CHANNELS);
  private stacks: StaticArray<NoteStack> = new StaticArray<NoteStack>(CHANNELS);
  private strips: StaticArray<Strip> = new StaticArray<Strip>(STRIPS);
  private voices: StaticArray<Voice> = new StaticArray<Voice>(VOICE_COUNT);
  private context: VoiceContext;
  private vibrato: Lfo = new Lfo(1);
  private sweep: Lfo = new Lfo(2);
  private mix: MixBuffers = new MixBuffers();
  private master: MasterSection;

  constructor(private sampleRate: f64) {
    initTuning(sampleRate);
    const organWave = memory.data(WAVETABLE_BYTES, 4);
    buildWavetable(organWave, changetype<usize>(organHarmonics), organHarmonics.length);
    this.context = new VoiceContext(<f32>sampleRate, organWave);
    this.master = new MasterSection(sampleRate);
    this.vibrato.increment = <u32>((VIBRATO_HERTZ / sampleRate) * 4294967296.0);
    this.sweep.increment = <u32>((SWEEP_HERTZ / sampleRate) * 4294967296.0);
    this.sweep.shape = LfoShape.TRIANGLE;
    for (let i = 0; i < STRIPS; i++) this.strips[i] = new Strip(sampleRate);
    for (let i = 0; i < CHANNELS; i++) {
      this.channels[i] = new Channel();
      this.modulations[i] = new ChannelModulation();
      this.stacks[i] = new NoteStack(HELD_KEYS);
      this.follow(i);
    }
    for (let i = 0; i < VOICE_COUNT; i++) this.voices[i] = new Voice(this.context, this.strips[0], this.modulations[0], 0x9e3779b9 * <u32>(i + 1));
  }

  message(message: u32): void {
    const status = message & 0xff;
    const channel = <i32>(status & 0x0f);
    const data1 = <i32>((message >> 8) & 0x7f);
    const data2 = <i32>((message >> 16) & 0x7f);
    switch (status >> 4) {
      case 0x8: this.noteOff(channel, data1); break;
      case 0x9:
        if (data2 == 0) this.noteOff(channel, data1);
        else this.noteOn(channel, data1, data2);
        break;
      case 0xa: this.keyPressure(channel, data1, data2); break;
      case 0xb: this.control(channel, data1, data2); break;
      case 0xc: unchecked(this.channels[channel]).program = <u8>data1; break;
      case 0xd:
        unchecked(this.channels[channel]).pressure = <u8>data1;
        this.followModulation(channel);
        break;
      case 0xe:
        unchecked(this.channels[channel]).pitchBend = <u16>(data1 | (data2 << 7));
        this.followModulation(channel);
        break;
      case 0xf: if (status == 0xff) this.reset(); break;
    }
  }

  /** Every voice falls silent, every note is forgotten; controllers stay. */
  silence(): void {
    for (let i = 0; i < CHANNELS; i++) this.control(i, 120, 0);
  }

  private reset(): void {
    this.silence();
    for (let i = 0; i < CHANNELS; i++) {
      unchecked(this.channels[i]).powerUp();
      this.follow(i);
    }
  }

  private noteOn(channel: i32, note: i32, velocity: i32): void {
    if (channel == DRUM_CHANNEL) {
      if (note >= FIRST_DRUM && note <= LAST_DRUM) this.strike(note, velocity);
      return;
    }
    const state = unchecked(this.channels[channel]);
    state.noteOn(note);
    if (!state.mono) {
      this.start(channel, note, velocity);
      return;
    }
    unchecked(this.stacks[channel]).press(note, velocity);
    this.followStack(channel, unchecked(this.stacks[channel]).winner(MONO_PRIORITY) == note);
  }

  private noteOff(channel: i32, note: i32): void {
    if (channel != DRUM_CHANNEL && unchecked(this.channels[channel]).noteOff(note)) {
      if (unchecked(this.channels[channel]).mono) {
        unchecked(this.stacks[channel]).release(note);
        this.followStack(channel, false);
      } else this.end(channel, note);
    }
  }

  private keyPressure(channel: i32, note: i32, pressure: i32): void {
    const voice = this.allocator.find(channel, note);
    if (voice != NO_VOICE) unchecked(this.voices[voice]).pressure = (<f32>pressure * PRESSURE_VIBRATO) / 127;
  }

  private control(channel: i32, controller: i32, value: i32): void {
    const state = unchecked(this.channels[channel]);
    const action = state.control(controller, value);
    const modeChange = controller == 126 || controller == 127;
    if (action & ChannelAction.Release) this.endReleased(channel, modeChange);
    if (action & ChannelAction.Silence) this.silenceChannel(channel);
    if (action & ChannelAction.ClearPressure) {
      for (let i = 0; i < VOICE_COUNT; i++) if (this.allocator.channelOf(i) == channel) unchecked(this.voices[i]).pressure = 0;
    }
    if (modeChange) unchecked(this.stacks[channel]).clear();
    switch (controller) {
      case 7: case 10: case 11: case 91: case 93: case 94: this.followMix(channel); break;
      case 64: case 66: case 120: case 122: case 123: case 124: case 125: case 126: case 127: break;
      case 121: this.follow(channel); break;
      default: this.followModulation(channel);
    }
  }

  /** Ends the notes that the channel says have ended: on a mono channel by way of its stack, unless its mode is changing. */
  private endReleased(channel: i32, modeChange: bool): void {
    const stack = unchecked(this.stacks[channel]);
    const byStack = !modeChange && stack.length > 0;
    // @bound(128)
    for (let note = releasedNotes.next(0); note >= 0; note = releasedNotes.next(note + 1)) {
      if (byStack) stack.release(note);
      else this.end(channel, note);
    }
    if (byStack) this.followStack(channel, false);
  }

  private silenceChannel(channel: i32): void {
    unchecked(this.stacks[channel]).clear();
    for (let i = 0; i < VOICE_COUNT; i++) {
      if (this.allocator.channelOf(i) == channel && this.allocator.stateOf(i) != VoiceState.Free) this.free(i);
    }
  }

  /** Brings the voice of a mono channel to the note that its stack says; `struck` if that one's key has just gone down. */
  private followStack(channel: i32, struck: bool): void {
    const stack = unchecked(this.stacks[channel]);
    const note = stack.winner(MONO_PRIORITY);
    const voice = this.heldVoice(channel);
    if (note == NO_NOTE) {
      if (voice != NO_VOICE) this.releaseVoice(voice);
    } else if (voice == NO_VOICE) {
      this.start(channel, note, stack.velocityOf(note));
    } else {
      const sounding = this.allocator.noteOf(voice);
      if (sounding == note && !struck) return;
      if (sounding != note) {
        this.allocator.rename(voice, note);
        unchecked(this.voices[voice]).changeNote(note);
      }
      if (!unchecked(this.channels[channel]).legato) unchecked(this.voices[voice]).attack();
    }
  }

  private heldVoice(channel: i32): i32 {
    for (let i = 0; i < VOICE_COUNT; i++) {
      if (this.allocator.channelOf(i) == channel && this.allocator.stateOf(i) == VoiceState.Held) return i;
    }
    return NO_VOICE;
  }

  private start(channel: i32, note: i32, velocity: i32): void {
    const index = this.take(channel, note, channel);
    if (index == NO_VOICE) return;
    const state = unchecked(this.channels[channel]);
    const strength = state.soft ? max<i32>(<i32>(<f32>velocity * SOFT_VELOCITY), 1) : velocity;
    const voice = unchecked(this.voices[index]);
    voice.start(timbreOfProgram(state.program), note, strength, state.soft ? SOFT_BRIGHTNESS : 0);
    if (voice.usesLadder && this.ladders() > LADDER_VOICES) voice.spareLadder();
  }

  private strike(note: i32, velocity: i32): void {
    const drum = drumOfNote(note);
    if (drum.chokeGroup != 0) this.choke(note, drum.chokeGroup);
    const strip = drum.pan == DrumPan.Left ? DRUM_LEFT : drum.pan == DrumPan.Right ? DRUM_RIGHT : DRUM_CHANNEL;
    const index = this.take(DRUM_CHANNEL, note, strip);
    if (index == NO_VOICE) return;
    unchecked(this.voices[index]).start(timbreOfDrum(drum), drum.pitch, velocity, 0);
    this.allocator.release(index); // a drum rings by itself, and gives way before a held note does
  }

  private choke(note: i32, group: u8): void {
    for (let i = 0; i < VOICE_COUNT; i++) {
      if (this.allocator.channelOf(i) != DRUM_CHANNEL || this.allocator.stateOf(i) == VoiceState.Free) continue;
      const other = this.allocator.noteOf(i);
      if (other != note && drumOfNote(other).chokeGroup == group) unchecked(this.voices[i]).choke();
    }
  }

  /** A voice for a note, silent and on its strip; what it sounded until now dies away as residue. */
  private take(channel: i32, note: i32, stripIndex: i32): i32 {
    if (this.allocator.activeCount == VOICE_COUNT) {
      // one may have to give way: which is the quietest?
      for (let i = 0; i < VOICE_COUNT; i++) this.allocator.setLevel(i, unchecked(this.voices[i]).loudness());
    }
    const index = this.allocator.allocate(channel, note);
    if (index == NO_VOICE) return NO_VOICE;
    const voice = unchecked(this.voices[index]);
    if (this.allocator.stolen || this.allocator.retriggered) this.cut(index);
    const strip = unchecked(this.strips[stripIndex]);
    voice.strip = strip;
    voice.channel = unchecked(this.modulations[channel]);
    strip.voices |= (<u64>1) << index;
    this.sounding |= 1 << stripIndex;
    return index;
  }

  private cut(index: i32): void {
    const voice = unchecked(this.voices[index]);
    voice.strip.residue.add(voice.cut());
    voice.strip.voices &= ~((<u64>1) << index);
  }

  private free(index: i32): void {
    this.cut(index);
    this.allocator.free(index);
  }

  private end(channel: i32, note: i32): void {
    const index = this.allocator.find(channel, note);
    if (index != NO_VOICE) this.releaseVoice(index);
  }

  private releaseVoice(index: i32): void {
    if (this.allocator.release(index)) unchecked(this.voices[index]).release();
  }

  /** Hands a channel's controllers to its strips and voices. */
  private follow(channel: i32): void {
    this.followMix(channel);
    this.followModulation(channel);
  }

  private followModulation(channel: i32): void {
    const state = unchecked(this.channels[channel]);
    const modulation = unchecked(this.modulations[channel]);
    const pressure = <f32>state.pressure * PER_STEP;
    modulation.pitch = state.pitchOffset();
    modulation.vibrato = <f32>state.modulation * (PER_STEP * WHEEL_VIBRATO) + pressure * PRESSURE_VIBRATO;
    modulation.brightness = (<f32>state.brightness - 64) * (BRIGHTNESS_RANGE / 64) + pressure * PRESSURE_BRIGHTNESS;
    modulation.resonance = (<f32>state.resonance - 64) * <f32>(1.0 / 96.0);
    modulation.glide = 0;
    if (state.portamento && state.portamentoTime > 0) {
      const time = <f32>state.portamentoTime * PER_STEP;
      modulation.glide = exp2((-7 * <f32>CONTROL_FRAMES) / (time * time * GLIDE_SECONDS * <f32>this.sampleRate));
    }
  }

  private followMix(channel: i32): void {
    const state = unchecked(this.channels[channel]);
    unchecked(this.strips[channel]).follow(state, 0);
    if (channel == DRUM_CHANNEL) {
      unchecked(this.strips[DRUM_LEFT]).follow(state, -DRUM_PAN);
      unchecked(this.strips[DRUM_RIGHT]).follow(state, DRUM_PAN);
    }
  }

  render(out: usize, frameCount: i32): void {
    // @bound(BLOCK_FRAMES / CONTROL_FRAMES + 1, BYTES_A_BLOCK + (BLOCK_FRAMES + CONTROL_FRAMES - 1) / CONTROL_FRAMES in all)
    while (frameCount > 0) {
      const toControl = framesToControl(this.frame);
      if (toControl == <i32>CONTROL_FRAMES) {
        // @max((BLOCK_FRAMES + CONTROL_FRAMES - 1) / CONTROL_FRAMES)
        this.controlPoint();
      } else this.controlFresh(toControl);
      const count = min<i32>(frameCount, toControl);
      // @sum(BLOCK_FRAMES)
      this.renderStretch(out, count);
      this.frame += count;
      advanceLfo(this.vibrato, count);
      advanceLfo(this.sweep, count);
      out += <usize>count << 2;
      frameCount -= count;
    }
  }

  private controlPoint(): void {
    this.master.control();
    if (this.sounding == 0) return;
    this.context.vibrato = lfoValue(this.vibrato);
    this.context.sweep = lfoValue(this.sweep);
    for (let i = 0; i < VOICE_COUNT; i++) {
      if (this.allocator.stateOf(i) == VoiceState.Free) continue;
      const voice = unchecked(this.voices[i]);
      if (voice.isOver()) this.free(i);
      else voice.control();
    }
    // @bound(STRIPS)
    for (let rest = this.sounding; rest != 0; rest &= rest - 1) {
      const i = <i32>ctz(rest);
      const strip = unchecked(this.strips[i]);
      strip.control();
      if (strip.isSilent()) this.sounding &= ~(1 << i);
    }
  }

  private controlFresh(framesLeft: i32): void {
    for (let i = 0; i < VOICE_COUNT; i++) {
      if (this.allocator.stateOf(i) != VoiceState.Free) unchecked(this.voices[i]).controlIfFresh(framesLeft);
    }
  }

  /** Voices that sound through the ladder. */
  private ladders(): i32 {
    let count = 0;
    for (let i = 0; i < VOICE_COUNT; i++) if (this.allocator.stateOf(i) != VoiceState.Free && unchecked(this.voices[i]).usesLadder) count++;
    return count;
  }

  /** Renders up to the next control point. */
  private renderStretch(out: usize, frameCount: i32): void {
    const mix = this.mix;
    mix.clear();
    // @bound(STRIPS)
    for (let rest = this.sounding; rest != 0; rest &= rest - 1) {
      const strip = unchecked(this.strips[<i32>ctz(rest)]);
      // @bound(VOICE_COUNT) @uses(1 of VOICE_COUNT)
      for (let voices = strip.voices; voices != 0; voices &= voices - 1) unchecked(this.voices[<i32>ctz(voices)]).render(mix.bus, frameCount);
      strip.mixInto(mix, frameCount);
    }
    this.master.render(mix, out, frameCount);
  }
}

let synth: Synth = changetype<Synth>(0);

/**
 * Builds the synth; once, at start, before anything else here.
 * @param sampleRate true frames a second
 */
export function engineInit(sampleRate: f64): void {
  synth = new Synth(sampleRate);
}

/** Applies a MIDI message (status | data1 << 8 | data2 << 16) before the next frame. System messages but reset are ignored. */
export function engineMessage(message: u32): void {
  synth.message(message);
}

/** Silences every voice at once, as All Sound Off on every channel does; for a wire that has gone dead. */
export function engineSilence(): void {
  synth.silence(); // @max(1) a wire goes dead once in 300 ms
}

/** Tells the absolute number of the frame that is rendered next; control points lie at its multiples of CONTROL_FRAMES. */
export function engineSeek(frame: u32): void {
  synth.frame = frame;
}

/**
 * Renders frames and moves on by them.
 * @param out interleaved stereo i16, 4 bytes a frame, 4-aligned
 */
export function engineRender(out: usize, frameCount: i32): void {
  synth.render(out, frameCount);
}
