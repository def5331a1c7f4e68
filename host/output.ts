// SPDX-License-Identifier: MIT
// Output where the user wants it: directories are made, and what cannot be written is known before the work begins.

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PartialFile } from './devices/partial-file.js';
import { UserError } from './user-error.js';

/** A file cannot be written where the user wants it; the message says why. */
export class OutputError extends UserError {
  override readonly name = 'OutputError';
  override readonly isMisuse = true;
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied', EPERM: 'permission is denied', EROFS: 'the file system is read-only', ENOSPC: 'the disk is full',
  EEXIST: 'there is a file of that name', ENOTDIR: 'a part of the path is a file', ENOENT: 'the file system does not allow it',
};

const why = (error: unknown): string => WHY[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message;

/** Makes a directory and those above it. (Node's own recursive mkdir never returns where a file system denies with ENOENT, as /proc does.) */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(directory)).isDirectory()) return;
    if (code !== 'ENOENT' || (await stat(dirname(directory)).catch(() => undefined))?.isDirectory()) throw error;
    await makeDirectory(dirname(directory));
    await mkdir(directory);
  }
}

/** Makes the directory of a file that is to be written, and tries to write there. @throws OutputError */
export async function prepareOutput(path: string): Promise<void> {
  const directory = dirname(resolve(path));
  try {
    await makeDirectory(directory);
  } catch (error) {
    throw new OutputError(`cannot make the directory ${directory} for ${path}: ${why(error)}. Name another place.`);
  }
  if ((await stat(path).catch(() => undefined))?.isDirectory()) throw new OutputError(`cannot write ${path}: it is a directory. Name a file.`);
  try {
    new PartialFile(path).abort();
  } catch (error) {
    throw new OutputError(`cannot write ${path}: ${why(error)}. Name another place.`);
  }
}

/** Writes a file that appears under its name only when it is whole. */
export function writeWhole(path: string, contents: Uint8Array | string): void {
  const file = new PartialFile(path);
  try {
    file.write(Buffer.from(contents));
    file.commit();
  } finally {
    file.abort();
  }
}
