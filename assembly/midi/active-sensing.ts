// SPDX-License-Identifier: MIT
// Active sensing: after the first FE a silence of more than 300 ms means that the sender is gone (MIDI 1.0 Detailed Specification, version 4.2,
// "Active Sensing"). Pure: time comes in with the calls.

export const ACTIVE_SENSING_TIMEOUT_MICROS: i32 = 300_000;

/** State of one incoming port. */
@unmanaged
export class ActiveSensing {
  /** Whether an FE has come since the start or the last time-out. */
  armed: bool;
  /** When the latest byte came, in microseconds modulo 2^32. */
  lastByteMicros: u32;
}

/** Makes the state, not armed. Allocates, so call it at start only. */
export function createActiveSensing(): ActiveSensing {
  const state = changetype<ActiveSensing>(heap.alloc(offsetof<ActiveSensing>()));
  state.armed = false;
  state.lastByteMicros = 0;
  return state;
}

/**
 * Says whether the sender has just been found gone: once, and not again before the next FE. Call it more often than every 35 minutes. A `nowMicros`
 * somewhat older than the latest byte, as main may hold when a handler has come in between, counts as no silence.
 */
export function hasTimedOut(state: ActiveSensing, nowMicros: u32): bool {
  if (!state.armed || <i32>(nowMicros - state.lastByteMicros) <= ACTIVE_SENSING_TIMEOUT_MICROS) return false;
  state.armed = false;
  return true;
}

/**
 * Takes a byte, whatever it is, with the time at which it came.
 * @returns true when the silence before it was too long and had not been reported: act on that before acting on the byte
 */
export function onByte(state: ActiveSensing, byte: u32, micros: u32): bool {
  const timedOut = hasTimedOut(state, micros);
  state.lastByteMicros = micros;
  if (byte == 0xfe) state.armed = true;
  return timedOut;
}
