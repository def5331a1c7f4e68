// SPDX-License-Identifier: MIT
// Numbers and names of floating-point registers in encodings (ARM DDI 0403E, A6.3).

/** A single-precision register: four bits and a low one. */
export const single = (v: number, low: number): number => (v << 1) | low;

export const singleText = (s: number): string => `s${s}`;
export const doubleText = (d: number): string => `d${d}`;

/** `{s1-s3}`, or `{s1}` for one. */
export function listText(letter: 's' | 'd', first: number, count: number): string {
  return count === 1 ? `{${letter}${first}}` : `{${letter}${first}-${letter}${first + count - 1}}`;
}
