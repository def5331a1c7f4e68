// SPDX-License-Identifier: MIT
// The benchmark's mix of programs (tests/bench/emulator/mix.c) as an image for `bareArm`.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../paths.js';

const directory = join(packageRoot, 'tests', 'bench', 'emulator');

/** Words that it reads, behind its RAM: how many rounds, and the cycles between SysTick's interrupts, 0 for none. */
export const ROUNDS = 0x20020000, TICK_CYCLES = 0x20020004;

/** @param level of optimisation, -O2 */
export function compileMix(level: string): Uint8Array {
  const out = mkdtempSync(join(tmpdir(), 'tonewheel-engines-'));
  try {
    const elf = join(out, 'mix.elf');
    execFileSync('arm-none-eabi-gcc', [
      '-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-nostdlib', '-fno-tree-loop-distribute-patterns', '-Wl,--no-warn-rwx-segments', '-Wl,-z,noexecstack',
      level, join(directory, 'mix.c'), '-T', join(directory, 'bare.ld'), '-lgcc', '-o', elf,
    ], { stdio: 'pipe' });
    return readFileSync(elf);
  } finally {
    rmSync(out, { recursive: true });
  }
}

