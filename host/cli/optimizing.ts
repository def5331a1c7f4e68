// SPDX-License-Identifier: MIT
// When V8 compiles JavaScript a second time.

import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that a function runs, 30 times as many as V8 has it, before V8 optimizes it. */
const BYTECODE_BYTES = 4_000_000;

/**
 * Has V8 optimize only what runs for long. A command that compiles a firmware and reads it is over in seconds, in which it goes once through much code: optimizing that takes
 * a quarter of all its seconds of CPU, from the cores on which two firmwares are compiled at once, and gives less back. In all threads, from now on.
 */
export function optimizeLate(): void {
  setFlagsFromString(`--interrupt-budget=${BYTECODE_BYTES}`);
}
