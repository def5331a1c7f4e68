// SPDX-License-Identifier: MIT
// Numbers as the report and the summary write them: the same everywhere, whatever the computer's language.

/** 1,234 or 1,234.5: thousands apart, a fixed count of decimals. */
export const number = (value: number, decimals = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** Seconds of a run: as many decimals as tell a short one from none. */
export const duration = (seconds: number): string => number(seconds, seconds === 0 || seconds >= 0.95 ? 1 : Math.min(6, 1 - Math.floor(Math.log10(seconds))));

/** A share of 1 in percent, with a decimal or two when it is small, or almost all. What is more than nothing does not look like nothing, nor what is less than all like all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.005) return '≈\u00a00\u00a0%';
  const decimals = value !== 0 && value < 9.95 ? (value < 0.095 ? 2 : 1) : value >= 99.5 && value < 100 ? (value < 99.95 ? 1 : 2) : 0;
  const text = value.toFixed(decimals);
  return `${value < 100 && text.startsWith('100') ? '99.99' : text}\u00a0%`;
}

/** A part of a whole; 0 of nothing, for runs that made no sound. */
export const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Cycles as microseconds. */
export const microseconds = (cycles: number, coreHertz: number): string => {
  const us = (cycles / coreHertz) * 1e6;
  return number(us, us === 0 || us >= 100 ? (us === 0 ? 0 : 1) : 2);
};

/** Cycles as a length of time with its unit: microseconds, or milliseconds when there are thousands of them. */
export const timeText = (cycles: number, coreHertz: number): string => {
  const us = (cycles / coreHertz) * 1e6;
  return us < 9999.5 ? `${microseconds(cycles, coreHertz)}\u00a0µs` : `${number(us / 1000, us < 99_950 ? 2 : 1)}\u00a0ms`;
};

/** A level relative to full scale; silence is minus infinity. */
export const decibels = (level: number): string => (level === 0 ? '−∞' : (20 * Math.log10(level)).toFixed(1).replace('-', '−'));

export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;

/** A path of which a long way out of the project is left out: the file and its directory tell enough. */
export const shownPath = (path: string): string => path.replace(/^(\.\.\/|\/).*\/(?=[^/]+\/[^/]+$)/, '…/');

/** Text in which no line breaks before a percent sign. */
export const unbroken = (text: string): string => text.replaceAll(' %', '\u00a0%');
