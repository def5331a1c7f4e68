// SPDX-License-Identifier: MIT
// Saw, pulse, triangle, sine and noise.
//
// The phase is a u32, 2^32 to the cycle; saw, triangle and sine are 0 and rising at phase 0. Steps are rounded by the two-sample polynomial
// BLEP (Välimäki & Huovilainen, "Antialiasing Oscillators in Subtractive Synthesis", IEEE Signal Processing Magazine 24(2), 2007), corners of
// the triangle by the two-sample polynomial BLAMP (Esqueda, Välimäki & Bilbao, "Rounding Corners with BLAMP", DAFx-16). Only the frames within one
// increment of an edge need a correction: one integer division finds the run of frames up to the next edge, and that run is a plain ramp or
// a constant. Increments: 1..2^31 - 1.

const QUARTER: u32 = 1 << 30;
const HALF: u32 = 1 << 31;
const PER_CYCLE: f32 = 2.3283064365386963e-10; // 2^-32

@unmanaged
export class Oscillator {
  /** Where in its cycle it is. Writable between renders, e.g. 0 at note-on; a jump there is a click unless it is silent. */
  phase: u32 = 0;
}

@unmanaged
export class NoiseSource {
  constructor(public seed: u32) {}
}

// @ts-ignore: decorator
@inline
function put(out: usize, value: f32, add: bool): void {
  store<f32>(out, add ? load<f32>(out) + value : value);
}

/** Writes `count` frames of i32(phase) · scale, phase going up by `increment`. */
// @ts-ignore: decorator
@inline
function ramp(out: usize, count: u32, phase: u32, increment: u32, scale: f32, add: bool): void {
  let left = count;
  if (left >= 4) {
    const increment2 = increment << 1;
    const increment3 = increment2 + increment;
    const increment4 = increment << 2;
    // @uses(4 of frameCount)
    do {
      const a = <f32>(<i32>phase) * scale;
      const b = <f32>(<i32>(phase + increment)) * scale;
      const c = <f32>(<i32>(phase + increment2)) * scale;
      const d = <f32>(<i32>(phase + increment3)) * scale;
      store<f32>(out, add ? load<f32>(out) + a : a);
      store<f32>(out, add ? load<f32>(out, 4) + b : b, 4);
      store<f32>(out, add ? load<f32>(out, 8) + c : c, 8);
      store<f32>(out, add ? load<f32>(out, 12) + d : d, 12);
      phase += increment4;
      out += 16;
      left -= 4;
    } while (left >= 4);
  }
  // @uses(1 of frameCount)
  while (left) {
    put(out, <f32>(<i32>phase) * scale, add);
    phase += increment;
    out += 4;
    left--;
  }
}

/** Writes `count` frames of one value. */
// @ts-ignore: decorator
@inline
function hold(out: usize, count: u32, value: f32, add: bool): void {
  let left = count;
  // @uses(4 of frameCount)
  while (left >= 4) {
    store<f32>(out, add ? load<f32>(out) + value : value);
    store<f32>(out, add ? load<f32>(out, 4) + value : value, 4);
    store<f32>(out, add ? load<f32>(out, 8) + value : value, 8);
    store<f32>(out, add ? load<f32>(out, 12) + value : value, 12);
    out += 16;
    left -= 4;
  }
  // @uses(1 of frameCount)
  while (left) {
    put(out, value, add);
    out += 4;
    left--;
  }
}

/** What a step from -1 to +1 at `past` (phase beyond the edge, signed) lacks to be band-limited; 0 outside one increment of it. */
// @ts-ignore: decorator
@inline
function stepResidual(past: u32, reciprocal: f32): f32 {
  const t = <f32>(<i32>past) * reciprocal;
  const u = max<f32>(1 - abs<f32>(t), 0);
  return copysign<f32>(u * u, -t);
}

/** The integral of the above, for a corner whose slope rises by 6 a frame. */
// @ts-ignore: decorator
@inline
function cornerResidual(past: u32, reciprocal: f32): f32 {
  const u = max<f32>(1 - abs<f32>(<f32>(<i32>past) * reciprocal), 0);
  return u * u * u;
}

// @ts-ignore: decorator
@inline
function saw(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  const zone = increment << 1;
  const reciprocal: f32 = 1 / <f32>increment;
  const scale: f32 = gain * (2 * PER_CYCLE);
  let phase = osc.phase;
  // @bound(frameCount)
  while (out < end) {
    const past = phase - HALF;
    if (past + increment < zone) {
      // @uses(1 of frameCount)
      put(out, <f32>(<i32>phase) * scale - gain * stepResidual(past, reciprocal), add);
      phase += increment;
      out += 4;
    } else {
      const count = min<u32>((HALF - 1 - phase) / increment, <u32>(end - out) >> 2);
      ramp(out, count, phase, increment, scale, add);
      phase += count * increment;
      out += <usize>count << 2;
    }
  }
  osc.phase = phase;
}

/** Rising saw, -gain..+gain. */
// @ts-ignore: decorator
@native
export function renderSaw(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  saw(osc, out, frameCount, increment, gain, false);
}
// @ts-ignore: decorator
@native
export function addSaw(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  saw(osc, out, frameCount, increment, gain, true);
}

// @ts-ignore: decorator
@inline
function pulse(osc: Oscillator, out: usize, frameCount: i32, increment: u32, width: u32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  const zone = increment << 1;
  const reciprocal: f32 = 1 / <f32>increment;
  const low: f32 = -2 * gain * (<f32>width * PER_CYCLE);
  const high: f32 = 2 * gain + low;
  let phase = osc.phase;
  // @bound(frameCount)
  while (out < end) {
    const level = phase < width ? high : low;
    const pastFall = phase - width;
    if (<i32>(phase + increment < zone) | <i32>(pastFall + increment < zone)) {
      // @uses(1 of frameCount)
      put(out, level + gain * (stepResidual(phase, reciprocal) - stepResidual(pastFall, reciprocal)), add);
      phase += increment;
      out += 4;
    } else {
      const count = min<u32>(min<u32>(~phase, ~pastFall) / increment, <u32>(end - out) >> 2);
      hold(out, count, level, add);
      phase += count * increment;
      out += <usize>count << 2;
    }
  }
  osc.phase = phase;
}

/**
 * Pulse: 2·gain from top to bottom, high from phase 0 to `width`, its mean removed so that a changing width moves no offset.
 * @param width part of the cycle, 2^32 = all; 2^31 is the square
 */
// @ts-ignore: decorator
@native
export function renderPulse(osc: Oscillator, out: usize, frameCount: i32, increment: u32, width: u32, gain: f32): void {
  pulse(osc, out, frameCount, increment, width, gain, false);
}
// @ts-ignore: decorator
@native
export function addPulse(osc: Oscillator, out: usize, frameCount: i32, increment: u32, width: u32, gain: f32): void {
  pulse(osc, out, frameCount, increment, width, gain, true);
}

// @ts-ignore: decorator
@inline
function triangle(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  const zone = increment << 1;
  const reciprocal: f32 = 1 / <f32>increment;
  const scale: f32 = gain * (4 * PER_CYCLE);
  // The slope changes by 8·gain·increment/2^32 a frame at a corner; cornerResidual is for 6.
  const corner = <f32>increment * (gain * ((8.0 / 6.0) * PER_CYCLE));
  let phase = osc.phase;
  // @bound(frameCount)
  while (out < end) {
    const rising = phase + QUARTER < HALF;
    const folded = rising ? phase : HALF - phase;
    const pastTop = phase - QUARTER;
    const pastBottom = phase + QUARTER;
    if (<i32>(pastTop + increment < zone) | <i32>(pastBottom + increment < zone)) {
      // @uses(1 of frameCount)
      put(out, <f32>(<i32>folded) * scale + corner * (cornerResidual(pastBottom, reciprocal) - cornerResidual(pastTop, reciprocal)), add);
      phase += increment;
      out += 4;
    } else {
      const count = min<u32>(min<u32>(~pastTop, ~pastBottom) / increment, <u32>(end - out) >> 2);
      ramp(out, count, folded, rising ? increment : 0 - increment, scale, add);
      phase += count * increment;
      out += <usize>count << 2;
    }
  }
  osc.phase = phase;
}

/** Triangle, -gain..+gain. */
// @ts-ignore: decorator
@native
export function renderTriangle(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  triangle(osc, out, frameCount, increment, gain, false);
}
// @ts-ignore: decorator
@native
export function addTriangle(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  triangle(osc, out, frameCount, increment, gain, true);
}

/** sin of a phase: folded to a quarter cycle, odd polynomial of degree 7; error below 1.3e-6. */
// @ts-ignore: decorator
@inline
export function sine(phase: u32): f32 {
  const y: f32 = 0.5 - abs<f32>(<f32>(<i32>(phase - QUARTER)) * (2 * PER_CYCLE));
  const z = y * y;
  return y * (3.141590256747904 + z * (-5.1674057663620125 + z * (2.5440002161870887 + z * -0.5594350008332867)));
}

// @ts-ignore: decorator
@inline
function sines(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  let phase = osc.phase;
  while (out < end) {
    put(out, sine(phase) * gain, add);
    phase += increment;
    out += 4;
  }
  osc.phase = phase;
}

/** Sine, -gain..+gain. */
// @ts-ignore: decorator
@native
export function renderSine(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  sines(osc, out, frameCount, increment, gain, false);
}
// @ts-ignore: decorator
@native
export function addSine(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32): void {
  sines(osc, out, frameCount, increment, gain, true);
}

/** One step of the generator: full-period LCG modulo 2^32 (Numerical Recipes' constants). Its high bits are the good ones. */
// @ts-ignore: decorator
@inline
export function nextRandom(seed: u32): u32 {
  return seed * 1664525 + 1013904223;
}

// @ts-ignore: decorator
@inline
function noise(source: NoiseSource, out: usize, frameCount: i32, gain: f32, add: bool): void {
  const end = out + (<usize>frameCount << 2);
  const scale: f32 = gain * (2 * PER_CYCLE);
  let seed = source.seed;
  while (out < end) {
    seed = nextRandom(seed);
    put(out, <f32>(<i32>seed) * scale, add);
    out += 4;
  }
  source.seed = seed;
}

/** White noise, uniform in -gain..+gain. */
// @ts-ignore: decorator
@native
export function renderNoise(source: NoiseSource, out: usize, frameCount: i32, gain: f32): void {
  noise(source, out, frameCount, gain, false);
}
// @ts-ignore: decorator
@native
export function addNoise(source: NoiseSource, out: usize, frameCount: i32, gain: f32): void {
  noise(source, out, frameCount, gain, true);
}
