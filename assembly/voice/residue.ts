// SPDX-License-Identifier: MIT
// Takes the click out of a voice that is cut: what it gave last stays on as an offset that decays to nothing in about two milliseconds, while
// the new note starts at once.

import { exp2 } from "../audio/tuning";

/** Time in seconds in which half of it goes; after 2 ms less than 2 % is left. */
const HALF_LIFE: f64 = 0.00035;

/** Below this the offset is dropped: a quarter of a step of 16-bit output. */
const SILENCE: f32 = 1 / 131072;

@unmanaged
@final
export class Residue {
  /** The offset now, and what a frame leaves of it. */
  level: f32 = 0;
  readonly decay: f32;

  constructor(sampleRate: f64) {
    this.decay = exp2(<f32>(-1 / (HALF_LIFE * sampleRate)));
  }

  /** A voice whose last sample on this bus was `level` is cut. */
  add(level: f32): void {
    this.level += level;
  }

  isSilent(): bool {
    return this.level == 0;
  }

  clear(): void {
    this.level = 0;
  }

  /** Mixes the offset into a bus of f32 samples. */
  mixInto(bus: usize, frameCount: i32): void {
    let level = this.level;
    if (level == 0) return;
    const decay = this.decay;
    // @bound(residue: MAX_FRAMES)
    for (const end = bus + (<usize>frameCount << 2); bus < end; bus += 4) {
      level *= decay;
      store<f32>(bus, load<f32>(bus) + level);
    }
    this.level = level;
  }

  /** Lets an inaudible rest go. Called at the control rate, so that the place where it goes does not depend on blocks. */
  settle(): void {
    if (abs(this.level) < SILENCE) this.level = 0;
  }
}
