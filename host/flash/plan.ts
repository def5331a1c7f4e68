// SPDX-License-Identifier: MIT
// The commands that write, verify and start an image, for each tool: openocd 0.12's User's Guide (Flash Programming), st-flash(1) of stlink 1.7,
// dfu-util(1) 0.11, and teensy_loader_cli 2.2's own help.

import { join } from 'node:path';
import type { FlashTool } from '../boards/index.js';
import { hex32 } from '../image/segment.js';

/** An image in the formats that tools take. */
export interface ImageFiles {
  /** Absent where only the bytes are known. */
  readonly elf?: string;
  readonly hex: string;
  readonly bin: string;
  /** Of `bin`; undefined while nothing has been built. */
  readonly byteCount?: number;
}

export interface Step {
  /** What it does, as a clause: "write and verify". */
  readonly title: string;
  readonly arguments: readonly string[];
  /** Printed when it has worked. Exit codes do not suffice: openocd ends with 0 when no byte of a file lay in flash. */
  readonly success?: RegExp;
  /** The file that it fills with what was read back, to be compared with the image. */
  readonly readBack?: string;
  /** Flash is written and verified already: a failure is told and not one of flashing. */
  readonly mayFail?: string;
  /** Longest that it may take until it prints `sign`, in seconds; undefined: no limit. */
  readonly limit?: { readonly seconds: number; readonly sign: RegExp };
}

export interface Plan {
  readonly tool: Exclude<FlashTool['tool'], 'qemu'>;
  /** The one file that is written. */
  readonly file: string;
  readonly steps: readonly Step[];
  /** What a person has to do at the board first. */
  readonly before?: string;
  /** How what was written is verified, honestly. */
  readonly verification: string;
  /** What a person has to do afterwards. */
  readonly after?: string;
}

export type Programmer = Exclude<FlashTool, { tool: 'qemu' }>;

/** How long to wait for a Teensy's button. */
const BUTTON_SECONDS = 60;
/** Fewest bytes whose reading lets dfu-util send its leave request. */
const LEAVE_BYTES = 4;

/** A path as a word of openocd's Tcl. Braces keep everything but braces and backslashes. */
export const isTclPath = (path: string): boolean => !/[{}\\]/.test(path);

/**
 * What a tool is told to do.
 * @param scratch a directory for what is read back
 */
export function planFor(programmer: Programmer, files: ImageFiles, scratch: string): Plan {
  switch (programmer.tool) {
    case 'openocd': {
      const file = files.elf ?? files.hex;
      return {
        tool: 'openocd', file,
        steps: [{
          title: 'write, verify and start',
          arguments: [...programmer.config.flatMap((c) => ['-f', c]), '-c', `program {${file}} verify reset exit`],
          success: /\*\* Verified OK \*\*/,
        }],
        verification: 'openocd reads flash back and compares it with the file',
      };
    }
    case 'st-flash':
      return {
        tool: 'st-flash', file: files.bin,
        steps: [{
          title: 'write, verify and start',
          arguments: ['--connect-under-reset', '--reset', 'write', files.bin, hex32(programmer.address)],
          success: /Flash written and verified/,
        }],
        verification: 'st-flash reads flash back after writing and compares it with the file',
      };
    case 'dfu-util': {
      const device = ['-d', programmer.device, '-a', String(programmer.alt), '-s'];
      const address = hex32(programmer.address);
      const readBack = join(scratch, 'read-back.bin');
      return {
        tool: 'dfu-util', file: files.bin,
        before: `${programmer.enter}.`,
        steps: [
          { title: 'write', arguments: [...device, address, '-D', files.bin], success: /File downloaded successfully/ },
          { title: 'read back, and compare', arguments: [...device, `${address}:${files.byteCount ?? 'BYTES'}`, '-U', readBack], readBack },
          {
            title: 'start', arguments: [...device, `${address}:${LEAVE_BYTES}:leave`, '-U', join(scratch, 'leave.bin')],
            mayFail: 'the board did not leave its boot loader by itself: reset it, with BOOT0 low',
          },
        ],
        verification: 'flash is read back with dfu-util and compared here',
        after: 'If BOOT0 is still tied high, untie it: the next reset would end in the boot loader again.',
      };
    }
    case 'teensy_loader_cli':
      return {
        tool: 'teensy_loader_cli', file: files.hex,
        before: `${programmer.enter}. The tool waits ${BUTTON_SECONDS} s for it.`,
        steps: [{
          title: 'write and start', arguments: [`--mcu=${programmer.mcu}`, '-w', '-v', files.hex], success: /^Booting/m,
          limit: { seconds: BUTTON_SECONDS, sign: /Found HalfKay Bootloader/ },
        }],
        verification: "nothing can be compared: the Teensy's boot loader has no command to read flash; it acknowledges each block that it has written",
      };
  }
}

/** Starts an image on QEMU's machine; Ctrl-A X ends it. Time runs by instructions, so that a run is the same each time. */
export const qemuArguments = (machine: string, elf: string): string[] =>
  ['-M', machine, '-nographic', '-icount', 'shift=0,sleep=off,align=off', '-semihosting-config', 'enable=on,target=native', '-kernel', elf];

/** A command as it can be pasted into a shell. */
export const shellLine = (words: readonly string[]): string =>
  words.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`)).join(' ');
