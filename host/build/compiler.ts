// SPDX-License-Identifier: MIT
// The AssemblyScript compiler, loaded when something is compiled, and so that it is soon at work: it is large, and all else waits for it.

import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { threadId } from 'node:worker_threads';
import { packageRoot } from '../paths.js';
import { useOwnPasses } from './passes.js';

export interface Compiler {
  readonly asc: Pick<typeof import('assemblyscript/asc'), 'main'>;
  /** The compiler's parts, for transforms. */
  readonly assemblyscript: object;
  /** Keeps what V8 has made of the compiler's JavaScript by now, for processes to come that run with the same flags. */
  keepCode(): Promise<void>;
}

const directory = join(packageRoot, 'build', 'compiler');

let bundled: Promise<Compiler> | undefined;

/** The compiler from one file, with Binaryen's WebAssembly beside it (host/bundle-compiler.mjs). */
export function bundledCompiler(): Promise<Compiler> {
  return (bundled ??= loadBundle());
}

/** The compiler from its package, as transforms that import it themselves need it: theirs must be the same. */
export async function packagedCompiler(): Promise<Compiler> {
  const [{ default: asc }, assemblyscript] = await Promise.all([import('assemblyscript/asc'), import('assemblyscript')]);
  return { asc, assemblyscript, keepCode: async () => undefined };
}

type Load = (binaryen: WebAssembly.Module, url: string, importOf: (name: string) => Promise<unknown>) => Promise<Pick<Compiler, 'asc'> & Parameters<typeof useOwnPasses>[0]>;

async function loadBundle(): Promise<Compiler> {
  // Its flags come first: code is of one set of flags.
  const binaryen = await binaryenModule();
  const filename = join(directory, 'assemblyscript.js');
  // All of it is ASCII: so esbuild writes it.
  const [{ mtimeMs, size }, source] = await Promise.all([stat(filename), readFile(filename, 'latin1')]);
  const kept = join(directory, `${size}-${Math.trunc(mtimeMs)}-${cachedDataVersionTag()}.code`);
  const cachedData = await readFile(kept).catch(() => undefined);
  const script = new Script(source, { filename, cachedData });
  let isKept = cachedData !== undefined && script.cachedDataRejected === false;
  const keepCode = async (): Promise<void> => {
    if (isKept) return;
    isKept = true;
    const partial = `${kept}.${process.pid}-${threadId}.part`;
    await writeFile(partial, script.createCachedData());
    await rename(partial, kept);
  };
  const assemblyscript = await (script.runInThisContext() as Load)(binaryen, pathToFileURL(filename).href, (name) => import(name));
  useOwnPasses(assemblyscript);
  return { asc: assemblyscript.asc, assemblyscript, keepCode };
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
  const { bundleCompiler } = await import(pathToFileURL(join(packageRoot, 'host', 'bundle-compiler.mjs')).href) as { bundleCompiler(): Promise<void> };
  await bundleCompiler();
  const bytes = await readFile(join(directory, 'binaryen.wasm'));
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
