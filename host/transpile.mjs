// SPDX-License-Identifier: MIT
// Turns the host's TypeScript into JavaScript under build/js, file by file. Plain JavaScript, because it runs before there is any.

import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCompiler } from './bundle-compiler.mjs';
import { compileSchema } from './compile-schema.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, 'build', 'js');

async function filesUnder(dir, suffix) {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((e) => e.isFile() && e.name.endsWith(suffix)).map((e) => join(e.parentPath ?? e.path, e.name));
}

/** Transpiles `host/` and `tests/` when any source is newer than its output, or an output has lost its source. */
export async function transpile() {
  const sources = (await Promise.all(['host', 'tests', 'music'].map((d) => filesUnder(join(root, d), '.ts')))).flat()
    .filter((f) => !f.endsWith('.d.ts') && !f.includes('.as.'));
  const target = (source) => join(outDir, relative(root, source).replace(/\.ts$/, '.js'));
  const wanted = new Map(sources.map((s) => [target(s), s]));
  const present = await filesUnder(outDir, '.js');
  const times = new Map(await Promise.all(present.map(async (f) => [f, (await stat(f)).mtimeMs])));
  for (const file of present) if (!wanted.has(file)) await Promise.all([rm(file), rm(`${file}.map`, { force: true })]);
  const stale = [];
  for (const [out, source] of wanted) if (!(times.get(out) > (await stat(source)).mtimeMs)) stale.push(source);
  if (stale.length === 0) return;
  const { build } = await import('esbuild');
  await mkdir(outDir, { recursive: true });
  await build({
    entryPoints: stale, outdir: outDir, outbase: root, bundle: false, format: 'esm', platform: 'node', target: 'node20',
    sourcemap: true, logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all([transpile(), compileSchema(), bundleCompiler()]);
