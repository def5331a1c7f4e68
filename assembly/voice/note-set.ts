// SPDX-License-Identifier: MIT
// A set of MIDI notes: one bit for each of the 128.

/** Sixteen bytes of linear memory: `new`, or laid over two u64 fields of another class. */
@unmanaged
@final
export class NoteSet {
  /** Notes 0 to 63, and 64 to 127. */
  private lower: u64 = 0;
  private upper: u64 = 0;

  /** Address of the word that holds a note's bit. */
  // @ts-ignore: decorator
  @inline
  private word(note: i32): usize {
    return changetype<usize>(this) + ((<usize>note >>> 3) & 12);
  }

  has(note: i32): bool {
    return ((load<u32>(this.word(note)) >>> (note & 31)) & 1) != 0;
  }

  add(note: i32): void {
    const word = this.word(note);
    store<u32>(word, load<u32>(word) | (1 << (note & 31)));
  }

  remove(note: i32): void {
    const word = this.word(note);
    store<u32>(word, load<u32>(word) & ~(1 << (note & 31)));
  }

  clear(): void {
    this.lower = 0;
    this.upper = 0;
  }

  isEmpty(): bool {
    return (this.lower | this.upper) == 0;
  }

  copyFrom(other: NoteSet): void {
    this.lower = other.lower;
    this.upper = other.upper;
  }

  addAll(other: NoteSet): void {
    this.lower |= other.lower;
    this.upper |= other.upper;
  }

  removeAll(other: NoteSet): void {
    this.lower &= ~other.lower;
    this.upper &= ~other.upper;
  }

  /** The lowest note of the set at `from` or above, or -1: `for (let n = s.next(0); n >= 0; n = s.next(n + 1))`. */
  next(from: i32): i32 {
    let note = from;
    // @bound(4)
    while (note < 128) {
      const rest = load<u32>(this.word(note)) >>> (note & 31);
      if (rest != 0) return note + <i32>ctz(rest);
      note = (note | 31) + 1;
    }
    return -1;
  }
}
