// SPDX-License-Identifier: MIT
// Saw, pulse, triangle, sine and noise.
//
// The phase is a u32, 2^32 to the cycle; saw, triangle and sine are 0 and rising at phase 0. Steps are rounded by the two-sample polynomial
// BLEP (Välimäki & Huovilainen, "Antialiasing Oscillators in Subtractive Synthesis", IEEE Signal Processing Magazine 24(2), 2007), corners of
// the triangle by the two-sample polynomial BLAMP (Esqueda, Välimäki & Bilbao, "Rounding Corners with BLAMP", DAFx-16). A wave is written as it is
// first; then only the frames next to an edge get what they lack, and one integer division finds the next edge. Increments: 1..2^31 - 1.

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

// Frames in a row at constant offsets: the accesses of one address are checked once.

// @ts-ignore: decorator
@inline
function putTwo(out: usize, first: f32, second: f32, add: bool): void {
  store<f32>(out, add ? load<f32>(out) + first : first);
  store<f32>(out, add ? load<f32>(out, 4) + second : second, 4);
}

// @ts-ignore: decorator
@inline
function putFour(out: usize, first: f32, second: f32, third: f32, fourth: f32, add: bool): void {
  putTwo(out, first, second, add);
  store<f32>(out, add ? load<f32>(out, 8) + third : third, 8);
  store<f32>(out, add ? load<f32>(out, 12) + fourth : fourth, 12);
}

/**
 * Rounds the steps that a wave makes where `past` wraps round: adds what each step from -height to +height lacks to be band-limited, to the frame before it
 * and to the one after it.
 * @param past how far the first frame's phase is past the step, 2^32 to the cycle
 */
// @ts-ignore: decorator
@native
function roundSteps(out: usize, frameCount: i32, past: u32, increment: u32, height: f32): void {
  if (increment == 0) return; // a wave that stands still
  const last = out + (<usize>(frameCount - 1) << 2);
  // Less than 2^31, as what lies between a step and the frames next to it.
  const reciprocal: f32 = 1 / <f32>(<i32>increment);
  // The step before the first frame may be too near to leave it alone.
  if (past < increment) {
    const rest: f32 = 1 - <f32>(<i32>past) * reciprocal;
    store<f32>(out, load<f32>(out) - height * rest * rest);
  }
  // @bound(edges: frameCount / 2 + 2)
  while (true) {
    // To the last frame before the next step, by a division.
    const frames = ~past / increment;
    out += <usize>frames << 2;
    if (out > last) return;
    past += (frames + 1) * increment;
    // The step lies as far before the frame after it as the frame before lies short of a whole frame from it.
    const before: f32 = <f32>(<i32>past) * reciprocal;
    if (out == last) {
      store<f32>(out, load<f32>(out) + height * before * before);
      return;
    }
    const after: f32 = 1 - before;
    store<f32>(out, load<f32>(out) + height * before * before);
    store<f32>(out, load<f32>(out, 4) - height * after * after, 4);
    out += 4;
  }
}

/**
 * The same for the corners of a triangle, which lie half a cycle apart: twice the phase wraps round at each. At the lower ones the slope rises by 6 · height a frame, at
 * the upper ones it falls by as much.
 * @param pastTop how far the first frame's phase is past the upper corner
 */
// @ts-ignore: decorator
@native
function roundCorners(out: usize, frameCount: i32, pastTop: u32, increment: u32, height: f32): void {
  if (increment == 0) return; // a wave that stands still
  const last = out + (<usize>(frameCount - 1) << 2);
  const step = increment << 1;
  const reciprocal: f32 = 1 / <f32>(<i32>increment);
  let past = pastTop << 1;
  let bend = <i32>pastTop < 0 ? height : -height; // of the corner before the first frame
  if (past < step) {
    const rest: f32 = 1 - <f32>(<i32>(past >> 1)) * reciprocal;
    store<f32>(out, load<f32>(out) + bend * rest * rest * rest);
  }
  // @bound(corners: frameCount + 1)
  while (true) {
    const frames = ~past / step;
    out += <usize>frames << 2;
    if (out > last) return;
    past += (frames + 1) * step;
    bend = -bend;
    const before: f32 = <f32>(<i32>(past >> 1)) * reciprocal;
    if (out == last) {
      store<f32>(out, load<f32>(out) + bend * before * before * before);
      return;
    }
    const after: f32 = 1 - before;
    store<f32>(out, load<f32>(out) + bend * before * before * before);
    store<f32>(out, load<f32>(out, 4) + bend * after * after * after, 4);
    out += 4;
  }
}

// @ts-ignore: decorator
@inline
function saw(osc: Oscillator, out: usize, frameCount: i32, increment: u32, gain: f32, add: bool): void {
  const scale: f32 = gain * (2 * PER_CYCLE);
  const start = out;
  const end = out + (<usize>frameCount << 2);
  let phase = osc.phase;
  const past = phase - HALF;
  while (out + 16 <= end) {
    putFour(
      out, <f32>(<i32>phase) * scale, <f32>(<i32>(phase + increment)) * scale,
      <f32>(<i32>(phase + 2 * increment)) * scale, <f32>(<i32>(phase + 3 * increment)) * scale, add,
    );
    phase += 4 * increment;
    out += 16;
  }
  // @bound(3)
  while (out < end) {
    put(out, <f32>(<i32>phase) * scale, add);
    phase += increment;
    out += 4;
  }
  osc.phase = phase;
  roundSteps(start, frameCount, past, increment, -gain);
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
  const low: f32 = -2 * gain * (<f32>width * PER_CYCLE);
  const high: f32 = 2 * gain + low;
  const start = out;
  const end = out + (<usize>frameCount << 2);
  let phase = osc.phase;
  const past = phase;
  while (out + 16 <= end) {
    putFour(
      out, phase < width ? high : low, phase + increment < width ? high : low, phase + 2 * increment < width ? high : low,
      phase + 3 * increment < width ? high : low, add,
    );
    phase += 4 * increment;
    out += 16;
  }
  // @bound(3)
  while (out < end) {
    put(out, phase < width ? high : low, add);
    phase += increment;
    out += 4;
  }
  osc.phase = phase;
  roundSteps(start, frameCount, past, increment, gain);
  roundSteps(start, frameCount, past - width, increment, -gain);
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
  const scale: f32 = gain * (4 * PER_CYCLE);
  // The slope changes by 8·gain·increment/2^32 a frame at a corner; roundCorners is for 6.
  const corner = <f32>increment * (gain * ((8.0 / 6.0) * PER_CYCLE));
  const start = out;
  const end = out + (<usize>frameCount << 2);
  // How far the phase is from the top, either way, is how far the value is below it.
  let phase = osc.phase - QUARTER;
  const pastTop = phase;
  while (out + 16 <= end) {
    putFour(
      out, gain - abs<f32>(<f32>(<i32>phase) * scale), gain - abs<f32>(<f32>(<i32>(phase + increment)) * scale),
      gain - abs<f32>(<f32>(<i32>(phase + 2 * increment)) * scale), gain - abs<f32>(<f32>(<i32>(phase + 3 * increment)) * scale), add,
    );
    phase += 4 * increment;
    out += 16;
  }
  // @bound(3)
  while (out < end) {
    put(out, gain - abs<f32>(<f32>(<i32>phase) * scale), add);
    phase += increment;
    out += 4;
  }
  osc.phase = phase + QUARTER;
  roundCorners(start, frameCount, pastTop, increment, corner);
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
  if (frameCount & 1) {
    put(out, sine(phase) * gain, add);
    phase += increment;
    out += 4;
  }
  while (out < end) {
    putTwo(out, sine(phase) * gain, sine(phase + increment) * gain, add);
    phase += 2 * increment;
    out += 8;
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
  if (frameCount & 1) {
    seed = nextRandom(seed);
    put(out, <f32>(<i32>seed) * scale, add);
    out += 4;
  }
  while (out < end) {
    const next = nextRandom(seed);
    seed = nextRandom(next);
    putTwo(out, <f32>(<i32>next) * scale, <f32>(<i32>seed) * scale, add);
    out += 8;
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
