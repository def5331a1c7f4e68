// SPDX-License-Identifier: MIT
// What each engine adds to an image: the sources that execute the firmware.

import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { WasmModule } from '../../cpu/wasm/decode.js';
import { abiHeader } from '../abi-header.js';
import { AOT_C_FLAGS, translateModule } from '../aot/translate.js';
import { abiWasm3Source } from '../abi-wasm3.js';
import type { Firmware } from '../compile.js';
import { SourceMap } from '../source-map.js';
import { prepareWasm3, type Wasm3Variant } from '../wasm3/prepare.js';
import type { EngineName } from './engine-names.js';
import type { Unit } from './toolchain.js';

export interface EngineBuild {
  readonly engine: EngineName;
  readonly wasm3: Wasm3Variant;
  readonly firmware: Firmware;
  /** The module with its names. */
  readonly module: WasmModule;
  /** Directory to write generated sources to. */
  readonly work: string;
  readonly flags: readonly string[];
  /** Path of a file of the shim. */
  readonly shim: (file: string) => string;
}

/** Flags of translated firmware: exact arithmetic, and no warnings of what nobody wrote. */
const translated = (flags: readonly string[]): string[] => [...flags.filter((f) => f !== '-Werror' && f !== '-Wall'), '-w', ...AOT_C_FLAGS];

/** Writes what is generated, and names what is to be compiled. */
export async function engineUnits(build: EngineBuild): Promise<Unit[]> {
  await writeFile(join(build.work, 'abi.h'), abiHeader());
  return build.engine === 'aot' ? aotUnits(build) : wasm3Units(build);
}

async function wasm3Units({ engine, firmware, module, work, flags, shim, wasm3 }: EngineBuild): Promise<Unit[]> {
  const sourceMap = new SourceMap(firmware.sourceMap);
  const outDir = join(work, 'wasm3');
  await mkdir(outDir, { recursive: true });
  const { sources, execSource, execFlags, includeDir, defines } = await prepareWasm3({ variant: wasm3, outDir });
  await Promise.all([
    writeFile(join(work, 'abi-wasm3.c'), abiWasm3Source()),
    writeFile(join(work, 'kernels.c'), translateModule(module, { functions: new Set(engine === 'kernels' ? firmware.natives.map((n) => n.index) : []), sourceMap })),
  ]);
  const common = [...flags, `-I${includeDir}`, ...defines.map((d) => `-D${d}`)];
  // wasm3's own code is not held to our warnings.
  const lenient = [...common.filter((f) => f !== '-Werror' && f !== '-Wall'), '-w'];
  return [
    { name: 'engine-wasm3', source: shim('engine-wasm3.c'), flags: [...common, '-Wno-unused-function', '-Wno-error'] },
    { name: 'abi-wasm3', source: join(work, 'abi-wasm3.c'), flags: lenient },
    { name: 'kernels', source: join(work, 'kernels.c'), flags: translated(common) },
    ...sources.map((source) => (source === execSource
      ? { name: basename(source, '.c'), source: wasm3 === 'reference' ? shim('wasm3-settle.c') : source, flags: [...lenient, ...execFlags.arm] }
      : { name: basename(source, '.c'), source, flags: lenient })),
  ];
}

async function aotUnits({ firmware, module, work, flags, shim }: EngineBuild): Promise<Unit[]> {
  const source = join(work, 'firmware.c');
  const handlers = firmware.vectors.map((v) => v.exportName);
  await writeFile(source, translateModule(module, { sourceMap: new SourceMap(firmware.sourceMap), handlers }));
  return [
    { name: 'engine-aot', source: shim('engine-aot.c'), flags },
    { name: 'firmware', source, flags: translated(flags) },
  ];
}
