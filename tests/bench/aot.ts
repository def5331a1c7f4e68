// SPDX-License-Identifier: MIT
// Instructions of the same TypeScript functions compiled ahead of time, by our translator and by wasm2c, beside C by hand: on QEMU's Cortex-M4F.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { abiHeader } from '../../host/build/abi-header.js';
import { AOT_C_FLAGS, translateModule } from '../../host/build/aot/translate.js';
import { compileLibrary } from '../../host/build/library.js';
import { parseModule } from '../../host/cpu/wasm/decode.js';
import { packageRoot } from '../../host/paths.js';
import type { BenchRow } from './row.js';

const run = promisify(execFile);
const sources = join(packageRoot, 'tests/bench/aot');

/** As start.c counts: 200 blocks of 32 frames of eight voices. */
export const SAMPLES = 200 * 8 * 32;
const CORE = ['-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-O2'];
const LINK = ['-nostartfiles', '--specs=nosys.specs', '-Wl,--no-warn-rwx-segments', '-T', join(sources, 'bench.ld')];
const QEMU = ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=0,sleep=off,align=off',
  '-semihosting-config', 'enable=on,target=native'];
const WASM2C_FLAGS = ['-DNDEBUG', '-DWASM_RT_USE_STACK_DEPTH_COUNT=0', '-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0', '-w'];

/** Programs that are wanted and not installed. */
export const missingTools = (): string[] => ['arm-none-eabi-gcc', 'qemu-system-arm', 'wasm2c'].filter((tool) => spawnSync(tool, ['--version']).error);

/** What each engine counted, by function, and the digest of what it rendered. */
export type Counts = Readonly<Record<string, number>>;

/** Lines of a name and a number. @throws Error when the last, the digest, is not there */
export function parseCounts(text: string, engine: string): Counts {
  const counts = Object.fromEntries(text.trim().split('\n').map((line) => line.split(' ')).map(([key, value]) => [key, Number(value)]));
  if (!('digest' in counts)) throw new Error(`${engine} ended early: ${text}`);
  return counts;
}

/** Gives `use` a directory for the files of one measurement. */
async function inDirectory<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-bench-'));
  try {
    return await use(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const compileFlags = (dir: string, flags: readonly string[]): string[] => [
  ...CORE, ...AOT_C_FLAGS, ...flags, `-I${sources}`, `-I${dir}`, `-I${join(packageRoot, 'boards/shim')}`, '-DTW_MEMORY_BYTES=65536u',
];

/** Counts an engine that is C: its files beside start.c. */
async function count(dir: string, name: string, files: readonly string[], flags: readonly string[] = []): Promise<Counts> {
  const elf = join(dir, `${name}.elf`);
  await run('arm-none-eabi-gcc', [...compileFlags(dir, flags), join(sources, 'start.c'), ...files, ...LINK, '-o', elf]);
  // QEMU writes what comes by semihosting to its standard error.
  const { stderr } = await run('qemu-system-arm', [...QEMU, '-kernel', elf], { timeout: 60_000 });
  return parseCounts(stderr, name);
}

const nativeSource = join(sources, 'native.c');

/** What C by hand takes, and the bytes of its code and constants. */
export function measureNative(): Promise<{ counts: Counts; codeBytes: number }> {
  return inDirectory(async (dir) => {
    const object = join(dir, 'native.o');
    await run('arm-none-eabi-gcc', [...compileFlags(dir, []), '-c', nativeSource, '-o', object]);
    const { stdout } = await run('arm-none-eabi-size', [object]);
    return { counts: await count(dir, 'native', [nativeSource]), codeBytes: Number(stdout.trim().split('\n')[1].trim().split(/\s+/)[0]) };
  });
}

/** @throws Error when a tool fails, or an image does not end by itself */
export function countInstructions(): Promise<Record<'native' | 'translated' | 'wasm2c', Counts>> {
  return inDirectory(async (dir) => {
    const wasm = await compileLibrary('tests/bench/aot/kernels.as.ts');
    await Promise.all([
      writeFile(join(dir, 'kernels.wasm'), wasm), writeFile(join(dir, 'abi.h'), abiHeader()),
      writeFile(join(dir, 'translated.h'), translateModule(parseModule(wasm), { exports: true })),
    ]);
    await run('wasm2c', [join(dir, 'kernels.wasm'), '-n', 'kernels', '-o', join(dir, 'wasm2c-module.c')]);
    await writeFile(join(dir, 'wasm2c.h'), '#include "wasm2c-module.h"\n');
    return {
      native: await count(dir, 'native', [nativeSource]),
      translated: await count(dir, 'translated', [join(sources, 'translated.c')]),
      wasm2c: await count(dir, 'wasm2c', [join(sources, 'wasm2c.c'), join(dir, 'wasm2c-module.c')], [...WASM2C_FLAGS, '-idirafter', '/usr/include']),
    };
  });
}

/** Instructions per sample and voice of saw, filter, mix, and of all three. */
export async function benchAot(): Promise<BenchRow[]> {
  const missing = missingTools();
  if (missing.length > 0) throw new Error(`${missing.join(' and ')} not installed (Debian: gcc-arm-none-eabi, qemu-system-arm, wabt)`);
  const counts = await countInstructions();
  return (['translated', 'wasm2c'] as const).flatMap((engine) => ['saw', 'filter', 'mix', 'voice'].map((name) => {
    const [value, peerValue] = [counts[engine][name] / SAMPLES, counts.native[name] / SAMPLES];
    return { name: `${name}, ${engine}`, value, unit: 'instr/sample', peer: 'native C', peerValue, ratio: value / peerValue };
  }));
}
