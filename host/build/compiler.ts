// SPDX-License-Identifier: MIT
// The AssemblyScript compiler, loaded when something is compiled, and so that it is soon at work: it is large, and all else waits for it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { packageRoot } from '../paths.js';

export interface Compiler {
  readonly asc: Pick<typeof import('assemblyscript/asc'), 'main'>;
  /** The compiler's parts, for transforms. */
  readonly assemblyscript: object;
}

let bundled: Promise<Compiler> | undefined;

/** The compiler from one file, with Binaryen's WebAssembly beside it (host/bundle-compiler.mjs). */
export function bundledCompiler(): Promise<Compiler> {
  return (bundled ??= loadBundle());
}

/** The compiler from its package, as transforms that import it themselves need it: theirs must be the same. */
export async function packagedCompiler(): Promise<Compiler> {
  const [{ default: asc }, assemblyscript] = await Promise.all([import('assemblyscript/asc'), import('assemblyscript')]);
  return { asc, assemblyscript };
}

const fileOf = (...path: string[]): string => pathToFileURL(join(packageRoot, ...path)).href;

async function loadBundle(): Promise<Compiler> {
  const module = await binaryenModule();
  const { provide } = await import(fileOf('build', 'compiler', 'provided.js')) as { provide(binaryen: WebAssembly.Module): void };
  provide(module);
  const assemblyscript = await import(fileOf('build', 'compiler', 'assemblyscript.js')) as Pick<Compiler, 'asc'>;
  return { asc: assemblyscript.asc, assemblyscript };
}

let binaryen: Promise<WebAssembly.Module> | undefined;

/** Binaryen's module. Threads that are given it (`useBinaryen`) share its code. */
export function binaryenModule(): Promise<WebAssembly.Module> {
  return (binaryen ??= makeBinaryen());
}

/** Has this thread's compiler take the module that another thread has made, if that made any. */
export function useBinaryen(others: Promise<WebAssembly.Module | undefined>): void {
  binaryen = others.then((module) => module ?? makeBinaryen());
}

async function makeBinaryen(): Promise<WebAssembly.Module> {
  const { bundleCompiler } = await import(fileOf('host', 'bundle-compiler.mjs')) as { bundleCompiler(): Promise<void> };
  await bundleCompiler();
  const bytes = await readFile(join(packageRoot, 'build', 'compiler', 'binaryen.wasm'));
  return withBaselineCode(new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength));
}

/**
 * Makes a module whose functions V8 never compiles a second time, to better code. A compile lasts two seconds, spread over thousands of functions: the better code comes too late to give
 * back the time that V8 takes for it, as much again, from the cores on which two firmwares are compiled at once. Whether functions are counted for that is decided when a module
 * is made; with counting off, the other flag would have each function compiled again at once. It says nothing of modules that count, as all others here do.
 */
function withBaselineCode(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    setFlagsFromString('--wasm-dynamic-tiering');
  }
}
