// SPDX-License-Identifier: MIT
// What voices and strips may cost together, so that a block is in time whatever is played: prices are tens of cycles that a control period takes at worst
// on a Cortex-M4 (engine aot), and `tonewheel check` proves that those that the budget allows are in time. A note for which the budget has no room takes
// the quietest voice's place.

import { VOICE_COUNT } from "./config";
import { FRAGMENTS } from "./fragments";
import { LADDER, LOWPASS, Timbre } from "./timbres";

/** What each voice that there is room for brings: what the dearest takes, or two of the cheap ones and their share of a strip. */
const SHARE: i32 = 535;

/** Voices, strips and effects that sound together. */
export const BUDGET: i32 = VOICE_COUNT * SHARE;

/** A channel's way from its bus to the mix. */
export const STRIP_PRICE: i32 = 288;

/** What of that is its gains' next step. */
export const STRIDE_PRICE: i32 = 31;

/** Effects that strips send to, or that still ring; the reverb is always paid for. */
export const CHORUS_PRICE: i32 = 512;
export const ECHO_PRICE: i32 = 244;

/** What every voice takes besides what follows. */
export const VOICE_PRICE: i32 = 37;

/** What no timbre's oscillators and filter cost more than. */
export const DEAREST: i32 = 494;

/** What a stretch may take, with fragments of voices that sound no more. */
export const ROOM: i32 = BUDGET + FRAGMENTS * VOICE_PRICE;

// Oscillators: the one that writes a block, and the one that adds to it. Above STEEPEST all but noise are sines, which cost the least of them.
export const SAW_PRICE: i32 = 75;
export const PULSE_PRICE: i32 = 123;
export const TRIANGLE_PRICE: i32 = 117;
export const SINE_PRICE: i32 = 87;
export const NOISE_PRICE: i32 = 47;
export const WAVE_PRICE: i32 = 115;
export const ADD_PRICE: i32 = 14;

// Ways through a filter to the bus.
export const PLAIN_PRICE: i32 = 106;
export const LOWPASS_PRICE: i32 = 151;
export const BAND_PRICE: i32 = 176;
export const LADDER_PRICE: i32 = 282;

/** Of no oscillator and of each shape, as timbres.ts numbers them. */
const shapes: StaticArray<i32> = [0, SAW_PRICE, PULSE_PRICE, TRIANGLE_PRICE, SINE_PRICE, NOISE_PRICE, WAVE_PRICE];
const filters: StaticArray<i32> = [PLAIN_PRICE, LOWPASS_PRICE, BAND_PRICE, BAND_PRICE, LADDER_PRICE];

/** What a voice of a timbre costs. @param spared with the state-variable filter in the ladder's place */
// @ts-ignore: decorator
@native
export function priceOf(timbre: Timbre, spared: bool): i32 {
  const second = <i32>timbre.shape2;
  const filter = spared && timbre.filter == LADDER ? LOWPASS : timbre.filter;
  return VOICE_PRICE + unchecked(shapes[<i32>timbre.shape1]) + unchecked(shapes[second]) + (second != 0 ? ADD_PRICE : 0) + unchecked(filters[<i32>filter]);
}
