// SPDX-License-Identifier: MIT
// The demo synth: sixteen MIDI channels on a fixed number of voices, drums on channel 10, mixed through chorus, delay and reverb.
//
// Notes start, and end with their keys, at their very frame. Controllers, pedals among them, take effect at control points, absolute frames that are multiples
// of CONTROL_FRAMES: strips follow, one at each, and gains glide there; a voice ends at its own next one, every other of them. So the sound does not depend
// on how rendering is cut into blocks.
//
// What concerns many channels or voices at once, a reset, All Sound Off, a wire that goes dead, is marked in a word with a bit for each, and done for each in its
// turn: when the next message of the channel comes, and at the voice's control point. So no message is dear, and as many may come as will.
//
// Frames are rendered in stretches, from control point to control point. Messages of a stretch are applied before it is rendered: one that changes a voice
// has that voice render the frames before it, which are put aside (fragments.ts). What a block takes is bounded by voices then, and not by messages.

import { clearBlock, CONTROL_FRAMES, framesToControl } from "../../audio/block";
import { advanceLfo, Lfo, LfoShape, lfoValue } from "../../audio/lfo";
import { exp2, initTuning } from "../../audio/tuning";
import { buildWavetable, WAVETABLE_BYTES } from "../../audio/wavetable";
import { NO_VOICE, VoiceAllocator } from "../../voice/allocator";
import { Channel, ChannelAction, releasedNotes } from "../../voice/channel";
import { NO_NOTE, NoteStack } from "../../voice/note-stack";
import { BLOCK_FRAMES, DRUM_CHANNEL, HELD_KEYS, MESSAGES_A_BLOCK, MONO_PRIORITY, STEAL_POLICY, VOICE_CONTROL_FRAMES, VOICE_COUNT } from "./config";
import { Drum, drumOfNote, DrumPan, drumTimbres, FIRST_DRUM, LAST_DRUM } from "./drums";
import { Fragment, FRAGMENTS } from "./fragments";
import { MasterSection } from "./master";
import { MixBuffers } from "./mix-buffers";
import { ChannelModulation, modulate, PER_STEP, PRESSURE_VIBRATO } from "./modulation";
import { BUDGET, CHORUS_PRICE, DEAREST, ECHO_PRICE, ROOM, STRIDE_PRICE, STRIP_PRICE, VOICE_PRICE } from "./prices";
import { Remains } from "./remains";
import { Sound, Sounds } from "./sound";
import { Strip } from "./strip";
import { timbreOfProgram, timbres } from "./timbres";
import { renderUpTo, Voice, VoiceContext } from "./voice";

const CHANNELS = 16;
const ALL_CHANNELS: u32 = (1 << CHANNELS) - 1;
/** The drum channel has two strips more, to its left and right. */
const DRUM_LEFT = 16;
const DRUM_RIGHT = 17;
const STRIPS = 18;
const DRUM_PAN: i32 = 36;
const ALL_STRIPS: u32 = (1 << STRIPS) - 1;

/** Voices, or strips, of odd number, one bit each. */
const ODD: u32 = 0xaaaaaaaa;

const VIBRATO_HERTZ: f64 = 5.6;
const SWEEP_HERTZ: f64 = 0.43;
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
  /** Strips whose channel's controllers have moved since strip and voices were told, one bit each. */
  private stale: u32 = ALL_STRIPS;
  /** Strips that send to the chorus, and to the echo, one bit each. */
  private chorused: u32 = 0;
  private echoed: u32 = 0;
  /** The first strip to be told next, of those that are stale. */
  private followNext: i32 = 0;
  /** Whether a strip has been told in this control period: one is enough, as a wire brings the controllers of another channel no faster. */
  private hasFollowed: bool = false;
  /** Channels to be powered up, and channels to forget their notes, before anything else is done with them, one bit each. */
  private unset: u32 = 0;
  private lapsed: u32 = 0;
  /** Voices that are cut, that end as their keys would end them, and that fall silent in a moment, each at its next control point, one bit each. */
  private cutting: u32 = 0;
  private releasing: u32 = 0;
  private choking: u32 = 0;
  /** Voices whose keys are pressed no more, from their next control point on, one bit each. */
  private easing: u32 = 0;
  /** Nothing has come since the last reset. */
  private isReset: bool = true;
  /** Absolute frame that is rendered next. */
  private frame: u32 = 0;
  /** Frames of the stretch's first one from the control point from which the strips' gains go on. */
  private sinceControl: i32 = 0;
  private fragments: StaticArray<Fragment> = new StaticArray<Fragment>(FRAGMENTS);
  private fragmentCount: i32 = 0;
  private allocator: VoiceAllocator = new VoiceAllocator(VOICE_COUNT, STEAL_POLICY);
  private channels: StaticArray<Channel> = new StaticArray<Channel>(CHANNELS);
  private modulations: StaticArray<ChannelModulation> = new StaticArray<ChannelModulation>(CHANNELS);
  private stacks: StaticArray<NoteStack> = new StaticArray<NoteStack>(CHANNELS);
  private strips: StaticArray<Strip> = new StaticArray<Strip>(STRIPS);
  private voices: StaticArray<Voice> = new StaticArray<Voice>(VOICE_COUNT);
  private sounds: Sounds;
  private drumSounds: Sounds;
  private context: VoiceContext;
  private vibrato: Lfo = new Lfo(1);
  private sweep: Lfo = new Lfo(2);
  private mix: MixBuffers = new MixBuffers();
  private remains: Remains;
  private master: MasterSection;
  /** Octaves that VOICE_CONTROL_FRAMES add to the way left of the longest glide. */
  private readonly glideScale: f32;

  constructor(sampleRate: f64) {
    this.glideScale = (-7 * <f32>VOICE_CONTROL_FRAMES) / (GLIDE_SECONDS * <f32>sampleRate);
    initTuning(sampleRate);
    this.sounds = new Sounds(timbres, <f32>sampleRate);
    this.drumSounds = new Sounds(drumTimbres, <f32>sampleRate);
    const organWave = memory.data(WAVETABLE_BYTES, 4);
    buildWavetable(organWave, changetype<usize>(organHarmonics), organHarmonics.length);
    this.context = new VoiceContext(<f32>sampleRate, organWave);
    this.master = new MasterSection(sampleRate);
    this.remains = new Remains(sampleRate);
    this.vibrato.increment = <u32>((VIBRATO_HERTZ / sampleRate) * 4294967296.0);
    this.sweep.increment = <u32>((SWEEP_HERTZ / sampleRate) * 4294967296.0);
    this.sweep.shape = LfoShape.TRIANGLE;
    for (let i = 0; i < FRAGMENTS; i++) unchecked(this.fragments[i] = new Fragment());
    for (let i = 0; i < STRIPS; i++) unchecked(this.strips[i] = new Strip());
    for (let i = 0; i < CHANNELS; i++) {
      unchecked(this.channels[i] = new Channel());
      unchecked(this.modulations[i] = new ChannelModulation());
      unchecked(this.stacks[i] = new NoteStack(HELD_KEYS));
    }
    for (let i = 0; i < VOICE_COUNT; i++) unchecked(this.voices[i] = new Voice(this.context, this.modulations[0], 0x9e3779b9 * <u32>(i + 1)));
  }

  /**
   * Goes to a frame, before the messages of the stretch that begins there.
   * @returns frames to the next control point: the stretch ends there at the latest
   */
  begin(frame: u32): i32 {
    this.frame = frame;
    const toControl = framesToControl(frame);
    this.context.toControl = toControl;
    if (toControl == <i32>CONTROL_FRAMES) {
      this.controlPoint();
      this.sinceControl = 0;
    }
    return toControl;
  }

  /** Whether a message can be applied amid the stretch; if not, it has to end before the message. */
  get hasRoom(): bool {
    return this.fragmentCount < FRAGMENTS;
  }

  /** Applies a message at frame `at` of the stretch, which does not go back. */
  message(message: u32, at: i32): void {
    const status = message & 0xff;
    if (status >= 0xf0) {
      if (status == 0xff && !this.isReset) this.reset();
      return;
    }
    this.isReset = false;
    const channel = <i32>(status & 0x0f);
    const data1 = <i32>((message >> 8) & 0x7f);
    this.settle(channel);
    switch (status >> 4) {
      case 0xc: unchecked(this.channels[channel]).program = <u8>data1; break;
      case 0xd:
        unchecked(this.channels[channel]).pressure = <u8>data1;
        this.stale |= this.stripsOf(channel);
        break;
      default: this.longMessage(status >> 4, channel, data1, <i32>((message >> 16) & 0x7f), at); // @max(MESSAGES_A_BLOCK)
    }
  }

  /** A message of two data bytes. */
  private longMessage(kind: u32, channel: i32, data1: i32, data2: i32, at: i32): void {
    switch (kind) {
      case 0x8: this.noteOff(channel, data1, at); break;
      case 0x9:
        if (data2 == 0) this.noteOff(channel, data1, at);
        else this.noteOn(channel, data1, data2, at);
        break;
      case 0xa: this.keyPressure(channel, data1, data2); break;
      case 0xb: this.control(channel, data1, data2, at); break;
      case 0xe:
        unchecked(this.channels[channel]).pitchBend = <u16>(data1 | (data2 << 7));
        this.stale |= this.stripsOf(channel);
        break;
    }
  }

  /** Every voice is cut at its next control point, every note is forgotten; controllers stay. */
  silence(): void {
    this.lapsed = ALL_CHANNELS;
    this.cutVoices(this.allocator.active);
  }

  private reset(): void {
    this.isReset = true;
    this.unset = ALL_CHANNELS;
    this.stale = ALL_STRIPS;
    this.cutVoices(this.allocator.active);
  }

  // @ts-ignore: decorator
  @inline
  private stripsOf(channel: i32): u32 {
    return channel == DRUM_CHANNEL ? (1 << DRUM_CHANNEL) | (1 << DRUM_LEFT) | (1 << DRUM_RIGHT) : 1 << channel;
  }

  private cutVoices(voices: u64): void {
    this.allocator.releaseAll(voices);
    this.cutting |= <u32>voices;
  }

  /** Does for a channel what was put off: called before it is looked at, so that what concerns all of them need not go through all of them. */
  private settle(channel: i32): void {
    const bit = 1 << channel;
    if (((this.unset | this.lapsed) & bit) == 0) return;
    if (this.unset & bit) unchecked(this.channels[channel]).powerUp();
    else unchecked(this.channels[channel]).forgetNotes();
    unchecked(this.stacks[channel]).clear();
    this.unset &= ~bit;
    this.lapsed &= ~bit;
  }

  private noteOn(channel: i32, note: i32, velocity: i32, at: i32): void {
    if (channel == DRUM_CHANNEL) {
      if (note >= FIRST_DRUM && note <= LAST_DRUM) this.strike(note, velocity, at);
      return;
    }
    const state = unchecked(this.channels[channel]);
    state.noteOn(note);
    if (!state.mono) {
      this.start(channel, note, velocity, at);
      return;
    }
    const stack = unchecked(this.stacks[channel]);
    stack.press(note, velocity);
    this.followStack(channel, (stack.winner(MONO_PRIORITY) & 0x7f) == note, at);
  }

  private noteOff(channel: i32, note: i32, at: i32): void {
    if (channel != DRUM_CHANNEL && unchecked(this.channels[channel]).noteOff(note)) {
      if (unchecked(this.channels[channel]).mono) {
        unchecked(this.stacks[channel]).release(note);
        this.followStack(channel, false, at);
      } else {
        const index = this.allocator.find(channel, note);
        if (index != NO_VOICE) this.releaseVoice(index, at);
      }
    }
  }

  private keyPressure(channel: i32, note: i32, pressure: i32): void {
    const voice = this.allocator.find(channel, note);
    if (voice == NO_VOICE) return;
    unchecked(this.voices[voice]).pressure = <f32>pressure * (PRESSURE_VIBRATO / 127);
    this.easing &= ~(1 << voice);
  }

  private control(channel: i32, controller: i32, value: i32, at: i32): void {
    const state = unchecked(this.channels[channel]);
    const action = state.control(controller, value);
    this.stale |= this.stripsOf(channel);
    if (controller == 126 || controller == 127) unchecked(this.stacks[channel]).clear(); // the notes of the old mode have ended
    if (action == ChannelAction.None) return;
    const stack = unchecked(this.stacks[channel]);
    if (action & ChannelAction.Silence) {
      stack.clear();
      this.cutVoices(this.allocator.voicesOf(channel));
      return;
    }
    if (action & ChannelAction.ClearPressure) this.easing |= <u32>this.allocator.voicesOf(channel);
    if ((action & ChannelAction.Release) == 0) return;
    if (stack.length > 0) {
      // a mono channel goes by its stack
      stack.releaseAll(releasedNotes);
      this.followStack(channel, false, at);
      return;
    }
    // @bound(VOICE_COUNT)
    for (let rest = <u32>(this.allocator.voicesOf(channel) & this.allocator.held); rest != 0; rest &= rest - 1) {
      const i = <i32>ctz(rest);
      if (!releasedNotes.has(this.allocator.noteOf(i))) continue;
      this.allocator.release(i);
      this.releasing |= 1 << i;
    }
  }

  /** Brings the voice of a mono channel to the note that its stack says; `struck` if that one's key has just gone down. */
  private followStack(channel: i32, struck: bool, at: i32): void {
    const stack = unchecked(this.stacks[channel]);
    const key = stack.winner(MONO_PRIORITY);
    const note = key & 0x7f;
    const voice = this.allocator.heldOn(channel);
    if (key == NO_NOTE) {
      if (voice != NO_VOICE) this.releaseVoice(voice, at);
    } else if (voice == NO_VOICE) {
      this.start(channel, note, key >> 8, at);
    } else {
      const sounding = this.allocator.noteOf(voice);
      if (sounding == note && !struck) return;
      this.putAside(voice, at);
      if (sounding != note) {
        this.allocator.rename(voice, note);
        unchecked(this.voices[voice]).changeNote(note);
      }
      if (unchecked(this.channels[channel]).legato) return;
      this.spare(voice);
      unchecked(this.voices[voice]).attack();
      unchecked(this.voices[voice]).update(this.framesLeft(voice, at));
    }
  }

  private start(channel: i32, note: i32, velocity: i32, at: i32): void {
    if ((this.stale >> channel) & 1) this.follow(channel);
    const state = unchecked(this.channels[channel]);
    const sound = this.sounds.at(timbreOfProgram(state.program));
    const index = this.take(channel, note, channel, sound, at);
    if (index == NO_VOICE) return;
    const strength = state.soft ? max<i32>(<i32>(<f32>velocity * SOFT_VELOCITY), 1) : velocity;
    const voice = unchecked(this.voices[index]);
    voice.start(sound, note, strength, state.soft ? SOFT_BRIGHTNESS : 0, this.allocator.priceOf(index) < <i32>sound.price);
    voice.update(this.framesLeft(index, at));
  }

  private strike(note: i32, velocity: i32, at: i32): void {
    const drum = drumOfNote(note);
    if (drum.chokeGroup != 0) this.chokeGroup(drum.chokeGroup);
    const strip = drum.pan == DrumPan.Left ? DRUM_LEFT : drum.pan == DrumPan.Right ? DRUM_RIGHT : DRUM_CHANNEL;
    if ((this.stale >> strip) & 1) this.follow(strip);
    const sound = this.drumSounds.at(drum.timbre);
    const index = this.take(DRUM_CHANNEL, note, strip, sound, at);
    if (index == NO_VOICE) return;
    const voice = unchecked(this.voices[index]);
    voice.start(sound, drum.pitch, velocity, 0, false);
    voice.chokeGroup = drum.chokeGroup;
    voice.update(this.framesLeft(index, at));
    this.allocator.release(index); // a drum rings by itself, and gives way before a held note does
  }

  private chokeGroup(group: u8): void {
    // @bound(VOICE_COUNT)
    for (let rest = <u32>this.allocator.voicesOf(DRUM_CHANNEL); rest != 0; rest &= rest - 1) {
      const i = <i32>ctz(rest);
      if (unchecked(this.voices[i]).chokeGroup == group) this.choking |= 1 << i;
    }
  }

  /** A voice for a note, silent and on its strip; what it sounded until now dies away. */
  private take(channel: i32, note: i32, stripIndex: i32, sound: Sound, at: i32): i32 {
    this.allocator.budget = this.budgetOf(this.sounding | (1 << stripIndex));
    const index = this.allocator.allocate(channel, note, sound.price, sound.sparedPrice);
    if (index == NO_VOICE) return NO_VOICE;
    const voice = unchecked(this.voices[index]);
    if (this.allocator.stolen || this.allocator.retriggered) this.cut(index, at);
    this.spare(index);
    this.easing &= ~(1 << index);
    const strip = unchecked(this.strips[stripIndex]);
    voice.strip = stripIndex;
    voice.channel = unchecked(this.modulations[channel]);
    voice.position = <u8>at;
    strip.voices |= 1 << index;
    if (((this.sounding >> stripIndex) & 1) == 0) strip.open(<u8>at);
    this.sounding |= 1 << stripIndex;
    return index;
  }

  /** What voices may cost while these strips sound. */
  private budgetOf(strips: u32): i32 {
    return BUDGET - STRIP_PRICE * popcnt<i32>(strips) - (this.hasChorus ? CHORUS_PRICE : 0) - (this.hasEcho ? ECHO_PRICE : 0);
  }

  private get hasChorus(): bool {
    return this.chorused != 0 || this.master.chorusRings;
  }

  private get hasEcho(): bool {
    return this.echoed != 0 || this.master.echoRings;
  }

  /** A new attack: what was to end the voice ends it no more. */
  private spare(index: i32): void {
    const others = ~(1 << index);
    this.cutting &= others;
    this.releasing &= others;
    this.choking &= others;
  }

  /** Renders a voice up to frame `at` of the stretch, where it is to change, and puts that aside. */
  private putAside(index: i32, at: i32): void {
    if (<i32>unchecked(this.voices[index]).position < at) this.addFragment(index, at);
  }

  private addFragment(index: i32, at: i32): Fragment {
    const voice = unchecked(this.voices[index]);
    const fragment = unchecked(this.fragments[this.fragmentCount++]);
    fragment.voice = index;
    fragment.strip = voice.strip;
    fragment.from = voice.position;
    fragment.to = at;
    fragment.cut = 0;
    // Messages lie as far apart as a stretch is long, nearly: of two, the first lies at its begin.
    const frames = min<u32>(at, CONTROL_FRAMES);
    clearBlock(fragment.samples, frames); // @sum(BLOCK_FRAMES + MESSAGES_A_BLOCK - 1)
    renderUpTo(voice, fragment.blocks, frames, DEAREST); // @sum(BLOCK_FRAMES + MESSAGES_A_BLOCK - 1)
    unchecked(this.strips[voice.strip]).fragments |= 1 << index;
    return fragment;
  }

  /** Takes a voice from its note at frame `at` of the stretch; its last level dies away by itself. */
  private cut(index: i32, at: i32): void {
    const voice = unchecked(this.voices[index]);
    const strip = unchecked(this.strips[voice.strip]);
    strip.voices &= ~(1 << index);
    if (at == 0) this.remains.add(voice.cut(), strip, this.sinceControlOf(voice.strip));
    else {
      const fragment = this.addFragment(index, at);
      fragment.cut = voice.cut();
    }
  }

  /** A voice that is over gives its place back: there is nothing left of it. */
  private leave(index: i32): void {
    const voice = unchecked(this.voices[index]);
    unchecked(this.strips[voice.strip]).voices &= ~(1 << index);
    this.allocator.free(index);
  }

  private releaseVoice(index: i32, at: i32): void {
    if (!this.allocator.release(index)) return;
    this.putAside(index, at);
    unchecked(this.voices[index]).release();
  }

  /** Whether a control point, or the last one before a frame, is that of voices of odd number: 1 or 0. */
  // @ts-ignore: decorator
  @inline
  private turnAt(frame: u32): i32 {
    return (frame / CONTROL_FRAMES) & 1;
  }

  /** Frames from one of the stretch to the next control point of a voice. */
  private framesLeft(index: i32, at: i32): i32 {
    const frame = this.frame + at;
    return framesToControl(frame) + (this.turnAt(frame) == (index & 1) ? <i32>CONTROL_FRAMES : 0);
  }

  /** Frames from a strip's last control point to the first one of the stretch. */
  private sinceControlOf(strip: i32): i32 {
    return this.sinceControl + (this.turnAt(this.frame) == (strip & 1) ? 0 : <i32>CONTROL_FRAMES);
  }

  /** Lets a strip send to the effects that its channel wants, if there is room for those that nothing sends to yet; else it is told again later. */
  private openEffects(bit: u32, channel: Channel): void {
    this.chorused &= ~bit;
    this.echoed &= ~bit;
    if ((channel.chorusSend | channel.delaySend) == 0) return;
    let room = this.budgetOf(this.sounding) - this.allocator.spent;
    if (channel.chorusSend != 0) {
      if (!this.hasChorus) room -= CHORUS_PRICE;
      if (room >= 0) this.chorused |= bit;
      else this.stale |= bit;
    }
    if (channel.delaySend != 0) {
      if (!this.hasEcho) room -= ECHO_PRICE;
      if (room >= 0) this.echoed |= bit;
      else this.stale |= bit;
    }
  }

  /** Hands a channel's controllers to a strip of it, and to its voices. */
  private follow(index: i32): void {
    this.hasFollowed = true; // for the notes that start, or once. @max(MESSAGES_A_BLOCK)
    const channel = index < CHANNELS ? index : DRUM_CHANNEL;
    this.stale &= ~(1 << index);
    const state = unchecked(this.channels[channel]);
    this.openEffects(1 << index, state);
    unchecked(this.strips[index]).follow(
      state, index == DRUM_LEFT ? -DRUM_PAN : index == DRUM_RIGHT ? DRUM_PAN : 0, ((this.chorused >> index) & 1) != 0, ((this.echoed >> index) & 1) != 0,
    );
    const modulation = unchecked(this.modulations[channel]);
    modulation.pitch = state.pitchOffset();
    modulate(modulation, state);
    modulation.glide = 0;
    if (state.portamento && state.portamentoTime > 0) {
      const time = <f32>state.portamentoTime * PER_STEP;
      modulation.glide = exp2(this.glideScale / (time * time));
    }
  }

  private controlPoint(): void {
    this.master.control();
    this.remains.settle();
    if (this.sounding == 0) return;
    this.context.vibrato = lfoValue(this.vibrato);
    this.context.sweep = lfoValue(this.sweep);
    const turn = this.turnAt(this.frame);
    const active = <u32>this.allocator.active;
    for (let i = turn; i < VOICE_COUNT; i += 2) if ((active >> i) & 1) this.controlVoice(i, 1 << i);
    // what was to be done with these voices is done
    const others: u32 = turn == 0 ? ODD : ~ODD;
    this.cutting &= others;
    this.releasing &= others;
    this.choking &= others;
    this.easing &= others;
    // @bound(STRIPS / 2)
    for (let rest = this.sounding & ~others; rest != 0; rest &= rest - 1) {
      const i = <i32>ctz(rest);
      if (unchecked(this.strips[i]).isSilent()) this.sounding &= ~(1 << i);
    }
  }

  /** After the last stretch before a control point: what strips do there, ahead of time, as a part of what they cost. */
  // @ts-ignore: decorator
  @inline
  private strideStrips(next: u32): void {
    if (this.stale != 0 && !this.hasFollowed) {
      const later = this.stale & (ALL_STRIPS << this.followNext);
      const strip = <i32>ctz(later != 0 ? later : this.stale);
      this.followNext = strip + 1;
      this.settle(strip < CHANNELS ? strip : DRUM_CHANNEL);
      this.follow(strip);
    }
    this.hasFollowed = false;
    // @bound(STRIPS / 2)
    for (let rest = this.sounding & (this.turnAt(next) == 0 ? ~ODD : ODD); rest != 0; rest &= rest - 1) {
      unchecked(this.strips[<i32>ctz(rest)]).advance(); // @uses(STRIDE_PRICE of room)
    }
  }

  private controlVoice(index: i32, bit: u32): void {
    const voice = unchecked(this.voices[index]);
    if (voice.isOver()) {
      this.leave(index);
      return;
    }
    if (this.cutting & bit) voice.cease();
    else if (this.choking & bit) voice.choke();
    else if (this.releasing & bit) voice.release();
    if (this.easing & bit) voice.pressure = 0;
    voice.control();
    this.allocator.setLevel(index, voice.loudness()); // for who gives way
  }

  /** Renders a stretch: frames up to the next control point at most. @param room what all of it may take, by its prices */
  renderStretch(out: usize, frameCount: i32, room: i32): void {
    const mix = this.mix;
    mix.clear();
    // @bound(STRIPS)
    for (let strips = this.sounding; strips != 0; strips &= strips - 1) {
      // @uses(STRIP_PRICE - STRIDE_PRICE of room)
      const index = <i32>ctz(strips);
      const strip = unchecked(this.strips[index]);
      // @bound(VOICE_COUNT) @uses(1 of VOICE_COUNT + FRAGMENTS)
      for (let rest = strip.voices | strip.fragments; rest != 0; rest &= rest - 1) {
        const i = <i32>ctz(rest); // @uses(VOICE_PRICE of room)
        if ((strip.fragments >> i) & 1) this.mixFragments(i, index);
        if ((strip.voices >> i) & 1) this.renderVoice(i, frameCount);
      }
      strip.mixInto(mix, frameCount);
    }
    this.mixRemains(frameCount);
    if (frameCount == this.context.toControl) this.strideStrips(this.frame + frameCount);
    this.fragmentCount = 0;
    this.sinceControl += frameCount;
    this.master.render(mix, out, frameCount);
    advanceLfo(this.vibrato, frameCount);
    advanceLfo(this.sweep, frameCount);
  }

  // @ts-ignore: decorator
  @inline
  private renderVoice(index: i32, frameCount: i32): void {
    const voice = unchecked(this.voices[index]);
    voice.renderTo(this.mix.voice, frameCount);
    voice.position = 0;
  }

  /** Adds what a voice has left on a strip to the bus. */
  private mixFragments(voice: i32, strip: i32): void {
    // @bound(FRAGMENTS)
    for (let i = 0; i < this.fragmentCount; i++) {
      const fragment = unchecked(this.fragments[i]);
      if (fragment.voice != voice || fragment.strip != strip) continue;
      const end = this.mix.bus + (<usize>fragment.to << 2); // each once: @uses(1 of FRAGMENTS)
      let from = fragment.samples + (<usize>fragment.from << 2);
      // As many frames as voices have rendered for them. @bound(CONTROL_FRAMES, BLOCK_FRAMES + MESSAGES_A_BLOCK - 1 in all)
      for (let at = this.mix.bus + (<usize>fragment.from << 2); at < end; at += 4, from += 4) store<f32>(at, load<f32>(at) + load<f32>(from));
    }
  }

  /** Adds what is left of voices that were cut, before the stretch and in it. */
  // @ts-ignore: decorator
  @inline
  private mixRemains(frameCount: i32): void {
    let from = 0;
    // Up to each cut, and on to the end. @bound(FRAGMENTS + 1)
    for (let i = 0; i <= this.fragmentCount; i++) {
      const isLast = i == this.fragmentCount;
      const fragment = unchecked(this.fragments[min<i32>(i, FRAGMENTS - 1)]);
      if (!isLast && fragment.cut == 0) continue;
      const to = isLast ? frameCount : fragment.to;
      this.remains.mixInto(this.mix, from, min<u32>(to - from, CONTROL_FRAMES));
      if (!isLast) this.remains.add(fragment.cut, unchecked(this.strips[fragment.strip]), this.sinceControlOf(fragment.strip) + to);
      from = to;
    }
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

/**
 * Goes to an absolute frame: control points lie at the multiples of CONTROL_FRAMES. What follows are the messages of the stretch of frames that begins there,
 * then the stretch.
 * @returns frames that can be rendered in one stretch
 */
export function engineBegin(frame: u32): i32 {
  return synth.begin(frame);
}

/** Whether another message can be applied at a frame of the stretch other than its first; if not, the stretch has to end there. */
export function engineHasRoom(): bool {
  return synth.hasRoom;
}

/**
 * Applies a MIDI message (status | data1 << 8 | data2 << 16) before a frame of the stretch. System messages but reset are ignored.
 * @param at 0 for the first one; never less than the last message's
 */
export function engineMessage(message: u32, at: i32): void {
  synth.message(message, at);
}

/** Cuts every voice at its next control point, as All Sound Off on every channel does, before a stretch begins; for a wire that has gone dead. */
export function engineSilence(): void {
  synth.silence();
}

/**
 * Renders a stretch.
 * @param out interleaved stereo i16, 4 bytes a frame, 4-aligned
 * @param frameCount 1 to what `engineBegin` said
 */
export function engineRender(out: usize, frameCount: i32): void {
  synth.renderStretch(out, frameCount, ROOM);
}
