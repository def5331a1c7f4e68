// SPDX-License-Identifier: MIT
// Compiles modules of assembly/ that the host itself runs, once: the result is kept under build/cache by the hash of all that can change it.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { assemblyDir, packageRoot } from '../paths.js';
import { writeAbiDeclarations } from './abi.js';

const config = join(packageRoot, 'asconfig.json');

async function hashOf(entry: string): Promise<string> {
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json') as { version: string };
  const hash = createHash('sha256').update(`${version}\0${entry}\0`).update(await readFile(config)).update(await readFile(join(packageRoot, entry)));
  const files = (await readdir(assemblyDir, { withFileTypes: true, recursive: true }))
    .filter((e) => e.isFile() && e.name.endsWith('.ts')).map((e) => join(e.parentPath ?? e.path, e.name)).sort();
  for (const file of files) hash.update(`\0${relative(packageRoot, file)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

async function compile(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const asc = (await import('assemblyscript/asc')).default;
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    [relative(process.cwd(), join(packageRoot, entry)), '--config', config, '--outFile', 'library.wasm'],
    // The compiler's outputs stay in memory; of them only the module is wanted, not its source map.
    { writeFile: (name, contents) => { if (name.endsWith('.wasm')) wasm = new Uint8Array(contents as Uint8Array); } },
  );
  if (error || !wasm) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
  return wasm;
}

/**
 * The WebAssembly of a module of assembly/, compiled with the project's own options unless the cache has it. Safe to call from several
 * processes at once: each writes under a name of its own, and the last rename wins with the same bytes.
 * @param entry path from the package root, e.g. "assembly/firmware/midi-tool.ts"
 * @throws Error with the compiler's own message when it does not compile
 */
export async function compileLibrary(entry: string, cacheDir = join(packageRoot, 'build', 'cache')): Promise<Uint8Array<ArrayBuffer>> {
  await writeAbiDeclarations();
  const cacheFile = join(cacheDir, `${await hashOf(entry)}.wasm`);
  const cached = await readFile(cacheFile).catch(() => undefined);
  if (cached) return new Uint8Array(cached);
  const wasm = await compile(entry);
  await mkdir(cacheDir, { recursive: true });
  const partial = `${cacheFile}.${process.pid}`;
  await writeFile(partial, wasm);
  await rename(partial, cacheFile);
  return wasm;
}
