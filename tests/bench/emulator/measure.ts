// SPDX-License-Identifier: MIT
// Runs one program on the emulated core in a process of its own, and prints how long that took, how many cycles it was, and the most memory it had.
// Arguments: the ELF, the directory of its files, and words of RAM as address=value.

import { readFileSync } from 'node:fs';
import { Semihosting } from '../../../host/cpu/arm/core/semihosting.js';
import { bareArm } from '../../../host/testing/bare-arm.js';

export interface Measurement {
  readonly cycles: number;
  /** From the first instruction to the last. */
  readonly seconds: number;
  /** From the start of the process to the first instruction. */
  readonly startSeconds: number;
  readonly megabytes: number;
  /** What the program wrote. */
  readonly output: string;
}

const [elf, directory, ...words] = process.argv.slice(2);
let output = '';
const semihosting = new Semihosting({ directory, output: (bytes) => { output += Buffer.from(bytes).toString(); }, hertz: () => 25e6 });
const core = bareArm(readFileSync(elf), { semihosting: semihosting.serve }, Object.fromEntries(words.map((w) => w.split('=').map(Number))));
const startSeconds = performance.now() / 1000;
core.run();
const seconds = performance.now() / 1000 - startSeconds;
const result: Measurement = { cycles: core.cpu.now, seconds, startSeconds, megabytes: process.resourceUsage().maxRSS / 1024, output };
console.log(JSON.stringify(result));
