// SPDX-License-Identifier: MIT
// Lets Ctrl-C end work, also such as never comes back to node's event loop, and lets the program tidy up after it.

import { runInNewContext } from 'node:vm';

/** The user pressed Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const interrupted = (): Interrupted => new Interrupted('interrupted; nothing was written');

/**
 * Waits for a session, and for what is written after it; SIGINT ends both.
 * @param work is to be told of progress: 1 when it begins to write
 * @throws Interrupted, with a message that says whether there may be files; and what `work` throws
 */
export async function interruptibleSession<T>(work: (onProgress: (done: number) => void) => Promise<T>, onProgress: (done: number) => void): Promise<T> {
  let writes = false;
  try {
    return await interruptibleWait(work((done) => {
      writes = done === 1;
      onProgress(done);
    }));
  } catch (error) {
    if (error instanceof Interrupted && writes) throw new Interrupted('interrupted while files were written: some are missing, and each that is there is whole');
    throw error;
  }
}

/**
 * Waits for `work`; SIGINT ends the waiting, and what the work comes to is of no interest then. A signal that comes while the work keeps node busy is
 * seen when it has ended.
 * @throws Interrupted, and what `work` throws
 */
export async function interruptibleWait<T>(work: Promise<T>): Promise<T> {
  let onSignal: () => void = () => {};
  const signal = new Promise<never>((_, reject) => {
    onSignal = () => reject(interrupted());
    process.once('SIGINT', onSignal);
  });
  try {
    const result = await Promise.race([work, signal]);
    // The event loop tells of a signal only when it comes to wait.
    await Promise.race([new Promise(setImmediate), signal]);
    return result;
  } finally {
    process.off('SIGINT', onSignal);
  }
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
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') throw interrupted();
    throw error;
  }
}
