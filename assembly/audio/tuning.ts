// SPDX-License-Identifier: MIT
// Equal temperament at the true sample rate: note numbers to phase increments and to filter coefficients.
//
// A phase is a u32, 2^32 to the cycle. Increments of the 128 notes come from f64 at start (rounding to 1/2^32 cycle is 0.0012 cent at
// note 0, less above); a fraction of a semitone is a cubic for 2^(x/12) whose error, 0.00003 cent, is below f32's own. Filters take their cutoff as a note
// number too, from a table of the prewarped g = tan(pi f / fs), linear between semitones (0.1 %, 2 cents of cutoff; 1.7 % at the very top).

/** Frequency of note 69. */
const A4_HERTZ: f64 = 440;
const SEMITONE: f64 = 1.0594630943592953; // 2^(1/12)
const NOTES: i32 = 128;

/** Highest pitch that `noteIncrement` gives: 19.9 kHz, so that an oscillator stays below half the sample rate. */
export const MAX_NOTE: f32 = 135;
/** Highest cutoff, as a note number. */
export const MAX_CUTOFF: f32 = 135;
/** Cutoffs stay below this part of the sample rate, where tan() still behaves. */
const CUTOFF_LIMIT: f64 = 0.45;

const increments = memory.data(NOTES << 2, 4); // u32
const cutoffs = memory.data(137 << 2, 4); // f32: MAX_CUTOFF + 1 for the note above

/** tan(x) for 0 <= x < pi/2 by its continued fraction x/(1 - x²/(3 - x²/(5 - ...))): to 3e-11 at 1.41. */
function tangent(x: f64): f64 {
  let divisor: f64 = 15;
  for (let odd: f64 = 13; odd > 0; odd -= 2) divisor = odd - (x * x) / divisor;
  return x / divisor;
}

/**
 * Fills the tables; call once at start, before any note.
 * @param sampleRate true frames a second, as the clock tree gives them
 */
export function initTuning(sampleRate: f64): void {
  // Octaves are exact powers of two, so that no error grows along the table.
  let semitone = A4_HERTZ / 32 / (SEMITONE * SEMITONE * SEMITONE * SEMITONE * SEMITONE * SEMITONE * SEMITONE * SEMITONE * SEMITONE);
  for (let i = 0; i < 12; i++) {
    let hertz = semitone;
    for (let note = i; note <= <i32>MAX_CUTOFF + 1; note += 12) {
      if (note < NOTES) store<u32>(increments + (<usize>note << 2), <u32>nearest<f64>((hertz / sampleRate) * 4294967296.0));
      store<f32>(cutoffs + (<usize>note << 2), <f32>tangent(3.141592653589793 * min<f64>(hertz / sampleRate, CUTOFF_LIMIT)));
      hertz *= 2;
    }
    semitone *= SEMITONE;
  }
}

/** 2^x for -126 <= x < 128, relative error below 3e-7. */
export function exp2(x: f32): f32 {
  let whole = <i32>x;
  if (<f32>whole > x) whole--;
  const part = x - <f32>whole;
  const power = reinterpret<f32>((whole + 127) << 23);
  return (
    power *
    (1 + part * (0.693147567557981 + part * (0.2402071941905669 + part * (0.0556570543869607 + part * (0.009199387598506364 + part * 0.0017883687419898624)))))
  );
}

/** Phase increment a frame of a note number with fraction, e.g. 69.5; clamped to 0..MAX_NOTE. Right within 0.002 cent. */
export function noteIncrement(note: f32): u32 {
  const clamped = max<f32>(min<f32>(note, MAX_NOTE), 0);
  const whole = <i32>clamped;
  const part = clamped - <f32>whole;
  // Above the table: the octave below, doubled.
  const beyond = <i32>(whole >= NOTES);
  const base = load<u32>(increments + (<usize>(whole - 12 * beyond) << 2)) << beyond;
  if (part == 0) return base;
  // Less than half a cycle for what can sound at all, so that the conversions of signed numbers do, which are the cheaper ones.
  return <u32><i32>(<f32><i32>base * (1 + part * (0.05776227979549904 + part * (0.0016679743225165094 + part * 0.00003282532090655561))) + 0.5);
}

/** Prewarped integrator gain tan(pi f / fs) of a cutoff given as a note number; clamped to 0..MAX_CUTOFF. */
export function cutoffGain(note: f32): f32 {
  const clamped = max<f32>(min<f32>(note, MAX_CUTOFF), 0);
  const whole = <i32>clamped;
  const at = cutoffs + (<usize>whole << 2);
  const low = load<f32>(at);
  return low + (load<f32>(at, 4) - low) * (clamped - <f32>whole);
}
