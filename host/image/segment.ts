// SPDX-License-Identifier: MIT
// A piece of memory, and the error that all readers of images throw.

import { UserError } from '../user-error.js';

/** A file is no image, or a broken one; the message names the file, what is wrong, and what to do. */
export class ImageError extends UserError {
  override readonly name = 'ImageError';
}

export interface Segment {
  /** Of the first byte, where it lies in flash. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** 0x and eight digits, as a manual prints an address. */
export const hex32 = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
