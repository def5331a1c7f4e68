// SPDX-License-Identifier: MIT
// Lets Ctrl-C end work that never comes back to node's event loop, and lets the program tidy up after it.

import { runInNewContext } from 'node:vm';

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Runs `work`; SIGINT ends it wherever it is, in WebAssembly too, without running its `finally` blocks. Without this, node's default would end the
 * process and leave temporary files, and a listener for the signal would be called only when the work is done.
 * @throws Interrupted, and what `work` throws
 */
export function interruptible<T>(work: () => T): T {
  try {
    return runInNewContext('work()', { work }, { breakOnSigint: true }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw new Interrupted('interrupted; nothing was written');
    throw error;
  }
}
