// SPDX-License-Identifier: MIT
// Low-frequency oscillator, read at control rate: a phase that advances by any number of frames, and a shape of that phase.

import { nextRandom, sine } from "./oscillators";

export const enum LfoShape {
  SINE,
  TRIANGLE,
  RISING,
  FALLING,
  SQUARE,
  /** A new random value each cycle. */
  RANDOM,
  /** From one random value to the next in straight lines. */
  DRIFT,
}

const TO_FLOAT: f32 = 4.656612873077393e-10; // 2^-31

@unmanaged
export class Lfo {
  phase: u32 = 0;
  /** Of a frame, 2^32 = one cycle: hertz · 2^32 / sample rate. */
  increment: u32 = 0;
  shape: i32 = LfoShape.SINE;
  /** Cycles begun; the random shapes are a function of it. */
  cycle: u32 = 0;
  constructor(public seed: u32) {}
}

/** Moves on by any number of frames. */
export function advanceLfo(lfo: Lfo, frameCount: i32): void {
  const moved = <u64>lfo.phase + <u64>lfo.increment * <u64>frameCount;
  lfo.phase = <u32>moved;
  lfo.cycle += <u32>(moved >> 32);
}

/** -1..+1, the same for the same seed and cycle. */
function randomOf(seed: u32, cycle: u32): f32 {
  // Multiplying and folding twice: neighbouring cycles must not look alike.
  let x = nextRandom(cycle ^ seed);
  x = (x ^ (x >> 16)) * 0x45d9f3b;
  x = nextRandom(x ^ (x >> 16));
  return <f32>(<i32>x) * TO_FLOAT;
}

/** The value now, -1..+1. Sine, triangle and drift are continuous; sine and triangle are 0 and rising at phase 0. */
export function lfoValue(lfo: Lfo): f32 {
  const phase = lfo.phase;
  switch (lfo.shape) {
    case LfoShape.SINE:
      return sine(phase);
    case LfoShape.TRIANGLE:
      return 1 - abs<f32>(<f32>(<i32>(phase - (1 << 30))) * (2 * TO_FLOAT));
    case LfoShape.RISING:
      return <f32>(<i32>(phase - (1 << 31))) * TO_FLOAT;
    case LfoShape.FALLING:
      return <f32>(<i32>((1 << 31) - 1 - phase)) * TO_FLOAT;
    case LfoShape.SQUARE:
      return <i32>phase >= 0 ? 1 : -1;
    case LfoShape.RANDOM:
      return randomOf(lfo.seed, lfo.cycle);
    default: {
      const from = randomOf(lfo.seed, lfo.cycle);
      return from + (randomOf(lfo.seed, lfo.cycle + 1) - from) * (<f32>phase * (0.5 * TO_FLOAT));
    }
  }
}
