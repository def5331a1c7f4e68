// SPDX-License-Identifier: MIT
// Compiles a firmware for a board: AssemblyScript to a WebAssembly module with its vector table, and its source map.

import { existsSync, readFileSync } from 'node:fs';
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
import { CompileCache, hashOfCode, installed } from './compile-cache.js';
import { bundledCompiler, packagedCompiler } from './compiler.js';
import type { FlowFacts } from './flow-facts.js';
import { createTransform, nativeIndex, type Constant, type NativeDeclaration, type TransformOptions } from './transform.js';
import { UserError } from '../user-error.js';

/** The firmware does not compile, or what it compiles to cannot run; the message is for its author. */
export class CompileError extends UserError {
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
  /** Whole numbers that its sources declare as constants. */
  readonly constants: readonly Constant[];
  /** What its sources say of how often their code runs. */
  readonly flowFacts: FlowFacts;
}

/** The text of a file of the package that is generated for each build instead of being on disk; undefined for others. */
function generatedSource(path: string, board: Board): string | undefined {
  const file = relative(packageRoot, path).split(sep).join('/');
  if (file === 'assembly/shim/abi.ts') return abiSource();
  if (file === 'assembly/shim/board.ts') return boardSource(board);
  const driver = /^assembly\/drivers\/([a-z0-9-]+)\.ts$/.exec(file);
  return driver ? driverSource(driver[1], board) : undefined;
}

/** Packages whose sources are this installation's, wherever the project has them: the library that fits the compiler, and what specs are made with. */
const OWN_SOURCES: readonly (readonly [RegExp, string])[] = [
  [/[\\/]node_modules[\\/]tonewheel[\\/](.*)$/, packageRoot],
  [/[\\/]node_modules[\\/]@as-pect[\\/]assembly[\\/](.*)$/, installed('@as-pect/assembly')],
];

/** What the compiler reads for a path: a file, or what is generated for the board. Null when there is nothing. At once: it reads one after the other, and has nothing else to do. */
export function readSource(path: string, board: Board): string | null {
  let file = path;
  for (const [pattern, directory] of OWN_SOURCES) file = pattern.test(path) ? join(directory, pattern.exec(path)![1]) : file;
  const generated = generatedSource(file, board);
  if (generated !== undefined) return generated;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The package for its own examples, else the nearest directory with a package.json. */
function projectDirectory(file: string): string | undefined {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    if (dir === packageRoot || existsSync(join(dir, 'package.json'))) return dir;
    if (dirname(dir) === dir) return undefined;
  }
}

/** The directory that module paths are relative to: the project's, or without one, the file's. */
const baseDirectory = (file: string): string => projectDirectory(file) ?? dirname(file);

/** Where results are kept: in the project's build, or where the environment says; nowhere for a file that belongs to no project. */
function cacheDirectory(entry: string): string | undefined {
  const said = process.env.TONEWHEEL_CACHE;
  if (said !== undefined) return said === '' ? undefined : resolve(said);
  const project = projectDirectory(entry);
  return project && join(project, 'build', 'cache', 'firmware');
}

/** A source with other values for its constants; places within a line may move. */
function withConstants(text: string | null, changed: ChangedConstants): string | null {
  return Object.entries(changed).reduce((source, [name, changedOf]) => source && source.replace(
    new RegExp(`^((?:export )?const ${name}(?:: \\w+)? = )(\\d+);`, 'gm'), (_, head: string, value: string) => `${head}${changedOf(Number(value))};`,
  ), text);
}

/** The compiler's diagnostics without its internal code for those that the transform adds. */
const readable = (stderr: string): string => stderr.replaceAll('AS102: User-defined: ', '').replace(/FAILURE (\d+) \w+ error\(s\)\s*$/, '$1 error(s)').trim();

/** What becomes of the value that the sources declare for a constant, by the constant's name. */
export type ChangedConstants = Readonly<Record<string, (declared: number) => number>>;

export interface CompilerSettings {
  /** Compiler options, as a file. */
  readonly config: string;
  /** Modules compiled in besides the firmware's own, by their paths from the project. */
  readonly also?: readonly string[];
  /** What the firmware would be with other constants. */
  readonly constants?: ChangedConstants;
  /** Receives the constants that the sources declare, while the compiler is still at work; or those of the result that is kept. */
  readonly onConstants?: (constants: readonly Constant[]) => void;
  /** Told when nothing is kept, so that the compiler will be loaded. */
  readonly onMiss?: () => void;
  /** Packages whose transforms come before the firmware's own. */
  readonly transforms?: readonly string[];
}

/**
 * Compiles a source for a board, with the vector table of its handlers, unless that is kept from a former time. What it exports and imports is not looked at.
 * @throws CompileError with the compiler's message and what to do
 */
export async function compileSource(file: string, board: Board, { config, also = [], constants: changed = {}, onConstants, onMiss, transforms = [] }: CompilerSettings): Promise<Firmware> {
  const entry = resolve(file);
  if (!existsSync(entry)) throw new CompileError(`${file}: there is no such file. Name the firmware's TypeScript file, e.g. assembly/firmware/synth.ts.`);
  const baseDir = baseDirectory(entry);
  const { vectors, aliases, nvic: { priorityBits }, coreHertz } = board;
  const target = { vectors, aliases, priorityBits, coreHertz };
  const args = [relative(baseDir, entry), ...also, '--config', relative(baseDir, config), '--outFile', 'firmware.wasm'];
  const read = async (path: string): Promise<string | null> => withConstants(readSource(resolve(baseDir, path), board), changed);
  const directory = cacheDirectory(entry);
  const asked = directory === undefined ? '' : JSON.stringify([await hashOfCode(new URL(import.meta.url), transforms), args, Object.keys(changed), target]);
  const cache = new CompileCache<Omit<Firmware, 'file'>>(directory, asked, read);
  const kept = await cache.find();
  if (kept) {
    onConstants?.(kept.constants);
    return { file, ...kept };
  }
  onMiss?.();
  const reads = new Map<string, string | null>();
  let changedMeanwhile = false;
  const readFile = async (name: string, dir: string): Promise<string | null> => {
    const path = relative(baseDir, resolve(dir, name));
    const text = await read(path);
    changedMeanwhile ||= reads.has(path) && reads.get(path) !== text;
    reads.set(path, text);
    return text;
  };
  const compiled = await compile(file, args, baseDir, { target, transforms, readFile, onConstants });
  if (!changedMeanwhile) await cache.keep(reads, compiled);
  return { file, ...compiled };
}

interface Compilation extends Pick<CompilerSettings, 'onConstants'> {
  readonly target: Pick<TransformOptions, 'vectors' | 'aliases' | 'priorityBits' | 'coreHertz'>;
  readonly transforms: readonly string[];
  readonly readFile: (name: string, dir: string) => Promise<string | null>;
}

async function compile(file: string, args: readonly string[], baseDir: string, { target, transforms, readFile, onConstants }: Compilation): Promise<Omit<Firmware, 'file'>> {
  const outputs = new Map<string, Uint8Array | string>();
  let vectors: Vector[] = [];
  let declared: NativeDeclaration[] = [];
  let constants: Constant[] = [];
  let flowFacts: FlowFacts = { loops: [], lines: [], parameters: {} };
  const { asc, assemblyscript, keepCode } = await (transforms.length > 0 ? packagedCompiler() : bundledCompiler());
  const others = await Promise.all(transforms.map((name) => import(name) as Promise<{ default: object }>));
  const own = createTransform(assemblyscript, {
    ...target, keepsApart: transforms.length === 0, onVectors: (v) => (vectors = v), onNatives: (n) => (declared = n), onConstants: (c) => { constants = c; onConstants?.(c); }, onFlowFacts: (f) => (flowFacts = f),
  });
  const { error, stderr } = await asc.main([...args, '--baseDir', baseDir], {
    transforms: [...others.map((module) => module.default), own] as never, readFile,
    writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
    listFiles: () => null,
  });
  if (error) throw new CompileError(`${file} does not compile.\n\n${readable(stderr.toString())}`);
  await keepCode();
  const compiled = outputs.get('firmware.wasm') as Uint8Array;
  const names = parseModule(compiled).functionNames;
  const natives = declared.flatMap((native) => {
    const index = nativeIndex(names, native);
    return index === undefined ? [] : [{ index, name: native.name, file: native.file, line: native.line }];
  }).sort((a, b) => a.index - b.index);
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const wasm = withCustomSection(withCustomSection(compiled, VECTOR_SECTION, json(vectors)), NATIVE_SECTION, json(natives));
  return { entry: args[0].split(sep).join('/'), wasm, sourceMap: String(outputs.get('firmware.wasm.map')), vectors, natives, constants, flowFacts };
}

/**
 * Compiles a firmware.
 * @param also modules compiled in besides, by their absolute paths; what they export, the module exports
 * @throws CompileError with the compiler's message and what to do, also when no board could run it
 */
export async function compileFirmware(file: string, board: Board, also: readonly string[] = [], settings: Pick<CompilerSettings, 'constants' | 'onConstants' | 'onMiss'> = {}): Promise<Firmware> {
  const config = join(packageRoot, 'asconfig.json');
  const firmware = await compileSource(file, board, { ...settings, config, also: also.map((path) => relative(baseDirectory(resolve(file)), path)) });
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
  for (const { name, index } of module.exports.filter(({ kind, name }) => kind === 'func' && (name === 'init' || name === 'main'))) {
    const { parameters, results } = module.types[module.functions[index - module.imports.length]?.type ?? module.imports[index].type];
    if (parameters > 0 || results > 0) throw new CompileError(`${file}: ${name}() is called with nothing and gives nothing back. Write it as export function ${name}(): void.`);
  }
  if (!module.exports.some((e) => e.name === 'memory')) throw new CompileError(`${file} does not export its memory.`);
  if (module.memory && module.memory.maximum !== module.memory.initial) throw new CompileError(`${file}: memory may grow; initial and maximum size must be equal.`);
}
