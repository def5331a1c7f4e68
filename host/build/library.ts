// SPDX-License-Identifier: MIT
// Compiles modules of assembly/ that the host itself runs, once: the result is kept under build/cache by the hash of all that can change it.

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { assemblyDir, packageRoot } from '../paths.js';
import { writeAbiDeclarations } from './abi.js';

const cacheDir = join(packageRoot, 'build', 'cache');
const config = join(packageRoot, 'asconfig.json');

async function hashOf(entry: string): Promise<string> {
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json') as { version: string };
  const hash = createHash('sha256').update(`${version}\0${entry}\0`).update(await readFile(config));
  const files = (await readdir(assemblyDir, { withFileTypes: true, recursive: true }))
    .filter((e) => e.isFile() && e.name.endsWith('.ts')).map((e) => join(e.parentPath ?? e.path, e.name)).sort();
  for (const file of files) hash.update(`\0${relative(packageRoot, file)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

/**
 * The WebAssembly of a module of assembly/, compiled with the project's own options unless the cache has it. Safe to call from several
 * processes at once: each compiles to a name of its own, and the last rename wins with the same bytes.
 * @param entry path from the package root, e.g. "assembly/firmware/midi-tool.ts"
 * @throws Error with the compiler's own message when it does not compile
 */
export async function compileLibrary(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  await writeAbiDeclarations();
  const wasm = join(cacheDir, `${await hashOf(entry)}.wasm`);
  const cached = await readFile(wasm).catch(() => undefined);
  if (cached) return new Uint8Array(cached);
  await mkdir(cacheDir, { recursive: true });
  const partial = `${wasm}.${process.pid}`;
  const asc = (await import('assemblyscript/asc')).default;
  const { error, stderr } = await asc.main([
    relative(process.cwd(), join(packageRoot, entry)), '--config', config, '--outFile', relative(process.cwd(), partial), '--no-sourceMap',
  ]);
  if (error) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
  await rename(partial, wasm);
  return new Uint8Array(await readFile(wasm));
}
