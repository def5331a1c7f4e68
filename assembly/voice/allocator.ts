// SPDX-License-Identifier: MIT
// Gives notes to a fixed number of voices, and says which voice has to give way when all of them sound, or when what they cost together would be too
// much. It makes no sound itself: whoever renders a stolen voice must let its last level decay (residue.ts) instead of cutting it.

import { count, Counter, raiseGauge, setGauge } from "../shim/counters";
import { NO_NOTE } from "./note-stack";

/** "No voice": the note was dropped, or there is no such voice. */
export const NO_VOICE: i32 = -1;

export const MAX_VOICES: i32 = 64;

const CHANNELS: i32 = 16;

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
  /** `keyOf` the channel and note that it sounds; FREE for none. */
  key: u32;
  /** Serial number of the start, or of the release once released. */
  serial: u32;
  /** Loudness for `StealPolicy.Quietest`, as last told by `setLevel`: the bits of an f32, which compare as it does, being positive. */
  level: u32;
  /** What it costs while it is not free. */
  price: i32;
}

const FREE: u32 = 0xffff;

const INFINITE: u32 = 0x7f800000;

// @ts-ignore: decorator
@inline
function keyOf(channel: i32, note: i32): u32 {
  return ((<u32>channel << 8) | <u32>note) & 0xffff;
}

/** Sets of voices are words with one bit for each, bit 0 for voice 0: what is asked of many voices at once then takes no loop over them. */
@final
export class VoiceAllocator {
  policy: StealPolicy;
  /** Whether the last `allocate` took a voice from another note. */
  stolen: bool = false;
  /** Whether the last `allocate` took the voice that sounds the same note. */
  retriggered: bool = false;
  /** Number of voices that are not free. */
  activeCount: i32 = 0;
  /** The voices that are not free, and of these the ones whose notes are held. */
  active: u64 = 0;
  held: u64 = 0;
  /** Most that voices may cost together, in any unit; whoever lowers it takes care of the voices that sound. */
  budget: i32 = i32.MAX_VALUE;
  /** What the voices that are not free cost together. */
  spent: i32 = 0;
  readonly voiceCount: i32;
  private slots: usize;
  private serial: u32 = 0;
  /** The voices that are not free, by channel. */
  private ofChannel: StaticArray<u64> = new StaticArray<u64>(CHANNELS);

  /** @param voiceCount 1 to 64 */
  constructor(voiceCount: i32, policy: StealPolicy) {
    assert(voiceCount >= 1 && voiceCount <= MAX_VOICES);
    this.voiceCount = voiceCount;
    this.policy = policy;
    this.slots = changetype<usize>(new StaticArray<u8>(voiceCount * offsetof<Slot>()));
    for (let i = 0; i < voiceCount; i++) this.slot(i).key = FREE;
  }

  // @ts-ignore: decorator
  @inline
  private slot(voice: i32): Slot {
    return changetype<Slot>(this.slots + <usize>voice * offsetof<Slot>());
  }

  stateOf(voice: i32): VoiceState {
    const bit = <u64>1 << voice;
    return (this.active & bit) == 0 ? VoiceState.Free : (this.held & bit) != 0 ? VoiceState.Held : VoiceState.Released;
  }

  /** The note a voice sounds, or `NO_NOTE` when it is free. */
  noteOf(voice: i32): i32 {
    const key = this.slot(voice).key;
    return key == FREE ? NO_NOTE : <i32>(key & 0xff);
  }

  /** The channel of a voice that is not free. */
  channelOf(voice: i32): i32 {
    return <i32>(this.slot(voice).key >> 8);
  }

  /** The voices that sound on a channel, held or released. */
  voicesOf(channel: i32): u64 {
    return unchecked(this.ofChannel[channel]);
  }

  /** The first voice that is held on a channel, or `NO_VOICE`. */
  heldOn(channel: i32): i32 {
    const voices = this.voicesOf(channel) & this.held;
    return voices == 0 ? NO_VOICE : <i32>ctz(voices);
  }

  /** What a voice costs that is not free. */
  priceOf(voice: i32): i32 {
    return this.slot(voice).price;
  }

  /** Tells how loud a voice is now, 0 or more, in any unit that is the same for all. `StealPolicy.Quietest` alone wants to know. */
  setLevel(voice: i32, level: f32): void {
    if (this.policy == StealPolicy.Quietest) this.slot(voice).level = reinterpret<u32>(level);
  }

  /** The voice that sounds a note on a channel, held or released, or `NO_VOICE`. */
  find(channel: i32, note: i32): i32 {
    const key = keyOf(channel, note);
    let slot = this.slots;
    // @bound(voices: MAX_VOICES)
    for (let i = 0; i < this.voiceCount; i++, slot += offsetof<Slot>()) if (changetype<Slot>(slot).key == key) return i;
    return NO_VOICE;
  }

  /**
   * Finds a voice for a note: the one that sounds this note already, else a free one if the budget allows, else what the policy gives up of those
   * that make enough room. Sets `stolen` and `retriggered`; counts `stolenVoices`, or `droppedNotes` when it returns `NO_VOICE`.
   * @param price what the note costs while it sounds
   * @param least what it costs in its plainest form, which it gets where there is no room for `price`; `priceOf` tells which
   */
  allocate(channel: i32, note: i32, price: i32 = 0, least: i32 = price): i32 {
    const sounding = this.find(channel, note);
    // What would be missing if none but the same note gave way.
    let missing = this.spent - this.budget + price - (sounding == NO_VOICE ? 0 : this.slot(sounding).price);
    if (missing > 0) {
      missing -= price - least;
      price = least;
    }
    const voice = this.place(sounding, missing);
    this.retriggered = sounding != NO_VOICE && voice != NO_VOICE;
    this.stolen = !this.retriggered && voice != NO_VOICE && this.stateOf(voice) != VoiceState.Free;
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
    const slot = this.slot(voice);
    slot.key = (slot.key & 0xff00) | <u32>note;
  }

  /** The note of a voice has ended; the voice sounds on until `free`. Returns false if it was not held. */
  release(voice: i32): bool {
    const bit = <u64>1 << voice;
    if ((this.held & bit) == 0) return false;
    this.held &= ~bit;
    this.slot(voice).serial = this.serial++;
    return true;
  }

  /** The notes of many voices have ended at once: of these, those that started first count as released first. */
  releaseAll(voices: u64): void {
    this.held &= ~voices;
  }

  /** A voice has become silent. */
  free(voice: i32): void {
    const bit = <u64>1 << voice;
    if ((this.active & bit) == 0) return;
    this.active &= ~bit;
    this.held &= ~bit;
    this.leaveChannel(voice, bit);
    const slot = this.slot(voice);
    slot.key = FREE;
    this.spent -= slot.price;
    slot.price = 0;
    this.activeCount--;
    setGauge(Counter.activeVoices, <u32>this.activeCount);
  }

  // @ts-ignore: decorator
  @inline
  private leaveChannel(voice: i32, bit: u64): void {
    const channel = this.channelOf(voice);
    unchecked((this.ofChannel[channel] = this.ofChannel[channel] & ~bit));
  }

  private take(voice: i32, channel: i32, note: i32, price: i32): void {
    const bit = <u64>1 << voice;
    if ((this.active & bit) == 0) {
      this.activeCount++;
      setGauge(Counter.activeVoices, <u32>this.activeCount);
      raiseGauge(Counter.maxVoices, <u32>this.activeCount);
    } else this.leaveChannel(voice, bit);
    this.active |= bit;
    this.held |= bit;
    unchecked((this.ofChannel[channel] = this.ofChannel[channel] | bit));
    const slot = this.slot(voice);
    slot.key = keyOf(channel, note);
    this.spent += price - slot.price;
    slot.price = price;
    slot.serial = this.serial++;
    slot.level = INFINITE; // until told otherwise, a note that has just started is not the quietest
  }

  /** The voice that sounds a note already, else a free one, else the one that gives way; `NO_VOICE` when none makes room for what is missing. */
  private place(sounding: i32, missing: i32): i32 {
    if (sounding != NO_VOICE) return missing <= 0 ? sounding : NO_VOICE;
    const free = ~this.active & (<u64>-1 >> (MAX_VOICES - this.voiceCount));
    if (missing <= 0 && free != 0) return <i32>ctz(free);
    return this.policy == StealPolicy.Drop ? NO_VOICE : this.givingWay(missing);
  }

  /** The voice that the policy gives up, of those that cost so much. */
  private givingWay(missing: i32): i32 {
    const held = this.held;
    const serial = this.serial;
    let best = NO_VOICE;
    let level: u32 = u32.MAX_VALUE;
    let age: u32 = 0;
    // @bound(voices: MAX_VOICES)
    for (let rest = this.policy == StealPolicy.Released ? this.active & ~held : this.active; rest != 0; rest &= rest - 1) {
      const i = <i32>ctz(rest);
      const slot = this.slot(i);
      if (slot.price < missing) continue;
      // A released one goes first. Of two: the quieter one, and of equals, as all are without levels, the older one.
      const slotLevel = slot.level | ((<u32>(held >> i) & 1) << 31);
      const slotAge = serial - slot.serial; // right across the wrap, and 1 at least
      if (slotLevel > level || (slotLevel == level && slotAge <= age)) continue;
      best = i;
      level = slotLevel;
      age = slotAge;
    }
    return best;
  }
}
