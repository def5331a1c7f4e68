// SPDX-License-Identifier: MIT
// Assembler text to an image that begins at address 0, by the GNU assembler.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @param text begins with the vector table, which lies at 0
 * @throws Error with the assembler's messages
 */
export function assembleImage(text: string): Uint8Array {
  const dir = mkdtempSync(join(tmpdir(), 'tonewheel-as-'));
  try {
    const at = (name: string) => join(dir, name);
    writeFileSync(at('image.s'), `.syntax unified\n.cpu cortex-m4\n.fpu fpv4-sp-d16\n.thumb\n${text}\n`);
    execFileSync('arm-none-eabi-gcc', ['-nostdlib', '-Wl,-Ttext=0,-e,0,--no-warn-rwx-segments', '-mcpu=cortex-m4', '-mthumb', '-o', at('image.elf'), at('image.s')], { stdio: 'pipe' });
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', at('image.elf'), at('image.bin')], { stdio: 'pipe' });
    return new Uint8Array(readFileSync(at('image.bin')));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
