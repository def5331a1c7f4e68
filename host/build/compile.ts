// SPDX-License-Identifier: MIT
// Compiles a firmware for a board: AssemblyScript to a WebAssembly module with its vector table, and its source map.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ABI_MODULE, abi } from '../abi.js';
import type { Board } from '../boards/index.js';
import { parseModule, type WasmModule } from '../cpu/wasm/decode.js';
import { withCustomSection } from '../cpu/wasm/writer.js';
import { NATIVE_SECTION, type NativeFunction } from '../natives.js';
import { packageRoot } from '../paths.js';
import { VECTOR_SECTION, type Vector } from '../vectors.js';
import { abiSource } from './abi.js';
import { boardSource, driverSource } from './board-module.js';
import type { NativeDeclaration } from './transform.js';

/** The firmware does not compile, or what it compiles to cannot run; the message is for its author. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
}

export interface Firmware {
  /** The source file as the user named it. */
  readonly file: string;
  /** The same as the compiler names it: from the project's directory, with slashes. */
  readonly entry: string;
  /** The module that ships, vector table included. */
  readonly wasm: Uint8Array;
  readonly sourceMap: string;
  readonly vectors: readonly Vector[];
  /** Its `@native` functions that are in the module, in the order of their indices. */
  readonly natives: readonly NativeFunction[];
}

/** The text of a file of the package that is generated for each build instead of being on disk; undefined for others. */
function generatedSource(path: string, board: Board): string | undefined {
  const file = relative(packageRoot, path).split(sep).join('/');
  if (file === 'assembly/shim/abi.ts') return abiSource();
  if (file === 'assembly/shim/board.ts') return boardSource(board);
  const driver = /^assembly\/drivers\/([a-z0-9-]+)\.ts$/.exec(file);
  return driver ? driverSource(driver[1], board) : undefined;
}

/** Directory of a package that is installed with this one, which need not export anything there. */
function installed(name: string): string {
  const places = createRequire(import.meta.url).resolve.paths(name)!.map((place) => join(place, name));
  return places.find(existsSync) ?? places[0];
}

/** Packages whose sources are this installation's, wherever the project has them: the library that fits the compiler, and what specs are made with. */
const OWN_SOURCES: readonly (readonly [RegExp, string])[] = [
  [/[\\/]node_modules[\\/]tonewheel[\\/](.*)$/, packageRoot],
  [/[\\/]node_modules[\\/]@as-pect[\\/]assembly[\\/](.*)$/, installed('@as-pect/assembly')],
];

/** What the compiler reads for a path: a file, or what is generated for the board. Null when there is nothing. */
export async function readSource(path: string, board: Board): Promise<string | null> {
  let file = path;
  for (const [pattern, directory] of OWN_SOURCES) file = pattern.test(path) ? join(directory, pattern.exec(path)![1]) : file;
  return generatedSource(file, board) ?? (await readFile(file, 'utf8').catch(() => null));
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

export interface CompilerSettings {
  /** Compiler options, as a file. */
  readonly config: string;
  /** Modules compiled in besides the firmware's own, by their paths from the project. */
  readonly also?: readonly string[];
  /** Transforms that come before the firmware's own. */
  readonly transforms?: readonly (new () => object)[];
}

/**
 * Compiles a source for a board, with the vector table of its handlers. What it exports and imports is not looked at.
 * @throws CompileError with the compiler's message and what to do
 */
export async function compileSource(file: string, board: Board, { config, also = [], transforms = [] }: CompilerSettings): Promise<Firmware> {
  const entry = resolve(file);
  if (!existsSync(entry)) throw new CompileError(`${file}: there is no such file. Name the firmware's TypeScript file, e.g. assembly/firmware/synth.ts.`);
  const baseDir = baseDirectory(entry);
  const outputs = new Map<string, Uint8Array | string>();
  let vectors: Vector[] = [];
  let declared: NativeDeclaration[] = [];
  // The compiler is large: commands that compile nothing start without it.
  const [{ default: asc }, { createTransform, nativeIndex }] = await Promise.all([import('assemblyscript/asc'), import('./transform.js')]);
  const own = createTransform({
    vectors: board.vectors, aliases: board.aliases, priorityBits: board.nvic.priorityBits, coreHertz: board.coreHertz,
    onVectors: (v) => (vectors = v), onNatives: (n) => (declared = n),
  });
  const { error, stderr } = await asc.main(
    [relative(baseDir, entry), ...also, '--baseDir', baseDir, '--config', config, '--outFile', 'firmware.wasm'],
    {
      transforms: [...transforms, own] as never,
      readFile: (name: string, dir: string) => readSource(resolve(dir, name), board),
      writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
      listFiles: () => null,
    },
  );
  if (error) throw new CompileError(`${file} does not compile.\n\n${readable(stderr.toString())}`);
  const compiled = outputs.get('firmware.wasm') as Uint8Array;
  const names = parseModule(compiled).functionNames;
  const natives = declared.flatMap((native) => {
    const index = nativeIndex(names, native);
    return index === undefined ? [] : [{ index, name: native.name, file: native.file, line: native.line }];
  }).sort((a, b) => a.index - b.index);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const wasm = withCustomSection(withCustomSection(compiled, VECTOR_SECTION, json(vectors)), NATIVE_SECTION, json(natives));
  return { file, entry: relative(baseDir, entry).split(sep).join('/'), wasm, sourceMap: String(outputs.get('firmware.wasm.map')), vectors, natives };
}

/**
 * Compiles a firmware.
 * @param also modules compiled in besides, by their absolute paths; what they export, the module exports
 * @throws CompileError with the compiler's message and what to do, also when no board could run it
 */
export async function compileFirmware(file: string, board: Board, also: readonly string[] = []): Promise<Firmware> {
  const config = join(packageRoot, 'asconfig.json');
  const firmware = await compileSource(file, board, { config, also: also.map((path) => relative(baseDirectory(resolve(file)), path)) });
  checkModule(file, parseModule(firmware.wasm));
  return firmware;
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
