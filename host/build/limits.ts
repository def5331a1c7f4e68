// SPDX-License-Identifier: MIT
// Limits as authors write them, "10us" or "1kHz", as core cycles.

const SECONDS = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 } as const;
const HERTZ = { Hz: 1, kHz: 1e3, MHz: 1e6 } as const;
const TIME = /^(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|cycles)$/;
const RATE = /^(\d+(?:\.\d+)?)\s*(Hz|kHz|MHz)$/;

/** What `timeCycles` and `periodCycles` take, for whoever has written something else. */
export const TIME_WANTED = 'whole cycles above 0, as 400 or "400 cycles", or a time of a cycle or more, as "250ns", "10us" (or "10µs"), "0.5ms", "1s"';
export const RATE_WANTED = 'a rate above 0: hertz, as 100, or with the unit, as "100Hz", "1.5kHz", "1MHz"';

/** A product like 0.0005 * 168e6 is off by its last bit. */
const exact = (value: number): number => Number(value.toPrecision(12));

/** @param given cycles, or a time with its unit: "250ns", "10us", "0.5 ms", "1s", "400 cycles". @returns whole cycles, 1 or more; undefined when it is no such time */
export function timeCycles(given: number | string, coreHertz: number): number | undefined {
  // Keyboards have one of two letters that look alike: micro sign, and Greek mu.
  const [, value, unit] = typeof given === 'number' ? ['', given, 'cycles'] as const : TIME.exec(given.trim().replace('\u03bc', 'µ')) ?? [];
  if (unit === undefined) return undefined;
  const cycles = unit === 'cycles' ? Number(value) : Math.floor(exact(Number(value) * SECONDS[unit as keyof typeof SECONDS] * coreHertz));
  return Number.isSafeInteger(cycles) && cycles > 0 ? cycles : undefined;
}

/** @param given hertz, or with their unit: "1kHz". @returns cycles of a period, not whole; undefined when it is no rate above 0 */
export function periodCycles(given: number | string, coreHertz: number): number | undefined {
  const [, value, unit] = typeof given === 'number' ? ['', String(given), 'Hz'] : RATE.exec(given.trim()) ?? [];
  const hertz = unit === undefined ? 0 : Number(value) * HERTZ[unit as keyof typeof HERTZ];
  return hertz > 0 && Number.isFinite(hertz) ? coreHertz / hertz : undefined;
}
