// SPDX-License-Identifier: MIT
// What is wrong with a line that a user gave.

/** A line cannot be read; the message says why, and the caller knows which line it is. */
export class InputError extends Error {}
