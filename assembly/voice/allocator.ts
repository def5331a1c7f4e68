// SPDX-License-Identifier: MIT
// Gives notes to a fixed number of voices, and says which voice has to give way when all of them sound, or when what they cost together would be too
// much. It makes no sound itself: whoever renders a stolen voice must let its last level decay (residue.ts) instead of cutting it.

import { count, Counter, raiseGauge, setGauge } from "../shim/counters";
import { NO_NOTE } from "./note-stack";

/** "No voice": the note was dropped, or there is no such voice. */
export const NO_VOICE: i32 = -1;

export const MAX_VOICES: i32 = 64;

/** What may be taken when no voice is free. A released voice always goes before a held one. */
export const enum StealPolicy {
  /** Nothing: the new note is dropped. */
  Drop = 0,
  /** The voice released first; when none is released, the new note is dropped. */
  Released = 1,
  /** The voice released first, else the one started first. */
  Oldest = 2,
  /** The quietest of the released voices, else the quietest of all; of equals the oldest. */
  Quietest = 3,
}

export const enum VoiceState {
  Free = 0,
  /** Its note is held, by a key or by a pedal. */
  Held = 1,
  /** Its note has ended and it dies away. */
  Released = 2,
}

@unmanaged
class Slot {
  state: VoiceState;
  channel: u8;
  note: i8;
  /** Serial number of the start, or of the release once released. */
  serial: u32;
  /** Loudness for `StealPolicy.Quietest`, as last told by `setLevel`. */
  level: f32;
  /** What it costs while it is not free. */
  price: i32;
}

@final
export class VoiceAllocator {
  policy: StealPolicy;
  /** Whether the last `allocate` took a voice from another note. */
  stolen: bool = false;
  /** Whether the last `allocate` took the voice that sounds the same note. */
  retriggered: bool = false;
  /** Number of voices that are not free. */
  activeCount: i32 = 0;
  /** Most that voices may cost together, in any unit; whoever lowers it takes care of the voices that sound. */
  budget: i32 = i32.MAX_VALUE;
  /** What the voices that are not free cost together. */
  spent: i32 = 0;
  readonly voiceCount: i32;
  private slots: usize;
  private serial: u32 = 0;

  /** @param voiceCount 1 to 64 */
  constructor(voiceCount: i32, policy: StealPolicy) {
    assert(voiceCount >= 1 && voiceCount <= MAX_VOICES);
    this.voiceCount = voiceCount;
    this.policy = policy;
    this.slots = changetype<usize>(new StaticArray<u8>(voiceCount * offsetof<Slot>()));
    for (let i = 0; i < voiceCount; i++) this.slot(i).note = <i8>NO_NOTE;
  }

  // @ts-ignore: decorator
  @inline
  private slot(voice: i32): Slot {
    return changetype<Slot>(this.slots + <usize>voice * offsetof<Slot>());
  }

  stateOf(voice: i32): VoiceState {
    return this.slot(voice).state;
  }

  /** The note a voice sounds, or `NO_NOTE` when it is free. */
  noteOf(voice: i32): i32 {
    return this.slot(voice).note;
  }

  channelOf(voice: i32): i32 {
    return this.slot(voice).channel;
  }

  /** What a voice costs that is not free. */
  priceOf(voice: i32): i32 {
    return this.slot(voice).price;
  }

  /** Tells how loud a voice is now, in any unit that is the same for all. */
  setLevel(voice: i32, level: f32): void {
    this.slot(voice).level = level;
  }

  /** The voice that sounds a note on a channel, held or released, or `NO_VOICE`. */
  find(channel: i32, note: i32): i32 {
    // @bound(voices: MAX_VOICES)
    for (let i = 0; i < this.voiceCount; i++) {
      const slot = this.slot(i);
      if (slot.note == <i8>note && slot.channel == <u8>channel) return i;
    }
    return NO_VOICE;
  }

  /**
   * Finds a voice for a note: the one that sounds this note already, else a free one if the budget allows, else what the policy gives up of those
   * that make enough room. Sets `stolen` and `retriggered`; counts `stolenVoices`, or `droppedNotes` when it returns `NO_VOICE`.
   * @param price what the note costs while it sounds
   * @param least what it costs in its plainest form, which it gets where there is no room for `price`; `priceOf` tells which
   */
  allocate(channel: i32, note: i32, price: i32 = 0, least: i32 = price): i32 {
    let voice = this.search(channel, note, price);
    if (voice == NO_VOICE && least < price) {
      price = least;
      voice = this.search(channel, note, price);
    }
    this.stolen = !this.retriggered && voice != NO_VOICE && this.slot(voice).state != VoiceState.Free;
    if (voice == NO_VOICE) {
      count(Counter.droppedNotes);
      return NO_VOICE;
    }
    if (this.stolen) count(Counter.stolenVoices);
    this.take(voice, channel, note, price);
    return voice;
  }

  /** A held voice changes its note (mono legato); it keeps its age. */
  rename(voice: i32, note: i32): void {
    this.slot(voice).note = <i8>note;
  }

  /** The note of a voice has ended; the voice sounds on until `free`. Returns false if it was not held. */
  release(voice: i32): bool {
    const slot = this.slot(voice);
    if (slot.state != VoiceState.Held) return false;
    slot.state = VoiceState.Released;
    slot.serial = this.serial++;
    return true;
  }

  /** A voice has become silent. */
  free(voice: i32): void {
    const slot = this.slot(voice);
    if (slot.state == VoiceState.Free) return;
    slot.state = VoiceState.Free;
    slot.note = <i8>NO_NOTE;
    this.spent -= slot.price;
    slot.price = 0;
    this.activeCount--;
    setGauge(Counter.activeVoices, <u32>this.activeCount);
  }

  private take(voice: i32, channel: i32, note: i32, price: i32): void {
    const slot = this.slot(voice);
    if (slot.state == VoiceState.Free) {
      this.activeCount++;
      setGauge(Counter.activeVoices, <u32>this.activeCount);
      raiseGauge(Counter.maxVoices, <u32>this.activeCount);
    }
    this.spent += price - slot.price;
    slot.price = price;
    slot.state = VoiceState.Held;
    slot.channel = <u8>channel;
    slot.note = <i8>note;
    slot.serial = this.serial++;
    slot.level = Infinity; // until told otherwise, a note that has just started is not the quietest
  }

  /** The voice that sounds a note, else the first free one, else the one that gives way; sets `retriggered`. One pass. */
  private search(channel: i32, note: i32, price: i32): i32 {
    /** What has to become free. */
    const missing = this.spent - this.budget + price;
    const byLevel = this.policy == StealPolicy.Quietest;
    let best = NO_VOICE;
    let state = VoiceState.Held;
    let level: f32 = 0;
    let age: u32 = 0;
    this.retriggered = false;
    // @bound(voices: MAX_VOICES)
    for (let i = 0; i < this.voiceCount; i++) {
      const slot = this.slot(i);
      if (slot.note == <i8>note && slot.channel == <u8>channel) {
        this.retriggered = slot.price >= missing;
        return this.retriggered ? i : NO_VOICE;
      }
      if (state == VoiceState.Free || slot.price < missing || !this.mayTake(slot.state)) continue;
      const slotAge = this.serial - slot.serial; // right across the wrap
      if (best != NO_VOICE && slot.state == state) {
        // Of two that sound: the quieter one, and of equals the older one.
        if (byLevel && slot.level > level) continue;
        if ((!byLevel || slot.level == level) && slotAge <= age) continue;
      } else if (best != NO_VOICE && slot.state == VoiceState.Held) continue; // a released one goes first
      best = i;
      state = slot.state;
      level = slot.level;
      age = slotAge;
    }
    return best;
  }

  /** Whether the policy lets a voice in this state have another note. */
  // @ts-ignore: decorator
  @inline
  private mayTake(state: VoiceState): bool {
    if (state == VoiceState.Free) return true;
    return state == VoiceState.Released ? this.policy != StealPolicy.Drop : this.policy >= StealPolicy.Oldest;
  }
}
