// SPDX-License-Identifier: MIT
// MIDI clock, 24 to the quarter note: tempo and song position of what comes in, and when the next one is to go out (MIDI 1.0 Detailed
// Specification, version 4.2, "MIDI Clock", "Song Position Pointer").

import { E_VALUE } from "./encoder";

export const CLOCKS_PER_QUARTER: u32 = 24;
/** Clocks of one step of the song position pointer, a sixteenth note. */
export const CLOCKS_PER_SIXTEENTH: u32 = 6;

/** Clocks farther apart than this, 5 quarter notes a minute, are two clocks and no tempo. */
const MAX_INTERVAL_MICROS: u32 = 500_000;

const NO_CLOCK: i32 = -1;

/** Follows an incoming clock. The tempo is the mean over the last quarter note, which takes out what a sender's and a wire's jitter put in. */
@unmanaged
export class ClockIn {
  /** Started or continued, and not stopped since. */
  running: bool;
  /** Clocks from the start of the song to the one that plays next. */
  position: u32;
  /** Times of the last clocks, in a ring of CLOCKS_PER_QUARTER + 1 words. */
  times: usize;
  /** Where the next time goes. */
  slot: u32;
  /** Times in the ring that belong together. */
  timeCount: u32;
}

/** Makes a follower. Allocates, so call it at start only. */
export function createClockIn(): ClockIn {
  const clock = changetype<ClockIn>(heap.alloc(offsetof<ClockIn>()));
  clock.running = false;
  clock.position = 0;
  clock.times = heap.alloc((CLOCKS_PER_QUARTER + 1) << 2);
  clock.slot = 0;
  clock.timeCount = 0;
  return clock;
}

// @ts-ignore: decorator
@inline
function timeBefore(clock: ClockIn, ago: u32): u32 {
  const slot = clock.slot + CLOCKS_PER_QUARTER - ago;
  return load<u32>(clock.times + ((slot > CLOCKS_PER_QUARTER ? slot - CLOCKS_PER_QUARTER - 1 : slot) << 2));
}

function noteTime(clock: ClockIn, micros: u32): void {
  if (clock.timeCount > 0 && micros - timeBefore(clock, 0) > MAX_INTERVAL_MICROS) clock.timeCount = 0;
  store<u32>(clock.times + (clock.slot << 2), micros);
  clock.slot = clock.slot == CLOCKS_PER_QUARTER ? 0 : clock.slot + 1;
  if (clock.timeCount <= CLOCKS_PER_QUARTER) clock.timeCount++;
}

/**
 * Takes a message: F8, FA, FB, FC and F2 matter, all others pass. A song position that comes while running is ignored, as senders stop first.
 * @param micros when it came, in microseconds modulo 2^32
 * @returns the position, in clocks from the start of the song, that plays at this moment; -1 when none does
 */
export function followClock(clock: ClockIn, message: u32, micros: u32): i32 {
  switch (message & 0xff) {
    case 0xf8:
      noteTime(clock, micros);
      return clock.running ? <i32>(clock.position++) : NO_CLOCK;
    case 0xfa:
      clock.position = 0;
      clock.running = true;
      return NO_CLOCK;
    case 0xfb:
      clock.running = true;
      return NO_CLOCK;
    case 0xfc:
      clock.running = false;
      return NO_CLOCK;
    case 0xf2:
      if (!clock.running) clock.position = (((message >> 8) & 0x7f) | ((message >> 9) & 0x3f80)) * CLOCKS_PER_SIXTEENTH;
      return NO_CLOCK;
    default:
      return NO_CLOCK;
  }
}

/** Microseconds a quarter note over the last 24 clocks at most; 0 while there are fewer than two. */
export function microsPerQuarter(clock: ClockIn): u32 {
  const intervals = clock.timeCount - 1;
  if (<i32>intervals < 1) return 0;
  const span = timeBefore(clock, 0) - timeBefore(clock, intervals);
  return (span * CLOCKS_PER_QUARTER + (intervals >> 1)) / intervals;
}

/** Quarter notes a minute; 0 while unknown. */
export function quartersPerMinute(clock: ClockIn): f32 {
  const micros = microsPerQuarter(clock);
  return micros == 0 ? 0 : <f32>(60_000_000.0 / <f64>micros);
}

/** When clocks are to go out, in ticks of any steady counter modulo 2^32: frames, microseconds. Fractions are kept, so that none adds up. */
@unmanaged
export class ClockOut {
  /** Tick of the next clock, 32.32 fixed point. */
  due: u64;
  /** Ticks between clocks, 32.32 fixed point. */
  interval: u64;
}

/** Makes a generator whose first clock is due at tick 0; give it a tempo before use. Allocates, so call it at start only. */
export function createClockOut(): ClockOut {
  const clock = changetype<ClockOut>(heap.alloc(offsetof<ClockOut>()));
  clock.due = 0;
  clock.interval = <u64>1 << 63;
  return clock;
}

/** Makes a clock due at `tick`, and the others follow from there. */
export function startClockOut(clock: ClockOut, tick: u32): void {
  clock.due = <u64>tick << 32;
}

/**
 * Sets the tempo from the next clock on.
 * @param ticksPerSecond the counter's rate, e.g. the derived sample rate
 * @param quarters quarter notes a minute, 1 to 1000
 * @returns 0, or E_VALUE when out of range or the clocks would be less than a tick or 2^30 ticks and more apart
 */
export function setClockTempo(clock: ClockOut, ticksPerSecond: f64, quarters: f64): i32 {
  const ticks = (ticksPerSecond * 60.0) / (quarters * <f64>CLOCKS_PER_QUARTER);
  if (!(quarters >= 1.0 && quarters <= 1000.0 && ticks >= 1.0 && ticks < 1073741824.0)) return E_VALUE;
  clock.interval = <u64>(ticks * 4294967296.0);
  return 0;
}

/** Tick of the next clock, rounded down. */
export function nextClockTick(clock: ClockOut): u32 {
  return <u32>(clock.due >> 32);
}

/** Whether a clock is due at `tick` or was before; if so, takes it, so call again until there is none. */
export function takeClock(clock: ClockOut, tick: u32): bool {
  if (<i32>(tick - nextClockTick(clock)) < 0) return false;
  clock.due += clock.interval;
  return true;
}
