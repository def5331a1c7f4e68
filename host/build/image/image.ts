// SPDX-License-Identifier: MIT
// Builds the image of a firmware for a board: shim, engine and module in one ELF, and the same as bin and hex.

import { rmSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Board } from '../../boards/index.js';
import { parseModule } from '../../cpu/wasm/decode.js';
import { withoutCustomSections } from '../../cpu/wasm/writer.js';
import { checkImage } from '../../image/check.js';
import { parseImage } from '../../image/image.js';
import { packageRoot } from '../../paths.js';
import { CompileError, compileFirmware, type Firmware } from '../compile.js';
import type { EngineName } from './engine-names.js';
import { engineUnits } from './engines.js';
import type { Wasm3Variant } from '../wasm3/prepare.js';
import { checkFit } from './fit.js';
import { imageSource } from './image-source.js';
import { layOut, memoryCommand, type ImageLayout } from './layout.js';
import { markerStores, muteStores, watchdogStores } from './safety.js';
import { sizesOf, tooLarge, type ImageSizes } from './sizes.js';
import { nestingDepth, stackBounds } from './stack-bound.js';
import { coreFlags, Toolchain, ToolchainError, type Unit } from './toolchain.js';

export interface ImageOptions {
  /** The firmware's TypeScript file. */
  readonly firmware: string;
  readonly board: Board;
  readonly engine: EngineName;
  /** Directory of the files; made when it is not there. */
  readonly out: string;
  /** Bytes of the C stack, for main and all handlers that nest on it. */
  readonly stackBytes?: number;
  /** Bytes of interpreter stack for init and main. */
  readonly mainStackBytes?: number;
  /** What follows a trap. */
  readonly onTrap?: 'restart' | 'halt';
  /** Period of the watchdog in seconds; none without. */
  readonly watchdogSeconds?: number;
  /** The interpreter as it comes, to compare with. */
  readonly wasm3?: Wasm3Variant;
}

export interface Image {
  readonly board: Board;
  readonly engine: EngineName;
  readonly firmware: Firmware;
  readonly files: { readonly wasm: string; readonly map: string; readonly elf: string; readonly bin: string; readonly hex: string; readonly linkMap: string };
  readonly layout: ImageLayout;
  readonly sizes: ImageSizes;
  /** Bytes of the heap that booting takes at most; undefined when that was not found out. */
  readonly heapUsed?: number;
  /** What the user should know of an image that is fine otherwise. */
  readonly warnings: readonly string[];
}

/**
 * For main, and the handlers that nest on it: an interpreted call takes 16 bytes of it, an exception 112, a native function some hundred. Translated
 * firmware has its calls and their locals there too.
 */
export const DEFAULT_STACK = { wasm3: 4096, kernels: 4096, aot: 8192 } as const;
/** Booting the interpreter takes 3,444 bytes (gcc 12); for the rest see the bound of `tonewheel check`. */
const LEAST_STACK = { wasm3: 3840, kernels: 3840, aot: 2048 } as const;
/**
 * wasm3 compiles blocks by recursion, at boot, on a stack that it borrows from linear memory. gcc 12's -fstack-usage gives 336 bytes for a level
 * (Compile_LoopOrBlock, CompileBlock, CompileBlockStatements and what they save); the rest is a reserve for other versions, and for what lies around.
 */
const BYTES_OF_A_BLOCK = 384;
const BYTES_AROUND_BLOCKS = 2048;
export const DEFAULT_MAIN_STACK = 4096;

/** Path of a file of the shim. */
export const shim = (file: string): string => join(packageRoot, 'boards', 'shim', file);

/** What all C of an image is compiled with. @param work directory of the generated sources */
export const imageFlags = (board: Board, memoryBytes: number, work: string): string[] => [
  ...coreFlags(board), '-std=gnu11', '-O2', '-g', '-ffunction-sections', '-fdata-sections', '-fno-common', '-ffp-contract=off', '-Wall', '-Werror',
  `-I${shim('')}`, `-I${work}`, `-DTW_MEMORY_BYTES=${memoryBytes}u`,
];

/** The shim's portable core and its port. */
export const shimUnits = (flags: readonly string[]): Unit[] => ['shim', 'abi', 'log', 'heap', 'port-cortex-m'].map((name) => ({ name, source: shim(`${name}.c`), flags }));

/**
 * Compiles, links and checks. The same sources, board and compiler give the same bytes, wherever and whenever.
 * @throws CompileError when the firmware does not compile or does not fit, ToolMissing without the cross compiler
 */
export async function buildImage(options: ImageOptions): Promise<Image> {
  const { board, engine, out, stackBytes = DEFAULT_STACK[options.engine], mainStackBytes = DEFAULT_MAIN_STACK, onTrap = 'restart', watchdogSeconds, wasm3 = 'tuned' } = options;
  const name = basename(options.firmware, '.ts');
  const work = resolve(out, `.${name}-${board.name}-${engine}-${process.pid}`);
  await mkdir(work, { recursive: true });
  const keep = removeOnSignal(work);
  try {
    const toolchain = await Toolchain.find(work);
    const firmware = await compileFirmware(options.firmware, board);
    const whole = parseModule(firmware.wasm);
    // Names and the way to the source map stay on the computer; behind the code as they are, their absence moves no offset.
    const module = parseModule(withoutCustomSections(whole, ['name', 'sourceMappingURL']));
    const memoryBytes = (module.memory?.initial ?? 0) * 65536;
    const leastStack = LEAST_STACK[engine];
    if (stackBytes < leastStack) {
      throw new CompileError(`a stack of ${stackBytes} bytes is too small for ${options.firmware}: ${engine === 'aot' ? 'the shim, an interrupt and its handler take some of it each' : 'booting the interpreter takes more'}. `
        + `Give --stack ${leastStack} or more.`);
    }
    const compileBytes = engine === 'aot' ? 0 : BYTES_AROUND_BLOCKS + BYTES_OF_A_BLOCK * nestingDepth(module);
    if (compileBytes > memoryBytes) {
      throw new CompileError(`${options.firmware} has blocks that nest ${nestingDepth(module)} deep, more than wasm3 can compile in its ${memoryBytes} bytes of memory. Build with --engine aot.`);
    }
    const layout = layOut(board, memoryBytes, options.firmware);
    const bounds = stackBounds(module);
    const facts = {
      board, module, vectors: firmware.vectors, mainStackBytes, restarts: onTrap === 'restart', mute: muteStores(board), markers: markerStores(board),
      watchdog: watchdogSeconds === undefined ? undefined : watchdogStores(board, watchdogSeconds),
      embedsModule: engine !== 'aot',
      handlerStackBytes: firmware.vectors.map((v) => handlerStack(bounds.get(module.exports.find((e) => e.name === v.exportName)!.index)!)),
    };
    await Promise.all([
      writeFile(join(work, 'module.wasm'), module.bytes),
      writeFile(join(work, 'firmware.wasm'), firmware.wasm),
      writeFile(join(work, 'image.c'), imageSource(facts)),
      writeFile(join(work, 'memory.ld'), memoryCommand(layout, board.name)),
    ]);
    const flags = imageFlags(board, memoryBytes, work);
    const units = [
      ...shimUnits(flags), { name: 'image', source: join(work, 'image.c'), flags },
      ...await engineUnits({ engine, wasm3, firmware, module: whole, work, flags, shim }),
    ];
    const objects = await toolchain.compile(units);
    const elf = join(work, 'image.elf');
    const linkMap = join(work, 'image.map');
    try {
      await toolchain.link([
        ...coreFlags(board), '-nostartfiles', '--specs=nano.specs', '-static', '-Wl,--gc-sections', '-Wl,--build-id=none', '-Wl,--fatal-warnings', '-Wl,--no-warn-rwx-segments',
        `-Wl,--defsym=TW_STACK_BYTES=${stackBytes}`, `-Wl,--defsym=TW_MEMORY_BYTES=${memoryBytes}`, `-Wl,-Map=${linkMap}`, `-L${work}`,
        `-T${join(packageRoot, 'linker', 'cortex-m.ld')}`, ...objects, '-lm', '-o', elf,
      ]);
    } catch (error) {
      throw error instanceof ToolchainError ? tooLarge(error, options.firmware, board, engine) : error;
    }
    await Promise.all([toolchain.objcopy('binary', elf, join(work, 'image.bin')), toolchain.objcopy('ihex', elf, join(work, 'image.hex'))]);
    const problems = checkImage(parseImage(await readFile(elf), 'image.elf', board.flash.origin), board);
    if (problems.length > 0) throw new CompileError(`the image of ${options.firmware} cannot be right for ${board.name}: ${problems.join('; ')}.`);
    const sizes = sizesOf(await readFile(linkMap, 'utf8'), board, layout);
    const boot = {
      firmware: options.firmware, module: module.bytes, memoryBytes, vectors: firmware.vectors, handlerStackBytes: facts.handlerStackBytes, mainStackBytes,
      natives: firmware.natives.map(({ index }) => index),
    };
    // wasm3 as it comes has other code; it is there to be compared with.
    const fit = wasm3 === 'tuned' ? await checkFit(boot, board.name, engine, sizes) : { warnings: [] };

    const file = (extension: string): string => join(out, `${name}.${extension}`);
    const files = { wasm: file('wasm'), map: file('wasm.map'), elf: file('elf'), bin: file('bin'), hex: file('hex'), linkMap: file('link.map') };
    await writeFile(join(work, 'source.map'), firmware.sourceMap);
    const made = { wasm: 'firmware.wasm', map: 'source.map', elf: 'image.elf', bin: 'image.bin', hex: 'image.hex', linkMap: 'image.map' } as const;
    for (const key of Object.keys(made) as (keyof typeof made)[]) await copyFile(join(work, made[key]), files[key]);
    return { board, engine, firmware, files, layout, sizes, ...fit };
  } finally {
    keep();
    await rm(work, { recursive: true, force: true });
  }
}

/** Exit codes of a process that a signal ends, as a shell has them: 128 and the signal's number. */
const ENDING = { SIGINT: 130, SIGTERM: 143 } as const;

/** Ctrl-C and SIGTERM end the process without its `finally` blocks: removes the directory first. @returns what ends that */
function removeOnSignal(directory: string): () => void {
  const end = (signal: NodeJS.Signals): void => {
    try {
      // A compiler that is at work may still write into it.
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    } finally {
      process.exit(ENDING[signal as keyof typeof ENDING]);
    }
  };
  for (const signal of Object.keys(ENDING)) process.on(signal, end);
  return () => {
    for (const signal of Object.keys(ENDING)) process.off(signal, end);
  };
}

/** A handler's region in whole slots; one without a bound has been refused by the compiler. */
function handlerStack(bound: number): number {
  if (!Number.isFinite(bound)) throw new CompileError('a handler calls itself');
  return Math.ceil(bound / 8) * 8;
}
