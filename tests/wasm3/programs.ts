// SPDX-License-Identifier: MIT
// Builds this directory's C programs with a variant of wasm3, for this computer or for QEMU's mps2-an386, and runs them.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prepareWasm3, type Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { packageRoot } from '../../host/paths.js';

const run = promisify(execFile);

export type Target = 'host' | 'arm';

const toolchains: Record<Target, { compiler: string; flags: string[]; link: string[]; extra: string[] }> = {
  host: { compiler: 'gcc', flags: ['-O1'], link: ['-lm'], extra: [] },
  arm: {
    compiler: 'arm-none-eabi-gcc', flags: ['-O2', '-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-ffunction-sections',
      '-fdata-sections', '-ffp-contract=off'],
    link: ['--specs=rdimon.specs', '-nostartfiles', '-Wl,--gc-sections', '-T', join(packageRoot, 'tests', 'wasm3', 'qemu.ld'), '-lm'],
    extra: ['qemu-start.c'],
  },
};

export interface Program {
  file: string;
  target: Target;
  /** The objects made from wasm3's sources alone. */
  objects: string[];
}

/**
 * Builds a program of this directory with a variant, unless the same sources and options have been built already. Several processes may ask at once:
 * each builds in a directory of its own, and the first to finish gives it the name that all look for.
 */
export async function buildProgram(variant: Wasm3Variant, target: Target, main = 'harness.c', defines: readonly string[] = []): Promise<Program> {
  const dir = join(packageRoot, 'build', 'wasm3-tests', [variant, target, main, ...defines].join('-').replace(/[^\w-]/g, '_'));
  const { sources, execSource, execFlags, includeDir, defines: own } = await prepareWasm3({ variant, outDir: join(dir, 'src') });
  const { compiler, flags, link, extra } = toolchains[target];
  const shim = join(packageRoot, 'boards', 'shim');
  const common = [...flags, `-I${includeDir}`, `-I${shim}`, ...[...own, ...defines].map((d) => `-D${d}`), '-c'];
  const files = [...sources, ...[main, ...extra].map((f) => join(packageRoot, 'tests', 'wasm3', f))];
  const headers = (await readdir(includeDir)).filter((f) => f.endsWith('.h')).sort().map((f) => join(includeDir, f));
  const hash = createHash('sha256').update(JSON.stringify([compiler, common, execFlags[target], link]));
  for (const file of [...files, ...headers, join(shim, 'wasm3-run.h'), join(packageRoot, 'tests', 'wasm3', 'qemu.ld')]) hash.update(await readFile(file));
  const built = join(dir, hash.digest('hex').slice(0, 16));
  const program = { file: join(built, 'program'), target, objects: sources.map((_, i) => join(built, `${i}.o`)) };
  if ((await stat(program.file).catch(() => undefined)) !== undefined) return program;
  const partial = `${built}.${process.pid}`;
  await mkdir(partial, { recursive: true });
  const objects = await Promise.all(files.map(async (source, i) => {
    const object = join(partial, `${i}.o`);
    await run(compiler, [...common, ...(source === execSource ? execFlags[target] : []), source, '-o', object]);
    return object;
  }));
  await run(compiler, [...flags, ...objects, '-o', join(partial, 'program'), ...link]);
  await rename(partial, built).catch(() => rm(partial, { recursive: true }));
  return program;
}

/** Runs a program with one input file; on QEMU, it finds it as input.bin in the directory that it runs in. @returns what it printed */
export async function runProgram({ file, target }: Program, input: Uint8Array): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-wasm3-'));
  try {
    await writeFile(join(dir, 'input.bin'), input);
    const [command, args] = target === 'host' ? [file, []] as const : ['qemu-system-arm', ['-M', 'mps2-an386', '-nographic', '-monitor', 'none',
      '-serial', 'none',
      '-icount', 'shift=0,sleep=off,align=off', '-semihosting-config', 'enable=on,target=native', '-kernel', file]] as const;
    return (await run(command, [...args], { cwd: dir, maxBuffer: 1 << 28 })).stdout;
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Why programs for QEMU's board cannot be built or run here, or undefined when they can. */
export async function missingForQemu(): Promise<string | undefined> {
  for (const tool of ['arm-none-eabi-gcc', 'qemu-system-arm']) {
    try {
      await run(tool, ['--version']);
    } catch {
      return `${tool} is not installed`;
    }
  }
  return undefined;
}
