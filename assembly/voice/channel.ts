// SPDX-License-Identifier: MIT
// State of one MIDI channel: controllers, registered parameters, and which notes keys and pedals hold (MIDI 1.0 Detailed Specification
// 4.2.1; RP-015 for Reset All Controllers; RP-018 for Data Increment and Decrement).

import { NoteSet } from "./note-set";

/** What a controller asks of whoever plays the voices; several may come at once. */
export const enum ChannelAction {
  None = 0,
  /** The notes in `releasedNotes` end now. */
  Release = 1,
  /** Every voice of the channel falls silent at once, whatever its envelope says. */
  Silence = 2,
  /** The pressure of every key and of the channel goes to 0. */
  ClearPressure = 4,
}

const RPN_PITCH_BEND_RANGE: u16 = 0x0000;
const RPN_FINE_TUNING: u16 = 0x0001;
const RPN_COARSE_TUNING: u16 = 0x0002;
const RPN_NULL: u16 = 0x3fff;

export const BEND_CENTRE: u16 = 8192;

/** The notes that end, after an action with `ChannelAction.Release`: valid until the next message of any channel. */
export const releasedNotes = new NoteSet();

@unmanaged
@final
export class Channel {
  program: u8 = 0;
  bankMsb: u8 = 0;
  bankLsb: u8 = 0;
  volume: u8 = 100;
  expression: u8 = 127;
  pan: u8 = 64;
  modulation: u8 = 0;
  pressure: u8 = 0;
  reverbSend: u8 = 40;
  chorusSend: u8 = 0;
  delaySend: u8 = 0;
  /** Controllers 71 and 74; 64 leaves the timbre as it is. */
  resonance: u8 = 64;
  brightness: u8 = 64;
  sustain: bool = false;
  sostenuto: bool = false;
  soft: bool = false;
  portamento: bool = false;
  portamentoTime: u8 = 0;
  /** Legato footswitch (68): mono mode then changes pitch without a new attack. */
  legato: bool = false;
  mono: bool = false;
  /** 0 to 16383, 8192 in the centre. */
  pitchBend: u16 = BEND_CENTRE;
  bendSemitones: u8 = 2;
  bendCents: u8 = 0;
  /** RPN 1, 0 to 16383: 8192 is none, the ends are a semitone down and (nearly) up. */
  fineTuning: u16 = 8192;
  /** RPN 2, semitones + 64. */
  coarseTuning: u8 = 64;
  private parameter: u16 = RPN_NULL;
  private keyBits: u64 = 0;
  private keyBitsAbove: u64 = 0;
  private sustainedBits: u64 = 0;
  private sustainedBitsAbove: u64 = 0;
  private capturedBits: u64 = 0;
  private capturedBitsAbove: u64 = 0;

  /** Keys that are down. */
  private get keys(): NoteSet {
    return changetype<NoteSet>(changetype<usize>(this) + offsetof<Channel>("keyBits"));
  }

  /** Notes whose keys came up while the sustain pedal was down. */
  private get sustained(): NoteSet {
    return changetype<NoteSet>(changetype<usize>(this) + offsetof<Channel>("sustainedBits"));
  }

  /** Notes whose keys were down when the sostenuto pedal went down. */
  private get captured(): NoteSet {
    return changetype<NoteSet>(changetype<usize>(this) + offsetof<Channel>("capturedBits"));
  }

  /** Puts every value back to that of power-up. No note is held afterwards. */
  powerUp(): void {
    const from = changetype<usize>(fresh);
    const to = changetype<usize>(this);
    for (let at: usize = 0; at < offsetof<Channel>(); at += 8) store<u64>(to + at, load<u64>(from + at));
  }

  /** A key goes down. */
  noteOn(note: i32): void {
    this.keys.add(note);
    this.sustained.remove(note);
  }

  /** A key comes up. Returns true if its note ends now, false if a pedal holds it (or the key was not down). */
  noteOff(note: i32): bool {
    if (!this.keys.has(note)) return false;
    this.keys.remove(note);
    if (this.sustain) this.sustained.add(note);
    return !this.sustain && !this.captured.has(note);
  }

  /** Whether a key or a pedal holds a note. */
  isHeld(note: i32): bool {
    return this.keys.has(note) || this.sustained.has(note) || this.captured.has(note);
  }

  isKeyDown(note: i32): bool {
    return this.keys.has(note);
  }

  /** Pitch offset of bend and tuning together, in semitones. */
  pitchOffset(): f32 {
    const bend = <i32>this.pitchBend - <i32>BEND_CENTRE;
    const range = <f32>this.bendSemitones + <f32>this.bendCents * <f32>0.01;
    // 8,192 steps down and 8,191 up: either end reaches the whole range
    const depth = <f32>bend * <f32>(bend > 0 ? 1.0 / 8191.0 : 1.0 / 8192.0);
    return depth * range + (<f32>this.fineTuning - 8192) * <f32>(1.0 / 8192.0) + (<f32>this.coarseTuning - 64);
  }

  /**
   * A control change or channel mode message. Returns what is to be done with the voices, `ChannelAction` bits.
   * @param controller 0 to 127
   * @param value 0 to 127
   */
  control(controller: i32, value: i32): i32 {
    const byte = <u8>value;
    switch (controller) {
      case 0: this.bankMsb = byte; break;
      case 1: this.modulation = byte; break;
      case 5: this.portamentoTime = byte; break;
      case 6: this.dataEntry(value, true); break;
      case 7: this.volume = byte; break;
      case 10: this.pan = byte; break;
      case 11: this.expression = byte; break;
      case 32: this.bankLsb = byte; break;
      case 38: this.dataEntry(value, false); break;
      case 64: return this.setSustain(value >= 64);
      case 65: this.portamento = value >= 64; break;
      case 66: return this.setSostenuto(value >= 64);
      case 67: this.soft = value >= 64; break;
      case 68: this.legato = value >= 64; break;
      case 71: this.resonance = byte; break;
      case 74: this.brightness = byte; break;
      case 91: this.reverbSend = byte; break;
      case 93: this.chorusSend = byte; break;
      case 94: this.delaySend = byte; break;
      case 96: this.dataStep(1); break;
      case 97: this.dataStep(-1); break;
      case 98: case 99: this.parameter = RPN_NULL; break; // a non-registered parameter: none is known here
      case 100: this.parameter = (this.parameter & 0x3f80) | <u16>value; break;
      case 101: this.parameter = (this.parameter & 0x7f) | (<u16>value << 7); break;
      case 120:
        this.forgetNotes();
        return ChannelAction.Silence;
      case 121: return this.resetControllers() | ChannelAction.ClearPressure;
      case 123: case 124: case 125: return this.allNotesOff();
      case 126: case 127:
        this.mono = controller == 126;
        return this.endAllNotes();
    }
    return ChannelAction.None;
  }

  /** All Notes Off: as if every key came up, so that the pedals still hold what they hold. */
  private allNotesOff(): i32 {
    releasedNotes.copyFrom(this.keys);
    if (this.sustain) {
      this.sustained.addAll(this.keys);
      releasedNotes.clear();
    } else {
      releasedNotes.removeAll(this.captured);
    }
    this.keys.clear();
    return releasedNotes.isEmpty() ? ChannelAction.None : ChannelAction.Release;
  }

  /** A change of mode ends every note, also those that pedals hold: the new mode would not find them. */
  private endAllNotes(): i32 {
    releasedNotes.copyFrom(this.keys);
    releasedNotes.addAll(this.sustained);
    releasedNotes.addAll(this.captured);
    this.forgetNotes();
    return releasedNotes.isEmpty() ? ChannelAction.None : ChannelAction.Release;
  }

  /** No key is down and no pedal holds anything any more. */
  forgetNotes(): void {
    this.keys.clear();
    this.sustained.clear();
    this.captured.clear();
  }

  private setSustain(down: bool): i32 {
    this.sustain = down;
    if (down) return ChannelAction.None;
    releasedNotes.copyFrom(this.sustained);
    releasedNotes.removeAll(this.captured);
    this.sustained.clear();
    return releasedNotes.isEmpty() ? ChannelAction.None : ChannelAction.Release;
  }

  private setSostenuto(down: bool): i32 {
    if (down == this.sostenuto) return ChannelAction.None;
    this.sostenuto = down;
    if (down) {
      this.captured.copyFrom(this.keys);
      return ChannelAction.None;
    }
    releasedNotes.copyFrom(this.captured);
    releasedNotes.removeAll(this.keys);
    this.captured.clear();
    if (this.sustain) {
      // also a note whose key came up before the sustain pedal went down: its damper is lifted by that pedal now
      this.sustained.addAll(releasedNotes);
      return ChannelAction.None;
    }
    return releasedNotes.isEmpty() ? ChannelAction.None : ChannelAction.Release;
  }

  /** What RP-015 names, and nothing else: volume, pan, bank, program, sends, sound controllers and parameters stay. */
  private resetControllers(): i32 {
    this.expression = 127;
    this.modulation = 0;
    this.portamento = false;
    this.soft = false;
    this.pressure = 0;
    this.pitchBend = BEND_CENTRE;
    this.parameter = RPN_NULL;
    // both pedals come up at once: what either of them held ends unless its key is down
    releasedNotes.copyFrom(this.sustained);
    releasedNotes.addAll(this.captured);
    releasedNotes.removeAll(this.keys);
    this.sustained.clear();
    this.captured.clear();
    this.sustain = false;
    this.sostenuto = false;
    return releasedNotes.isEmpty() ? ChannelAction.None : ChannelAction.Release;
  }

  private dataEntry(value: i32, msb: bool): void {
    switch (this.parameter) {
      case RPN_PITCH_BEND_RANGE:
        if (msb) this.bendSemitones = <u8>value;
        else this.bendCents = <u8>min(value, 99);
        break;
      case RPN_FINE_TUNING:
        this.fineTuning = msb ? (this.fineTuning & 0x7f) | (<u16>value << 7) : (this.fineTuning & 0x3f80) | <u16>value;
        break;
      case RPN_COARSE_TUNING:
        if (msb) this.coarseTuning = <u8>value;
        break;
    }
  }

  /** Increment or decrement, as RP-018 has it: cents of the bend range and steps of fine tuning, semitones of coarse tuning. */
  private dataStep(step: i32): void {
    switch (this.parameter) {
      case RPN_PITCH_BEND_RANGE: {
        const cents = max(0, min(12799, <i32>this.bendSemitones * 100 + <i32>this.bendCents + step));
        this.bendSemitones = <u8>(cents / 100);
        this.bendCents = <u8>(cents % 100);
        break;
      }
      case RPN_FINE_TUNING:
        this.fineTuning = <u16>max(0, min(16383, <i32>this.fineTuning + step));
        break;
      case RPN_COARSE_TUNING:
        this.coarseTuning = <u8>max(0, min(127, <i32>this.coarseTuning + step));
        break;
    }
  }
}

/** As power-up leaves a channel. */
const fresh = new Channel();
