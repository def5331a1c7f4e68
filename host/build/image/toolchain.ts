// SPDX-License-Identifier: MIT
// Runs the cross compiler. Objects are kept by all that they are made of, as compiled firmware is, so that a second build compiles what has changed alone.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Board } from '../../boards/index.js';
import { requireTool } from '../../tools/tools.js';
import { packageRoot } from '../../paths.js';
import { CompileCache } from '../compile-cache.js';
import { UserError } from '../../user-error.js';

const run = promisify(execFile);

/** The compiler or the linker refused something of ours: a mistake of the build, or a firmware that is too large; the message has their words. */
export class ToolchainError extends UserError {
  override readonly name = 'ToolchainError';
  constructor(message: string, readonly output: string) {
    super(message);
  }
}

export interface Unit {
  /** Name of the object, without ".o". */
  readonly name: string;
  readonly source: string;
  readonly flags: readonly string[];
}

/** Flags that say for which core. */
export const coreFlags = ({ core }: Board): string[] => [`-mcpu=${core.cpu}`, '-mthumb', `-mfpu=${core.fpu}`, `-mfloat-abi=${core.floatAbi}`];

/** Where the compiler leaves the call graph of an object, with the stack that each function takes (-fcallgraph-info=su). */
export const callGraphFile = (object: string): string => object.replace(/\.o$/, '.ci');

const cacheDir = join(packageRoot, 'build', 'cache', 'objects');

/** What is kept of a unit. */
interface Compiled { readonly object: Uint8Array; readonly graph: Uint8Array }

interface Task {
  readonly object: string;
  readonly source: string;
  readonly flags: readonly string[];
  readonly cache: CompileCache<Compiled>;
  readonly isKept: boolean;
}

/** The files that a rule of make has behind its colon, as the compiler writes it: spaces in names are escaped, lines end in a backslash. */
const pathsOf = (rule: string): string[] => rule.slice(rule.indexOf(': ') + 1).replaceAll('\\\n', ' ').match(/(?:\\ |\S)+/g)!.map((path) => path.replaceAll('\\ ', ' '));

/** A path in a directory from there; others as they are. */
const relativeTo = (directory: string, path: string): string => (path.startsWith(directory) ? relative(directory, path) : path);

export class Toolchain {
  private readonly hashes = new Map<string, Promise<string | null>>();

  private constructor(private readonly gcc: string, private readonly objcopyPath: string, private readonly version: string, private readonly dir: string) {}

  /** @param dir where the build works: no path outside of it gets into the image. @throws ToolMissing */
  static async find(dir: string): Promise<Toolchain> {
    const [gcc, objcopy] = await Promise.all([requireTool('arm-none-eabi-gcc'), requireTool('arm-none-eabi-objcopy')]);
    const { stdout } = await run(gcc, ['--version']);
    return new Toolchain(gcc, objcopy, stdout.split('\n')[0], dir);
  }

  private async call(command: string, args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await run(command, [...args], { cwd: this.dir, maxBuffer: 1 << 26 });
      return stdout + stderr;
    } catch (error) {
      const output = String((error as { stderr?: string }).stderr ?? error);
      throw new ToolchainError(`${command} failed:\n${output.split('\n').slice(0, 20).join('\n')}`, output);
    }
  }

  /** Compiles units that are not kept, side by side. @returns object files, in the units' order */
  async compile(units: readonly Unit[]): Promise<string[]> {
    const tasks = await Promise.all(units.map((unit) => this.prepare(unit)));
    const missing = tasks.filter(({ isKept }) => !isKept);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < missing.length) await this.compileOne(missing[next++]);
    };
    await Promise.all(Array.from({ length: Math.min(cpus().length, missing.length) }, worker));
    return tasks.map(({ object }) => object);
  }

  /** Puts the object of a unit in its place, if it is kept. */
  private async prepare({ name, source, flags }: Unit): Promise<Task> {
    const object = join(this.dir, `${name}.o`);
    // The last that fits counts: the build's directory may lie in the package's.
    const all = [...flags, '-fcallgraph-info=su', `-ffile-prefix-map=${packageRoot}=tonewheel`, `-ffile-prefix-map=${this.dir}=.`];
    const asked = [this.version, ...[...all, source].map((text) => text.replaceAll(this.dir, '.')), ...await this.headersFor(all)];
    const cache = new CompileCache<Compiled>(cacheDir, JSON.stringify(asked), (path) => this.read(path));
    const kept = await cache.find();
    if (kept) await Promise.all([writeFile(object, kept.object), writeFile(callGraphFile(object), kept.graph)]);
    return { object, source, flags: all, cache, isKept: kept !== undefined };
  }

  private async compileOne({ object, source, flags, cache }: Task): Promise<void> {
    const dependencies = object.replace(/\.o$/, '.d');
    await this.call(this.gcc, [...flags, '-MD', '-MF', dependencies, '-c', source, '-o', object]);
    // What the assembler reads is not among them.
    if ((await readFile(source, 'utf8')).includes('.incbin')) return;
    const paths = pathsOf(await readFile(dependencies, 'utf8')).map((path) => relativeTo(this.dir, path));
    const reads = new Map(await Promise.all(paths.map(async (path) => [path, await this.read(path)] as const)));
    await cache.keep(reads, { object: await readFile(object), graph: await readFile(callGraphFile(object)) });
  }

  /** Headers by their names, in the directories that they are looked for in: a new one may come before one that was there. */
  private async headersFor(flags: readonly string[]): Promise<string[]> {
    const directories = flags.filter((flag) => flag.startsWith('-I')).map((flag) => flag.slice(2));
    return Promise.all(directories.map(async (directory) => (await readdir(directory)).filter((file) => file.endsWith('.h')).sort().join()));
  }

  /** A file's contents, by their hash; of a build the files do not change while it runs. */
  private read(path: string): Promise<string | null> {
    let hash = this.hashes.get(path);
    if (!hash) this.hashes.set(path, hash = readFile(resolve(this.dir, path)).then((bytes) => createHash('sha256').update(bytes).digest('hex'), () => null));
    return hash;
  }

  async link(args: readonly string[]): Promise<void> {
    await this.call(this.gcc, args);
  }

  /** @param format "binary" or "ihex" */
  async objcopy(format: string, elf: string, out: string): Promise<void> {
    await this.call(this.objcopyPath, ['-O', format, elf, out]);
  }
}
