// SPDX-License-Identifier: MIT
// Finds the programs that Tonewheel starts, and says in one line how to get one that is missing.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { TOOLS, type Tool } from './catalogue.js';
import { findOnPath } from './path.js';
import { INSTALL, thisSystem, type System } from './system.js';
import { UserError } from '../user-error.js';

const run = promisify(execFile);

/** Longest that a program may take to say its version, in milliseconds. */
const VERSION_TIMEOUT = 20_000;
/** Flags of a core whose C library every board's build has to find. */
const CORTEX_M4F = ['-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16'];

/** A program that is wanted is not installed; the message is one line that says how to get it. */
export class ToolMissing extends UserError {
  override readonly name = 'ToolMissing';

  constructor(readonly tool: Tool, system: System = thisSystem()) {
    super(`${tool.name} is not installed: ${howToGet(tool, system)}`);
  }
}

/** @throws Error for a name that the catalogue does not have */
export function toolNamed(name: string): Tool {
  const tool = TOOLS.find((t) => t.name === name);
  if (tool === undefined) throw new Error(`there is no tool "${name}" in the catalogue`);
  return tool;
}

/** The command, or the sentence, that brings a tool onto a system: "apt-get install openocd". */
export function howToGet(tool: Tool, system: System = thisSystem()): string {
  const source = tool.sources[system];
  if (source === undefined) return `see ${tool.elsewhere}`;
  return 'packages' in source ? `${INSTALL[system]} ${source.packages}` : source.text;
}

/** Where a tool's program is; undefined when there is none. Looks, starts nothing. */
export function findTool(name: string): string | undefined {
  return toolNamed(name).programs.map((program) => findOnPath(program)).find(Boolean);
}

/**
 * Where a tool's program is.
 * @param name as in the catalogue, e.g. "arm-none-eabi-gcc"
 * @throws ToolMissing with one line: what is missing, and the command that installs it
 */
export async function requireTool(name: string): Promise<string> {
  const path = name === 'newlib' ? await findNewlib() : findTool(name);
  if (path === undefined) throw new ToolMissing(toolNamed(name));
  return path;
}

/** newlib's libc.a for a Cortex-M4F; undefined when there is no compiler, or none for it. */
export async function findNewlib(): Promise<string | undefined> {
  const gcc = findTool('arm-none-eabi-gcc');
  if (gcc === undefined) return undefined;
  // gcc answers with the bare name when it has no such file.
  const { stdout } = await run(gcc, [...CORTEX_M4F, '-print-file-name=libc.a']).catch(() => ({ stdout: '' }));
  const file = stdout.trim();
  return file !== 'libc.a' && existsSync(file) ? file : undefined;
}

/** What a program says is its version; undefined when it says none. Some say it with an exit code that is not 0, or on standard error. */
export async function versionOf(tool: Tool, path: string): Promise<string | undefined> {
  let said: string;
  try {
    const { stdout, stderr } = await run(path, tool.versionArguments, { timeout: VERSION_TIMEOUT });
    said = stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    said = stdout + stderr;
  }
  return tool.versionPattern.exec(said)?.[1];
}
