// SPDX-License-Identifier: MIT
// For specs of the pure parts of assembly/ (midi, audio, voice): compiles a fixture and runs it on V8, no machine involved.

import { join, relative, resolve } from 'node:path';
import asc from 'assemblyscript/asc';
import { loadBoard } from '../boards/index.js';
import { readSource } from '../build/compile.js';
import { packageRoot } from '../paths.js';

export interface Fixture {
  readonly memory: WebAssembly.Memory;
  // Exported functions take and give numbers; which ones exist is between the spec and its fixture.
  readonly [name: string]: any;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

async function compile(file: string, boardName: string): Promise<WebAssembly.Module> {
  const board = loadBoard(boardName);
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [relative(process.cwd(), join(packageRoot, file)), '--config', join(packageRoot, 'asconfig.json'), '--outFile', 'fixture.wasm', '--no-sourceMap'],
    {
      readFile: (name: string, dir: string) => readSource(resolve(dir, name), board),
      writeFile: (name: string, contents: Uint8Array | string) => { if (name.endsWith('.wasm')) wasm = contents as Uint8Array; },
      listFiles: () => null,
    },
  );
  if (error || !wasm) throw new Error(`${file} does not compile:\n${stderr.toString()}`);
  return WebAssembly.compile(wasm as BufferSource);
}

/**
 * Compiles an AssemblyScript file with the project's own options, once a process, and gives a fresh instance of it.
 * @param file path from the package root, e.g. "tests/midi/parser.as.ts"
 * @param board whose numbers and drivers it gets
 * @param imports what the fixture imports under "env"; a missing one fails at instantiation
 * @throws Error with the compiler's own message when it does not compile
 */
export async function instantiateAssembly(file: string, imports: Record<string, Function> = {}, board = 'stm32f4-discovery'): Promise<Fixture> {
  const key = `${file}\0${board}`;
  if (!compiled.has(key)) compiled.set(key, compile(file, board));
  const env = {
    abort: (_message: number, _file: number, line: number, column: number) => {
      throw new Error(`abort at ${line}:${column}`);
    },
    memoryAddress: () => 0,
    ...imports,
  };
  const instance = await WebAssembly.instantiate(await compiled.get(key)!, { env });
  return instance.exports as unknown as Fixture;
}
