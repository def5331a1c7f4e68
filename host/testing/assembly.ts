// SPDX-License-Identifier: MIT
// For specs of the pure parts of assembly/ (midi, audio, voice): compiles a fixture and runs it on V8, no machine involved.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import asc from 'assemblyscript/asc';
import { writeAbiDeclarations } from '../build/abi.js';
import { packageRoot } from '../paths.js';

export interface Fixture {
  readonly memory: WebAssembly.Memory;
  // Exported functions take and give numbers; which ones exist is between the spec and its fixture.
  readonly [name: string]: any;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function compile(file: string): Promise<WebAssembly.Module> {
  await writeAbiDeclarations();
  const dir = await mkdtemp(join(tmpdir(), 'tonewheel-'));
  try {
    const wasm = join(dir, 'fixture.wasm');
    const { error, stderr } = await asc.main([
      relative(process.cwd(), join(packageRoot, file)), '--config', join(packageRoot, 'asconfig.json'), '--outFile', relative(process.cwd(), wasm), '--no-sourceMap',
    ]);
    if (error) throw new Error(`${file} does not compile:\n${stderr.toString()}`);
    return await WebAssembly.compile(new Uint8Array(await readFile(wasm)));
  } finally {
    await rm(dir, { recursive: true });
  }
}

/**
 * Compiles an AssemblyScript file with the project's own options, once a process, and gives a fresh instance of it.
 * @param file path from the package root, e.g. "tests/midi/parser.as.ts"
 * @param imports what the fixture imports under "env"; a missing one fails at instantiation
 * @throws Error with the compiler's own message when it does not compile
 */
export async function instantiateAssembly(file: string, imports: Record<string, Function> = {}): Promise<Fixture> {
  if (!compiled.has(file)) compiled.set(file, compile(file));
  const env = {
    abort: (_message: number, _file: number, line: number, column: number) => {
      throw new Error(`abort at ${line}:${column}`);
    },
    memoryAddress: () => 0,
    ...imports,
  };
  const instance = await WebAssembly.instantiate(await compiled.get(file)!, { env });
  return instance.exports as unknown as Fixture;
}
