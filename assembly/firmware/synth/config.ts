// SPDX-License-Identifier: MIT
// What the demo synth is built for. Change a number here and build again.

import { CONTROL_FRAMES } from "../../audio/block";
import { NotePriority } from "../../voice/note-stack";
import { StealPolicy } from "../../voice/allocator";

/** Voices that can sound at once, 1 to 32, as far as the budget allows (prices.ts). */
export const VOICE_COUNT: i32 = 16;

/**
 * From one control point of a voice to its next, where pitch, filter and width follow what moves them, and of a strip, where its gains take their way: every
 * other control point of the mixer, those of odd number and those of even number by turns, so that each block has half of the work.
 */
export const VOICE_CONTROL_FRAMES: u32 = 2 * CONTROL_FRAMES;

/** Messages that can wait for their frame, a power of two: in two blocks of 256 frames a wire brings some 16. */
export const SCHEDULER_CAPACITY: i32 = 64;

/** Keys remembered on a mono channel. */
export const HELD_KEYS: i32 = 16;

export const STEAL_POLICY: StealPolicy = StealPolicy.Quietest;

export const MONO_PRIORITY: NotePriority = NotePriority.Last;

/** Channel of the drums (General MIDI's channel 10, counted from 0). */
export const DRUM_CHANNEL: i32 = 9;

/**
 * Frames of a block: 8, 16, or a multiple of 32 up to 256. A message sounds two blocks after its last byte. Five frames of each block go to the DMA's reading ahead, so short
 * blocks leave less time for voices. The budget of `render` in synth.ts is that of a block: 3501 cycles a frame.
 */
export const BLOCK_FRAMES: i32 = 32;

/** Saws, pulses and triangles are sines above this pitch, an eighth of the sample rate: of their harmonics no more than two would be heard. */
export const STEEPEST: u32 = 1 << 29;

/** Steps of a wave in a stretch, which are eight frames apart at least, and corners, of which a cycle has two: with the one behind it, at which a search ends. */
export const EDGES: i32 = <i32>CONTROL_FRAMES / 8 + 1;
export const CORNERS: i32 = 2 * EDGES - 1;

/** Characters that come in during a block: one takes 320 us on the wire, some 15 frames. A message is one character at least. */
export const BYTES_A_BLOCK: i32 = BLOCK_FRAMES / 15 + 1;

/** Messages of a channel that come in during a block: they are of two characters at least. */
export const MESSAGES_A_BLOCK: i32 = BLOCK_FRAMES / 30 + 1;
