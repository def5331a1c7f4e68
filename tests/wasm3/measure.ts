// SPDX-License-Identifier: MIT
// What a variant of wasm3 costs on a Cortex-M4: instructions on QEMU for a sample of one voice, beside the same in C, and bytes of flash.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compileLibrary } from '../../host/build/library.js';
import type { Wasm3Variant } from '../../host/build/wasm3/prepare.js';
import { buildProgram, runProgram } from './programs.js';

const run = promisify(execFile);

export interface Wasm3Cost {
  /** Instructions for each sample of each voice. */
  interpreted: number;
  native: number;
  /** Instructions from the module's bytes to code that can run. */
  boot: number;
  /** Bytes of code and constants of the interpreter and its compiler, without libraries. */
  textBytes: number;
  /** Whether both gave the same samples, and which. */
  interpretedSum: number;
  nativeSum: number;
}

/** Builds and runs the kernel. Needs arm-none-eabi-gcc and qemu-system-arm. */
export async function measureWasm3(variant: Wasm3Variant): Promise<Wasm3Cost> {
  const program = await buildProgram(variant, 'arm', 'kernel.c');
  const { interpreted, native, samples, boot, interpretedSum, nativeSum } = JSON.parse(await runProgram(program,
    await compileLibrary('tests/wasm3/kernel.as.ts')));
  const { stdout } = await run('arm-none-eabi-size', ['-t', ...program.objects]);
  const textBytes = Number(stdout.trim().split('\n').at(-1)!.trim().split(/\s+/)[0]);
  return { interpreted: interpreted / samples, native: native / samples, boot, textBytes, interpretedSum, nativeSum };
}
