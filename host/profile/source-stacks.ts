// SPDX-License-Identifier: MIT
// Lines of the source that an instruction stands for, the calls that the compiler inlined around it included, as binutils read them from the debug information.

import { spawn } from 'node:child_process';
import type { SourceLine } from '../image/debug-lines.js';

/** By address, innermost first: the line itself, then the line that it was inlined into, and so on. */
export type SourceStacks = ReadonlyMap<number, readonly SourceLine[]>;

const ADDRESS = /^0x([0-9a-f]+)$/;
const LINE = /^(.+):([1-9]\d*)( \(discriminator \d+\))?$/;

/** @returns empty where binutils are missing: lines are then those of the line table alone */
export async function sourceStacks(elf: string, addresses: Iterable<number>): Promise<SourceStacks> {
  const stacks = new Map<number, SourceLine[]>();
  const text = await new Promise<string>((resolve) => {
    const tool = spawn('arm-none-eabi-addr2line', ['-a', '-i', '-e', elf], { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    tool.stdout.setEncoding('utf8').on('data', (part: string) => { output += part; });
    tool.on('error', () => resolve(''));
    tool.on('close', () => resolve(output));
    tool.stdin.on('error', () => {});
    tool.stdin.end([...addresses].map((a) => `0x${a.toString(16)}\n`).join(''));
  });
  let stack: SourceLine[] = [];
  for (const row of text.split('\n')) {
    const address = ADDRESS.exec(row);
    const line = LINE.exec(row);
    if (address) stacks.set(parseInt(address[1], 16), (stack = []));
    else if (line) stack.push({ file: line[1], line: Number(line[2]) });
  }
  return stacks;
}
