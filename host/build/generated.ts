// SPDX-License-Identifier: MIT
// Writes generated sources to disk, for compilers that read from there alone.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Brings a generated file up to date; a concurrent reader sees the old text or the new, never half of one. */
export async function writeGenerated(path: string, wanted: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === wanted) return;
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, wanted);
  await rename(partial, path);
}
