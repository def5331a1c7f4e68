// SPDX-License-Identifier: MIT
// What the demo synth is built for. Change a number here and build again.

import { NotePriority } from "../../voice/note-stack";
import { StealPolicy } from "../../voice/allocator";

/** Voices that can sound at once, 1 to 64. */
export const VOICE_COUNT: i32 = 16;

/** Voices that may go through the ladder filter at once; further ones get the cheaper state-variable filter, so that sixteen of most timbres fit. */
export const LADDER_VOICES: i32 = 4;

/** Messages that can wait for their frame, a power of two: in two blocks of 256 frames a wire brings some 16. */
export const SCHEDULER_CAPACITY: i32 = 64;

/** Keys remembered on a mono channel. */
export const HELD_KEYS: i32 = 16;

export const STEAL_POLICY: StealPolicy = StealPolicy.Quietest;

export const MONO_PRIORITY: NotePriority = NotePriority.Last;

/** Channel of the drums (General MIDI's channel 10, counted from 0). */
export const DRUM_CHANNEL: i32 = 9;

/**
 * Frames of a block: even, 8 to 256. A message sounds two blocks after its last byte. Five frames of each block go to the DMA's reading ahead, so short
 * blocks leave less time for voices. The budget of `render` in synth.ts is that of a block: 3501 cycles a frame.
 */
export const BLOCK_FRAMES: i32 = 32;

/** Characters that come in during a block: one takes 320 us on the wire, some 15 frames. A message is one character at least. */
export const BYTES_A_BLOCK: i32 = BLOCK_FRAMES / 15 + 1;
