// SPDX-License-Identifier: MIT
// Numbers on the command line, as more than one command takes them.

import { InvalidArgumentError } from 'commander';

export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Wanted a number above 0.');
  return value;
};

/** Cycles of longer runs are not told apart by numbers any more, on the fastest core a hundred times over. */
const LONGEST_SECONDS = 1e5;
/** Some cycles of the slowest core. */
const SHORTEST_SECONDS = 1e-6;
/** How much faster or slower a core may be than the board's. */
const MOST_OVERCLOCK = 1000;

const within = (text: string, from: number, to: number): number => {
  const value = Number(text);
  if (!(value >= from && value <= to)) throw new InvalidArgumentError(`Wanted a number from ${from} to ${to}.`);
  return value;
};

/** Length of a run. */
export const seconds = (text: string): number => within(text, SHORTEST_SECONDS, LONGEST_SECONDS);

/** How many times as fast a core is. */
export const overclock = (text: string): number => within(text, 1 / MOST_OVERCLOCK, MOST_OVERCLOCK);

/** FROM:TO in seconds. */
export const window = (text: string): [number, number] => {
  const [from, to, ...rest] = text.split(':').map(Number);
  if (rest.length > 0 || !(from >= 0 && to > from)) throw new InvalidArgumentError('Wanted FROM:TO in seconds, e.g. 0.5:1.0.');
  return [from, to];
};

/** Of a stack. */
export const byteCount = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 256 || value % 8 !== 0) throw new InvalidArgumentError('Wanted bytes: a multiple of 8, 256 or more.');
  return value;
};
