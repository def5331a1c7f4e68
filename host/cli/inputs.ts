// SPDX-License-Identifier: MIT
// Files that a command is told to read: that they are there, and are what they are named as, is looked at first.

import { statSync } from 'node:fs';
import { UsageError } from './failures.js';

/** @throws UsageError when there is no such file, or it is a directory */
export function checkInput(what: string, path: string, advice: string): void {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) throw new UsageError(`${what} ${path}: there is no such file. ${advice}`);
  if (info.isDirectory()) throw new UsageError(`${what} ${path}: it is a directory. Name a file in it.`);
}

/** @throws UsageError */
export function checkFirmware(path: string): void {
  checkInput('firmware', path, "Name the firmware's TypeScript file, e.g. assembly/firmware/synth.ts.");
  if (!path.endsWith('.ts')) throw new UsageError(`firmware ${path}: it is no TypeScript file. Name the firmware's source, which ends in .ts.`);
}

/** @throws UsageError for an engine that the CPU does not execute with */
export function checkEngine({ cpu, engine }: { cpu: string; engine?: string }): void {
  if (cpu !== 'wasm3' || engine === undefined || engine === 'wasm3') return;
  throw new UsageError(`--cpu wasm3 executes with the interpreter: leave --engine ${engine} out, or use --cpu wasm.`);
}

/** @throws UsageError for a directory without a name, as of a variable that a script has not set */
export function checkReport(directory: string | undefined): void {
  if (directory === '') throw new UsageError('--report has no directory. Name one, e.g. --report build/report; "." is the present one.');
}
