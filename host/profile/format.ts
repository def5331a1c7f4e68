// SPDX-License-Identifier: MIT
// Numbers as the report and the summary write them: the same everywhere, whatever the computer's language.

/** 1,234 or 1,234.5: thousands apart, a fixed count of decimals. */
export const number = (value: number, decimals = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** Seconds of a run: as many decimals as tell a short one from none. */
export const duration = (seconds: number): string => number(seconds, seconds === 0 || seconds >= 0.95 ? 1 : Math.min(6, 1 - Math.floor(Math.log10(seconds))));

/** A share of 1 in percent, with a decimal or two when it is small. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value.toFixed(value !== 0 && value < 9.95 ? (value < 0.095 ? 2 : 1) : 0)}\u00a0%`;
}

/** A part of a whole; 0 of nothing, for runs that made no sound. */
export const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Cycles as microseconds. */
export const microseconds = (cycles: number, coreHertz: number): string => {
  const us = (cycles / coreHertz) * 1e6;
  return number(us, us === 0 || us >= 100 ? (us === 0 ? 0 : 1) : 2);
};

/** A level relative to full scale; silence is minus infinity. */
export const decibels = (level: number): string => (level === 0 ? '−∞' : (20 * Math.log10(level)).toFixed(1).replace('-', '−'));

export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;
