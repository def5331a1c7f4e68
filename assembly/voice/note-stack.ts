// SPDX-License-Identifier: MIT
// The keys held on a monophonic instrument, in the order in which they were pressed, and which of them is to sound.

import { NoteSet } from "./note-set";

/** "No note": every value from 0 to 127 is one. */
export const NO_NOTE: i32 = -1;

/** Which of several held keys sounds. */
export const enum NotePriority {
  Last = 0,
  Low = 1,
  High = 2,
}

/**
 * Holds up to `depth` keys; when one more is pressed, the one pressed first is forgotten (its release then does nothing). Every operation
 * costs at most one pass over the held keys.
 */
@unmanaged
@final
export class NoteStack {
  /** Number of held keys. */
  length: i32 = 0;
  /** One u16 for each held key, oldest first: note | velocity << 8. */
  private keys: usize;

  constructor(private depth: i32) {
    assert(depth > 0);
    this.keys = heap.alloc(depth << 1);
  }

  /** Notes a key as pressed last, whether or not it was held before. */
  press(note: i32, velocity: i32): void {
    let gone = this.indexOf(note);
    if (gone < 0 && this.length == this.depth) gone = 0;
    if (gone >= 0) this.removeAt(gone);
    store<u16>(this.at(this.length), note | (velocity << 8));
    this.length++;
  }

  /** Returns whether the key was held. */
  release(note: i32): bool {
    const at = this.indexOf(note);
    if (at < 0) return false;
    this.removeAt(at);
    return true;
  }

  /** Releases every key of a set. */
  releaseAll(notes: NoteSet): void {
    let kept = 0;
    // @bound(held-keys: 128)
    for (let i = 0; i < this.length; i++) {
      const key = load<u16>(this.at(i));
      if (notes.has(key & 0x7f)) continue;
      store<u16>(this.at(kept), key);
      kept++;
    }
    this.length = kept;
  }

  clear(): void {
    this.length = 0;
  }

  isHeld(note: i32): bool {
    return this.indexOf(note) >= 0;
  }

  /** Velocity with which a held key was pressed; 0 for a key that is not held. */
  velocityOf(note: i32): i32 {
    const at = this.indexOf(note);
    return at < 0 ? 0 : <i32>load<u16>(this.at(at)) >> 8;
  }

  /** The key whose note is to sound, note | velocity << 8, or `NO_NOTE` when none is held. */
  winner(priority: NotePriority): i32 {
    if (this.length == 0) return NO_NOTE;
    const last = <i32>load<u16>(this.at(this.length - 1));
    return priority == NotePriority.Last ? last : this.outermost(last, priority);
  }

  private outermost(last: i32, priority: NotePriority): i32 {
    let best = last;
    // @bound(held-keys: 128)
    for (let i = this.length - 2; i >= 0; i--) {
      const key = <i32>load<u16>(this.at(i));
      if (priority == NotePriority.Low ? (key & 0x7f) < (best & 0x7f) : (key & 0x7f) > (best & 0x7f)) best = key;
    }
    return best;
  }

  // @ts-ignore: decorator
  @inline
  private at(index: i32): usize {
    return this.keys + (<usize>index << 1);
  }

  private noteAt(index: i32): i32 {
    return <i32>load<u16>(this.at(index)) & 0x7f;
  }

  private indexOf(note: i32): i32 {
    // @bound(held-keys: 128)
    for (let i = this.length - 1; i >= 0; i--) if (this.noteAt(i) == note) return i;
    return -1;
  }

  private removeAt(index: i32): void {
    this.length--;
    // @bound(held-keys: 128)
    for (let i = index; i < this.length; i++) store<u16>(this.at(i), load<u16>(this.at(i + 1)));
  }
}
