// SPDX-License-Identifier: MIT
// Compiles a firmware for a board: AssemblyScript to a WebAssembly module with its vector table, and its source map.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import asc from 'assemblyscript/asc';
import { ABI_MODULE, abi } from '../abi.js';
import type { Board } from '../boards.js';
import { parseModule, type WasmModule } from '../cpu/wasm/decode.js';
import { customSection, withCustomSection } from '../cpu/wasm/writer.js';
import { packageRoot } from '../paths.js';
import { VECTOR_SECTION, type Vector } from '../vectors.js';
import { abiSource } from './abi.js';
import { boardSource } from './board-module.js';
import { createTransform } from './transform.js';

/** The firmware does not compile, or what it compiles to cannot run; the message is for its author. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
}

export interface Firmware {
  /** The source file as the user named it. */
  readonly file: string;
  /** The module that ships, vector table included. */
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  readonly vectors: readonly Vector[];
}

/** Whether a file of the package is one that is generated for each build instead of being on disk. */
function generatedSource(path: string, board: Board): string | undefined {
  switch (relative(packageRoot, path).split(sep).join('/')) {
    case 'assembly/shim/abi.ts': return abiSource();
    case 'assembly/shim/board.ts': return boardSource(board);
    default: return undefined;
  }
}

/** Reads a source: generated, from disk, or, for `tonewheel/…` in a project that has not installed the package, from this one. */
async function readSource(path: string, board: Board): Promise<string | null> {
  const generated = generatedSource(path, board);
  if (generated !== undefined) return generated;
  const packaged = /[\\/]node_modules[\\/]tonewheel[\\/](.*)$/.exec(path);
  const file = packaged && !existsSync(path) ? join(packageRoot, packaged[1]) : path;
  if (file !== path) return readSource(file, board);
  return readFile(file, 'utf8').catch(() => null);
}

/** The directory that module paths are relative to: the package for its own examples, else the nearest with a package.json, else the file's. */
function baseDirectory(file: string): string {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    if (dir === packageRoot || existsSync(join(dir, 'package.json'))) return dir;
    if (dirname(dir) === dir) return dirname(file);
  }
}

/** The compiler's diagnostics without its internal code for those that the transform adds. */
const readable = (stderr: string): string => stderr.replaceAll('AS102: User-defined: ', '').replace(/FAILURE (\d+) \w+ error\(s\)\s*$/, '$1 error(s)').trim();

/** @throws CompileError with the compiler's message and what to do */
export async function compileFirmware(file: string, board: Board): Promise<Firmware> {
  const entry = resolve(file);
  if (!existsSync(entry)) throw new CompileError(`${file}: there is no such file. Name the firmware's TypeScript file, e.g. assembly/firmware/synth.ts.`);
  const baseDir = baseDirectory(entry);
  const outputs = new Map<string, Uint8Array | string>();
  let vectors: Vector[] = [];
  const coreHertz = board.clock.sysclk / board.clock.ahb;
  const transform = createTransform({ vectors: board.vectors, priorityBits: board.nvic.priorityBits, coreHertz, onVectors: (v) => (vectors = v) });
  const { error, stderr } = await asc.main(
    [relative(baseDir, entry), '--baseDir', baseDir, '--config', join(packageRoot, 'asconfig.json'), '--outFile', 'firmware.wasm'],
    {
      transforms: [transform as never],
      readFile: (name: string, dir: string) => readSource(resolve(dir, name), board),
      writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
      listFiles: () => null,
    },
  );
  if (error) throw new CompileError(`${file} does not compile.\n\n${readable(stderr.toString())}`);
  const compiled = outputs.get('firmware.wasm') as Uint8Array;
  checkModule(file, parseModule(compiled));
  const wasm = withCustomSection(compiled, VECTOR_SECTION, new TextEncoder().encode(JSON.stringify(vectors)));
  return { file, wasm, sourceMap: String(outputs.get('firmware.wasm.map')), vectors };
}

/** The vector table in a module's custom section. @throws CompileError when it has none: it was not made by this compiler */
export function readVectors(module: WasmModule): Vector[] {
  const section = customSection(module.bytes, module.sections, VECTOR_SECTION);
  if (!section) throw new CompileError(`the module has no section "${VECTOR_SECTION}": it was not compiled by tonewheel`);
  return JSON.parse(new TextDecoder().decode(section)) as Vector[];
}

/** What the shim would refuse at boot is refused here. */
function checkModule(file: string, module: WasmModule): void {
  const unknown = module.imports.filter((i) => i.module !== ABI_MODULE || !(i.name in abi)).map((i) => `${i.module}.${i.name}`).concat(module.otherImports);
  if (unknown.length > 0) {
    throw new CompileError(`${file} imports ${unknown.join(', ')}, which no board offers. What firmware may import is in assembly/shim/abi.ts`
      + `${unknown.includes('env.seed') ? '; Math.random() needs a seed from outside: use the noise generator of assembly/audio' : ''}.`);
  }
  for (const name of ['init', 'main']) {
    if (!module.exports.some((e) => e.name === name && e.kind === 'func')) {
      throw new CompileError(`${file} exports no function ${name}(). A firmware exports init(), which runs once, and main(), which runs after it.`);
    }
  }
  if (!module.exports.some((e) => e.name === 'memory')) throw new CompileError(`${file} does not export its memory.`);
  if (module.memory && module.memory.maximum !== module.memory.initial) throw new CompileError(`${file}: memory may grow; initial and maximum size must be equal.`);
}
