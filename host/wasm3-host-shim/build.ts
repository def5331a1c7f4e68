// SPDX-License-Identifier: MIT
// Builds the shim with wasm3 for this computer, on first use, into build/cache/wasm3-host-shim.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { abiHeader } from '../build/abi-header.js';
import { abiWasm3Source } from '../build/abi-wasm3.js';
import { prepareWasm3, type Wasm3Variant } from '../build/wasm3/prepare.js';
import { boardsDir, packageRoot } from '../paths.js';
import { requireTool } from '../tools/tools.js';

const run = promisify(execFile);

const shimDir = join(boardsDir, 'shim');
const ownDir = join(packageRoot, 'host', 'wasm3-host-shim');
const BUILDING = 'building-';
const cacheDir = join(packageRoot, 'build', 'cache', 'wasm3-host-shim');
/** The shim's portable part; its ports to boards and its other engine are not for here. */
const shimSources = ['shim.c', 'abi.c', 'heap.c', 'log.c', 'engine-wasm3.c'];
const ownSources = ['port-host.c', 'addon.c'];

/** Optimised enough for tail calls, which wasm3's operations are made of; no fused multiply-add, which would round differently. */
const compileFlags = [
  '-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-ffp-contract=off', '-DTW_OP_HOOK', '-DTW_IMAGE_AT_RUN_TIME', '-DTW_NOINIT=',
];
const linkFlags = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];

/** @throws ToolMissing when there is none */
async function findCompiler(): Promise<{ command: string; version: string }> {
  const command = process.env.CC || await requireTool('C compiler');
  try {
    return { command, version: (await run(command, ['--version'])).stdout };
  } catch (error) {
    throw new Error(`the C compiler "${command}" cannot be run: ${(error as Error).message.split('\n')[0]}`);
  }
}

async function compile(command: string, args: readonly string[]): Promise<void> {
  try {
    await run(command, args, { maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`the C compiler "${command}" cannot build wasm3 for this computer:\n${(stderr || message).split('\n').slice(0, 20).join('\n')}`);
  }
}

async function digest(parts: readonly string[], files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(parts));
  for (const file of files) hash.update(`\0${basename(file)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

/** The C files and headers of a directory. */
async function filesOf(dir: string): Promise<string[]> {
  return (await readdir(dir)).filter((f) => /\.[ch]$/.test(f)).sort().map((f) => join(dir, f));
}

/** Builds that were killed leave their directory; none takes this long. */
const ABANDONED_MS = 3_600_000;

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(BUILDING)) continue;
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Path of the addon in a cache directory, built if it is not there yet (some seconds). For any number of processes at once.
 * @throws ToolMissing without a C compiler, or Error with the compiler's own words
 */
export async function buildInto(cache: string, variant: Wasm3Variant): Promise<string> {
  const { command, version } = await findCompiler();
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  // A directory of its own until it is whole: other processes may be building the same.
  const work = await mkdtemp(join(cache, BUILDING));
  try {
    const wasm3 = await prepareWasm3({ variant, outDir: join(work, 'wasm3'), config: { d_m3RecordBacktraces: 1 } });
    await writeFile(join(work, 'abi.h'), abiHeader());
    await writeFile(join(work, 'abi-wasm3.c'), abiWasm3Source());
    const headers = join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
    const flags = [...compileFlags, ...wasm3.defines.map((d) => `-D${d}`)];
    const inputs = (await Promise.all([wasm3.includeDir, work, shimDir, ownDir, headers].map(filesOf))).flat();
    const key = await digest([version, process.platform, process.arch, ...flags, ...wasm3.execFlags.host, ...linkFlags], inputs);
    const built = join(cache, key, 'shim.node');
    if (existsSync(built)) return built;

    const includes = [`-I${work}`, `-I${shimDir}`, `-I${ownDir}`, `-I${wasm3.includeDir}`, `-I${headers}`];
    const ours = [...shimSources.map((f) => join(shimDir, f)), ...ownSources.map((f) => join(ownDir, f)), join(work, 'abi-wasm3.c')];
    // The reference variant's lazy calls are settled by a file that takes the compiler's place.
    const execSource = variant === 'reference' ? join(shimDir, 'wasm3-settle.c') : wasm3.execSource;
    const sources = [...wasm3.sources.filter((f) => f !== wasm3.execSource), execSource, ...ours];
    const objects = sources.map((_, i) => join(work, `${i}.o`));
    const flagsOf = (source: string): string[] => [
      ...flags, ...(source === execSource ? wasm3.execFlags.host : []), ...includes, ...(ours.includes(source) ? ['-Wall', '-Wextra'] : ['-w']),
    ];
    const outcomes = await Promise.allSettled(sources.map((source, i) => compile(command, [...flagsOf(source), '-c', source, '-o', objects[i]])));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    const whole = join(work, 'whole');
    await mkdir(whole);
    await compile(command, [...linkFlags, ...objects, '-lm', '-o', join(whole, 'shim.node')]);
    // Whoever comes first has made the very same.
    await rename(whole, join(cache, key)).catch((error) => {
      if (!existsSync(built)) throw error;
    });
    return built;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const builds = new Map<Wasm3Variant, Promise<string>>();

/** The same in the package's own cache, once a process. */
export function buildHostShim(variant: Wasm3Variant): Promise<string> {
  let path = builds.get(variant);
  if (!path) {
    path = buildInto(cacheDir, variant);
    builds.set(variant, path);
    // Whoever tries again may have installed a compiler.
    path.catch(() => builds.delete(variant));
  }
  return path;
}
