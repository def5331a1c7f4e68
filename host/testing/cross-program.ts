// SPDX-License-Identifier: MIT
// Small C programs for the STM32F407, compiled in a spec: what the emulator runs that is not our own firmware.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { packageRoot } from '../paths.js';

/** What programs by others begin with, and the linker script that they are laid out by. */
export const START = join(packageRoot, 'host', 'testing', 'stm32f407', 'start.c');
export const LINKER_SCRIPT = join(packageRoot, 'host', 'testing', 'stm32f407', 'flash.ld');
const FLAGS = [
  '-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-std=gnu11', '-ffunction-sections', '-Wall', '-nostartfiles', '-Wl,--gc-sections',
  '-Wl,--no-warn-rwx-segments', '-Wl,-z,noexecstack', '--specs=nano.specs', '--specs=nosys.specs', '-Wl,--no-warnings',
];

export interface CrossOptions {
  /** Flags after the usual ones; default "-Og -g". */
  readonly flags?: readonly string[];
  /** Without vector table and start-up code. */
  readonly bare?: boolean;
}

/** A directory for the programs of a spec file, removed after it. */
export class CrossCompiler {
  readonly directory = mkdtempSync(join(tmpdir(), 'tonewheel-cross-'));

  constructor() {
    after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /**
   * Compiles `NAME.c` and links it for an STM32F407.
   * @param source C, of which line 1 is line 1 of NAME.c
   * @returns path of NAME.elf
   * @throws Error with the compiler's words
   */
  build(name: string, source: string, { flags = ['-Og', '-g'], bare = false }: CrossOptions = {}): string {
    writeFileSync(this.path(`${name}.c`), source);
    const files = [`${name}.c`, ...(bare ? [] : [START])];
    execFileSync('arm-none-eabi-gcc', [...FLAGS, ...flags, ...files, '-T', LINKER_SCRIPT, '-o', `${name}.elf`], { cwd: this.directory, stdio: ['ignore', 'ignore', 'pipe'] });
    return this.path(`${name}.elf`);
  }
}
