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
const SAMPLES = 200 * 8 * 32;
const CORE = ['-mcpu=cortex-m4', '-mthumb', '-mfpu=fpv4-sp-d16', '-mfloat-abi=hard', '-O2'];
const LINK = ['-nostartfiles', '--specs=nosys.specs', '-Wl,--no-warn-rwx-segments', '-T', join(sources, 'bench.ld')];
const QEMU = ['-M', 'mps2-an386', '-nographic', '-monitor', 'none', '-serial', 'none', '-icount', 'shift=0,sleep=off,align=off',
  '-semihosting-config', 'enable=on,target=native'];
const WASM2C_FLAGS = ['-DNDEBUG', '-DWASM_RT_USE_STACK_DEPTH_COUNT=0', '-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0', '-w'];

/** Programs that are wanted and not installed. */
export const missingTools = (): string[] => ['arm-none-eabi-gcc', 'qemu-system-arm', 'wasm2c'].filter((tool) => spawnSync(tool, ['--version']).error);

/** What each engine counted, by function, and the digest of what it rendered. */
export type Counts = Readonly<Record<string, number>>;

/** @throws Error when a tool fails, or an image does not end by itself */
export async function countInstructions(): Promise<Record<'native' | 'translated' | 'wasm2c', Counts>> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-bench-'));
  try {
    const wasm = await compileLibrary('tests/bench/aot/kernels.as.ts');
    await Promise.all([
      writeFile(join(dir, 'kernels.wasm'), wasm), writeFile(join(dir, 'abi.h'), abiHeader()),
      writeFile(join(dir, 'translated.h'), translateModule(parseModule(wasm), { exports: true })),
    ]);
    await run('wasm2c', [join(dir, 'kernels.wasm'), '-n', 'kernels', '-o', join(dir, 'wasm2c-module.c')]);
    await writeFile(join(dir, 'wasm2c.h'), '#include "wasm2c-module.h"\n');
    const count = async (name: string, files: string[], flags: string[]): Promise<Counts> => {
      const elf = join(dir, `${name}.elf`);
      const includes = [`-I${sources}`, `-I${dir}`, `-I${join(packageRoot, 'boards/shim')}`, '-DTW_MEMORY_BYTES=65536u'];
      await run('arm-none-eabi-gcc', [...CORE, ...AOT_C_FLAGS, ...flags, ...includes, join(sources, 'start.c'), ...files, ...LINK, '-o', elf]);
      // QEMU writes what comes by semihosting to its standard error.
      const { stderr } = await run('qemu-system-arm', [...QEMU, '-kernel', elf], { timeout: 60_000 });
      const counts = Object.fromEntries(stderr.trim().split('\n').map((line) => line.split(' ')).map(([key, value]) => [key, Number(value)]));
      if (!('digest' in counts)) throw new Error(`${name} ended early: ${stderr}`);
      return counts;
    };
    return {
      native: await count('native', [join(sources, 'native.c')], []),
      translated: await count('translated', [join(sources, 'translated.c')], []),
      wasm2c: await count('wasm2c', [join(sources, 'wasm2c.c'), join(dir, 'wasm2c-module.c')], [...WASM2C_FLAGS, '-idirafter', '/usr/include']),
    };
  } finally {
    await rm(dir, { recursive: true });
  }
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
