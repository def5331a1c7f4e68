// SPDX-License-Identifier: MIT
// Compiles the C programs that specs and benches measure the firmware against, where a compiler and the library are there.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../paths.js';
import { findTool } from '../tools/tools.js';

const run = promisify(execFile);

/** Why CPU wasm3 is left out of the tests, or false where it can be built. With CI it fails instead. */
export const withoutCompiler = findTool('C compiler') || process.env.CI ? false : 'no C compiler is installed: CPU wasm3 is left out (Debian: gcc and libc6-dev)';

/** Why C programs that include `header` cannot be compiled here, or undefined when they can. */
export async function missingForC(header: string): Promise<string | undefined> {
  try {
    await run('gcc', ['--version']);
  } catch {
    return 'gcc is not installed';
  }
  try {
    await run('gcc', ['-E', '-include', header, '-x', 'c', '/dev/null']);
  } catch {
    return `the header <${header}> is not installed`;
  }
  return undefined;
}

/**
 * Compiles one C file and hands the program to `use`; removes it afterwards.
 * @param file path from the package root
 * @throws Error with gcc's own message when it does not compile
 */
export async function withProgram<T>(file: string, libraries: readonly string[], use: (program: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-'));
  try {
    const program = join(dir, 'program');
    await run('gcc', ['-O2', '-Wall', '-Werror', join(packageRoot, file), '-o', program, ...libraries.map((l) => `-l${l}`)]);
    return await use(program);
  } finally {
    await rm(dir, { recursive: true });
  }
}
