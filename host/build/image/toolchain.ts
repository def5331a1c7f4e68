// SPDX-License-Identifier: MIT
// Runs the cross compiler. Objects are kept by the hash of all that they are made of, so that a second build compiles what has changed alone.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, rename } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Board } from '../../boards/index.js';
import { requireTool } from '../../tools/tools.js';
import { packageRoot } from '../../paths.js';
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

export class Toolchain {
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

  /** Compiles units side by side. @returns object files, in the units' order */
  async compile(units: readonly Unit[]): Promise<string[]> {
    await mkdir(cacheDir, { recursive: true });
    const objects: string[] = new Array(units.length);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < units.length) {
        const i = next++;
        objects[i] = await this.compileOne(units[i]);
      }
    };
    await Promise.all(Array.from({ length: Math.min(cpus().length, units.length) }, worker));
    return objects;
  }

  private async compileOne({ name, source, flags }: Unit): Promise<string> {
    const object = join(this.dir, `${name}.o`);
    // The last that fits counts: the build's directory may lie in the package's.
    const all = [...flags, '-fcallgraph-info=su', `-ffile-prefix-map=${packageRoot}=tonewheel`, `-ffile-prefix-map=${this.dir}=.`];
    // What the preprocessor gives is all that the object depends on, but for the module, which the assembler reads.
    const text = await this.call(this.gcc, [...all, '-E', source]);
    const hash = createHash('sha256').update(this.version).update('\0').update(all.join('\0').replaceAll(this.dir, '.')).update('\0').update(text.replaceAll(this.dir, '.')).digest('hex').slice(0, 40);
    const graph = callGraphFile(object);
    const cached = join(cacheDir, `${hash}.o`);
    const isKept = !text.includes('.incbin');
    if (isKept && await access(cached).then(() => true, () => false)) {
      await Promise.all([copyFile(cached, object), copyFile(callGraphFile(cached), graph)]);
      return object;
    }
    await this.call(this.gcc, [...all, '-c', source, '-o', object]);
    if (isKept) {
      // The object comes last: where it is, the call graph is too.
      for (const [file, kept] of [[graph, callGraphFile(cached)], [object, cached]]) {
        const partial = `${kept}.${process.pid}.${name}`;
        await copyFile(file, partial);
        await rename(partial, kept);
      }
    }
    return object;
  }

  async link(args: readonly string[]): Promise<void> {
    await this.call(this.gcc, args);
  }

  /** @param format "binary" or "ihex" */
  async objcopy(format: string, elf: string, out: string): Promise<void> {
    await this.call(this.objcopyPath, ['-O', format, elf, out]);
  }
}
