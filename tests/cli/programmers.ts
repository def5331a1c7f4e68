// SPDX-License-Identifier: MIT
// Programs that stand in for openocd, st-flash, dfu-util and teensy_loader_cli: they note how they are called, print what the real ones print,
// and dfu-util's reads back what was written to it.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** What a call of a program does. */
export interface Reply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** dfu-util's read-back: this byte is another than was written. */
  readonly corruptAt?: number;
  /** Waits for SIGINT or SIGTERM, and says so. */
  readonly waits?: boolean;
}

const SCRIPT = `
const { appendFileSync, copyFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const name = basename(process.argv[1]);
const directory = process.env.PROGRAMMERS;
const args = process.argv.slice(2);
const calls = join(directory, 'calls');
const number = existsSync(calls) ? readFileSync(calls, 'utf8').split('\\n').filter((l) => l && JSON.parse(l)[0] === name).length : 0;
appendFileSync(calls, JSON.stringify([name, ...args]) + '\\n');
const replies = JSON.parse(readFileSync(join(directory, name + '.json'), 'utf8'));
const reply = replies[Math.min(number, replies.length - 1)];
const after = (option) => args[args.indexOf(option) + 1];
if (args.includes('-D')) copyFileSync(after('-D'), join(directory, 'flash'));
if (args.includes('-U') && !reply.code) {
  const bytes = readFileSync(join(directory, 'flash')).subarray(0, Number(after('-s').split(':')[1]));
  if (reply.corruptAt !== undefined) bytes[reply.corruptAt] ^= 1;
  writeFileSync(after('-U'), bytes, { flag: 'wx' });
}
process.stdout.write(reply.stdout ?? '');
process.stderr.write(reply.stderr ?? '');
process.exitCode = reply.code ?? 0;
if (reply.waits) {
  const timer = setInterval(() => {}, 1000);
  process.on('SIGINT', () => { appendFileSync(calls, JSON.stringify([name, 'SIGINT']) + '\\n'); clearInterval(timer); });
}
`;

/** A directory for PATH with some programs in it, removed after the spec file. */
export class Programmers {
  readonly directory = mkdtempSync(join(tmpdir(), 'tonewheel-programmers-'));
  readonly path = join(this.directory, 'bin');
  readonly environment = { PATH: this.path, PROGRAMMERS: this.directory };

  constructor() {
    mkdirSync(this.path);
    after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  /** Only these programs are there from now on; each answers its first call with its first reply, and so on; the last one stays. */
  install(programs: Readonly<Record<string, readonly Reply[]>>): void {
    rmSync(this.path, { recursive: true });
    mkdirSync(this.path);
    rmSync(join(this.directory, 'calls'), { force: true });
    for (const [name, replies] of Object.entries(programs)) {
      writeFileSync(join(this.path, name), `#!${process.execPath}\n${SCRIPT}`, { mode: 0o755 });
      writeFileSync(join(this.directory, `${name}.json`), JSON.stringify(replies));
    }
  }

  /** How they were called: name and arguments. */
  calls(): string[][] {
    const file = join(this.directory, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as string[]) : [];
  }
}

/** What the real tools print when all goes well: openocd 0.12.0, stlink 1.7.0, dfu-util 0.11, teensy_loader_cli 2.2. */
export const SUCCESS: Readonly<Record<string, readonly Reply[]>> = {
  openocd: [{
    stderr: 'Open On-Chip Debugger 0.12.0\nInfo : clock speed 2000 kHz\nInfo : STLINK V2J37S0 (API v2) VID:PID 0483:3748\nInfo : Target voltage: 2.891327\n'
      + 'Info : [stm32f4x.cpu] Cortex-M4 r0p1 processor detected\n** Programming Started **\nInfo : device id = 0x10076413\nInfo : flash size = 1024 KiB\n'
      + '** Programming Finished **\n** Verify Started **\n** Verified OK **\n** Resetting Target **\nshutdown command invoked\n',
  }],
  'st-flash': [{
    stdout: 'st-flash 1.7.0\n',
    stderr: 'INFO common.c: F4xx: 192 KiB SRAM, 1024 KiB flash in at least 16 KiB pages.\nINFO common.c: Attempting to write 64 (0x40) bytes to stm32 address: 134217728 (0x8000000)\n'
      + 'INFO common.c: Finished erasing 1 pages of 16384 (0x4000) bytes\nINFO common.c: Starting verification of write complete\nINFO common.c: Flash written and verified! jolly good!\n',
  }],
  'dfu-util': [
    {
      stdout: 'dfu-util 0.11\n\nOpening DFU capable USB device...\nDownloading element to address = 0x08000000, size = 64\n\rDownload\t[=========================] 100%           64 bytes\nFile downloaded successfully\n',
      stderr: 'dfu-util: Warning: Invalid DFU suffix signature\n',
    },
    { stdout: 'dfu-util 0.11\n\nOpening DFU capable USB device...\n\rUpload\t\t[=========================] 100%           64 bytes\n' },
    { stdout: 'dfu-util 0.11\n\nSubmitting leave request...\n' },
  ],
  teensy_loader_cli: [{
    stdout: 'Teensy Loader, Command Line, Version 2.2\nRead "x.hex": 64 bytes, 0.0% usage\nWaiting for Teensy device...\n (hint: press the reset button)\n'
      + 'Found HalfKay Bootloader\nRead "x.hex": 64 bytes, 0.0% usage\nProgramming..\nBooting\n',
  }],
};
