// SPDX-License-Identifier: MIT
// A file that appears under its name only when it is whole.

import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

export class PartialFile {
  private readonly temporary: string;
  private fd: number | undefined;
  private readonly onExit = (): void => this.abort();

  /** Opens a neighbour of `path` for writing. @throws what the file system says (no such directory, no permission) */
  constructor(readonly path: string) {
    this.temporary = `${path}.${process.pid}.part`;
    this.fd = openSync(this.temporary, 'w');
    process.once('exit', this.onExit);
  }

  write(bytes: Uint8Array): void {
    if (this.fd === undefined) throw new Error(`${this.path} is closed`);
    for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at);
  }

  /** Closes it and gives it its name, replacing what was there. */
  commit(): void {
    if (this.close()) renameSync(this.temporary, this.path);
  }

  /** Closes and removes it; nothing stays, and what was under its name before is untouched. Harmless when it is closed. */
  abort(): void {
    if (this.close()) rmSync(this.temporary, { force: true });
  }

  private close(): boolean {
    if (this.fd === undefined) return false;
    closeSync(this.fd);
    this.fd = undefined;
    process.off('exit', this.onExit);
    return true;
  }
}
