// SPDX-License-Identifier: MIT
// Limits as authors write them, "10us" or "1kHz", as core cycles.

const SECONDS = { us: 1e-6, ms: 1e-3, s: 1 } as const;
const HERTZ = { Hz: 1, kHz: 1e3, MHz: 1e6 } as const;

/** @param given cycles, or a time with its unit: "10us", "0.5 ms", "1s". @returns whole cycles; undefined when it is neither */
export function timeCycles(given: number | string, coreHertz: number): number | undefined {
  if (typeof given === 'number') return Number.isInteger(given) && given >= 0 ? given : undefined;
  const [, value, unit] = /^(\d+(?:\.\d+)?)\s*(us|ms|s)$/.exec(given) ?? [];
  // A product like 0.0005 * 168e6 is off by its last bit.
  return unit === undefined ? undefined : Math.floor(Number((Number(value) * SECONDS[unit as keyof typeof SECONDS] * coreHertz).toPrecision(12)));
}

/** @param given hertz, or with their unit: "1kHz". @returns cycles of a period, not whole; undefined when it is no rate above 0 */
export function periodCycles(given: number | string, coreHertz: number): number | undefined {
  const [, value, unit] = typeof given === 'number' ? ['', String(given), 'Hz'] : /^(\d+(?:\.\d+)?)\s*(Hz|kHz|MHz)$/.exec(given) ?? [];
  const hertz = unit === undefined ? 0 : Number(value) * HERTZ[unit as keyof typeof HERTZ];
  return hertz > 0 && Number.isFinite(hertz) ? coreHertz / hertz : undefined;
}
