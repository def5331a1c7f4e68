// SPDX-License-Identifier: MIT
// Small programs in assembler for the specs of the Cortex-M4's core: assembled and linked to the start of flash.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ArmProgram {
  readonly bytes: Uint8Array;
  /** Addresses of its labels, without bit 0. */
  readonly symbols: ReadonlyMap<string, number>;
}

const OPTIONS = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'];

/** Assembles a program. It begins with its vector table. */
export function assembleArm(source: string, origin = 0x08000000): ArmProgram {
  const directory = mkdtempSync(join(tmpdir(), 'arm-program-'));
  try {
    const [text, object, elf, binary] = ['p.s', 'p.o', 'p.elf', 'p.bin'].map((name) => join(directory, name));
    writeFileSync(text, `.syntax unified\n.thumb\n.text\n.global _start\n_start:\n${source}\n`);
    execFileSync('arm-none-eabi-as', [...OPTIONS, text, '-o', object], { stdio: 'pipe' });
    execFileSync('arm-none-eabi-ld', [`-Ttext=0x${origin.toString(16)}`, '--no-warn-rwx-segments', object, '-o', elf], { stdio: 'pipe' });
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', elf, binary]);
    const symbols = execFileSync('arm-none-eabi-nm', [elf], { encoding: 'utf8' });
    return {
      bytes: new Uint8Array(readFileSync(binary)),
      symbols: new Map(symbols.trim().split('\n').map((line) => line.trim().split(/\s+/)).map(([address, , name]) => [name, parseInt(address, 16) & ~1])),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
