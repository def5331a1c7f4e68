// SPDX-License-Identifier: MIT
// Numbers on the command line, as more than one command takes them.

import { InvalidArgumentError } from 'commander';

export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('Wanted a number above 0.');
  return value;
};

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
