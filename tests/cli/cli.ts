// SPDX-License-Identifier: MIT
// The real command line, in a temporary directory, as a user starts it.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { packageRoot } from '../../host/paths.js';

const entry = join(packageRoot, 'host', 'cli', 'tonewheel.mjs');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory for a spec file, removed after it. */
export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'tonewheel-cli-'));

  /** @param environment variables that the command line has besides, or in place of, our own */
  constructor(private readonly environment: NodeJS.ProcessEnv = {}) {
    after(() => rmSync(this.directory, { recursive: true, force: true }));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  write(name: string, contents: string | Uint8Array): void {
    writeFileSync(this.path(name), contents);
  }

  /** Everything in it, directories included. */
  list(): string[] {
    return (readdirSync(this.directory, { recursive: true }) as string[]).sort();
  }

  run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, [entry, ...args], { cwd: this.directory, env: { ...plainEnvironment(), ...this.environment }, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }));
    });
  }

  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [entry, ...args], { cwd: this.directory, env: { ...plainEnvironment(), ...this.environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

/** Without what the test runner that runs this tells its children. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  return { ...env, NO_COLOR: '1' };
}

export const BOARD = ['--board', 'stm32f4-discovery'] as const;
export const SILENT = 'export function init(): void {}\nexport function main(): void {}\n';
export const firmware = (name: string): string => join(packageRoot, 'assembly', 'firmware', `${name}.ts`);
