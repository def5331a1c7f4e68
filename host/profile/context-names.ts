// SPDX-License-Identifier: MIT
// How profiles call what is no handler. Handlers have the names of their vectors.

/** The code outside of handlers, from the call of `main` on. */
export const MAIN = 'main';
/** The code before `main`: the module's start, and `init`. */
export const RESET = 'reset';
export const SLEEP = 'sleep';
