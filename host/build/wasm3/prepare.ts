// SPDX-License-Identifier: MIT
// Writes wasm3's sources for a build of the shim, as they come ("reference") or made fast for a Cortex-M ("tuned").

import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeGenerated } from '../generated.js';
import { configure, defaultConfig, type Wasm3Config } from './config.js';
import { Edits } from './edits.js';
import { repair } from './repairs.js';
import { findWasm3 } from './source.js';
import { tune } from './tune.js';

export type Wasm3Variant = 'reference' | 'tuned';

export interface Wasm3Options {
  variant: Wasm3Variant;
  /** Where the sources go; all in it that is not one of them is removed. */
  outDir: string;
  /** Values of wasm3's configuration macros that differ from the defaults, e.g. d_m3CodePageAlignSize. */
  config?: Wasm3Config;
}

export interface Wasm3Sources {
  /** The C files to compile, absolute if outDir is. */
  sources: string[];
  /** The one of `sources` with the operations' handlers: it is compiled with `execFlags` in addition, at -O2 or more (at less, the C stack grows). */
  execSource: string;
  /** For gcc or clang on a computer, and for arm-none-eabi-gcc. The program is right without them, but slower. */
  execFlags: { host: string[]; arm: string[] };
  includeDir: string;
  /** For every file that includes one of wasm3's headers: "NAME=VALUE", without the -D. */
  defines: string[];
}

/**
 * Brings `outDir` up to date.
 * @throws Error when wasm3's sources are missing, or not those that the build was written for
 */
export async function prepareWasm3({ variant, outDir, config = {} }: Wasm3Options): Promise<Wasm3Sources> {
  const edits = new Edits((await findWasm3()).files);
  repair(edits);
  configure(edits, { ...defaultConfig, ...config });
  if (variant === 'tuned') tune(edits);
  await mkdir(outDir, { recursive: true });
  for (const file of await readdir(outDir)) if (!edits.files.has(file)) await rm(join(outDir, file), { recursive: true });
  await Promise.all([...edits.files].map(([file, text]) => writeGenerated(join(outDir, file), text)));
  const tailCalls = ['-O2', '-fomit-frame-pointer', '-fno-stack-protector', '-fno-strict-aliasing', '-fno-math-errno', '-ffp-contract=off'];
  const handlers = ['-fno-tree-loop-distribute-patterns', ...[4, 5, 6, 8, 9].map((r) => `-fcall-used-r${r}`)];
  return {
    sources: [...edits.files.keys()].filter((f) => f.endsWith('.c')).map((f) => join(outDir, f)),
    execSource: join(outDir, variant === 'tuned' ? 'm3_exec.c' : 'm3_compile.c'),
    execFlags: { host: tailCalls, arm: variant === 'tuned' ? [...tailCalls, ...handlers] : tailCalls },
    includeDir: outDir,
    defines: [`TW_WASM3_TUNED=${variant === 'tuned' ? 1 : 0}`],
  };
}
