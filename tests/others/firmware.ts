// SPDX-License-Identifier: MIT
// Compiles a firmware of this directory, puts it on a board, and reads what it left in memory.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { loadBoard, type Board } from '../../host/boards/index.js';
import { ElfBoard, type ElfBoardOptions } from '../../host/emulator/elf-board.js';
import { readRunnable } from '../../host/emulator/image-file.js';
import { packageRoot } from '../../host/paths.js';
import { LINKER_SCRIPT, START } from '../../host/testing/cross-program.js';

const here = join(packageRoot, 'tests', 'others');
const FLAGS = [
  '-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-std=gnu11', '-O2', '-g', '-Wall', '-Werror', '--param=min-pagesize=0', '-ffunction-sections', '-fdata-sections',
  '-nostartfiles', '-Wl,--gc-sections', '-Wl,--no-warn-rwx-segments', '-Wl,--no-warnings', '--specs=nano.specs', '--specs=nosys.specs',
];

export class Firmware {
  private readonly directory = mkdtempSync(join(tmpdir(), 'tonewheel-others-'));

  constructor() {
    after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** @returns path of the ELF of NAME.c @throws Error with the compiler's words */
  build(name: string, flags: readonly string[] = [], as = name): string {
    const elf = join(this.directory, `${as}.elf`);
    execFileSync('arm-none-eabi-gcc', [...FLAGS, ...flags, ...[name, 'hal'].map((f) => join(here, `${f}.c`)), START, '-lm', '-T', LINKER_SCRIPT, '-o', elf],
      { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    return elf;
  }

  /** A Discovery with NAME.c in its flash. The first access to anything unmodelled ends its run. */
  board(name: string, options: ElfBoardOptions = {}, flags: readonly string[] = [], board: Board = loadBoard('stm32f4-discovery')): ElfBoard {
    return new ElfBoard(board, readRunnable(this.build(name, flags), board), { strict: true, semihosting: () => {}, ...options });
  }
}

/** Runs until the firmware ends itself, which it has to do with code 0: another one is the line of what it found wrong. */
export function runToExit(board: ElfBoard, seconds = 2): void {
  board.run(seconds);
  board.settleEnding();
  assert.deepEqual(board.ending, { kind: 'exit', code: 0 }, JSON.stringify(board.ending) + board.place);
}

/** A word of a global of the firmware, or one of an array. */
export function word(board: ElfBoard, name: string, index = 0): number {
  const address = board.symbols.addressOf(name);
  assert.ok(address !== undefined, `the firmware has no ${name}`);
  return board.wordAt(address + 4 * index)!;
}

/** What a UART sends, as text, as it comes. */
export function textOf(board: ElfBoard, uart: string): { text: string } {
  const said = { text: '' };
  board.terminal(uart).onByte((byte) => (said.text += String.fromCharCode(byte)));
  return said;
}
