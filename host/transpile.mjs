// SPDX-License-Identifier: MIT
// Turns the host's TypeScript into JavaScript under build/js, file by file. Plain JavaScript, because it runs before there is any.

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCompiler } from './bundle-compiler.mjs';
import { compileSchema } from './compile-schema.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, 'build', 'js');

// Each command begins with this, and node takes ten times as long to ask for a thousand times of files one by one without waiting for them.
function filesUnder(dir, suffix) {
  let entries = [];
  try {
    entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  } catch {
    // Nothing has been made yet.
  }
  return entries.filter((e) => e.isFile() && e.name.endsWith(suffix)).map((e) => join(e.parentPath ?? e.path, e.name));
}

/** Transpiles `host/` and `tests/` when any source is newer than its output, or an output has lost its source. */
export async function transpile() {
  const sources = ['host', 'tests', 'music'].flatMap((d) => filesUnder(join(root, d), '.ts')).filter((f) => !f.endsWith('.d.ts') && !f.includes('.as.'));
  const target = (source) => join(outDir, relative(root, source).replace(/\.ts$/, '.js'));
  const wanted = new Map(sources.map((s) => [target(s), s]));
  const times = new Map(filesUnder(outDir, '.js').map((f) => [f, statSync(f).mtimeMs]));
  for (const file of times.keys()) {
    if (wanted.has(file)) continue;
    rmSync(file);
    rmSync(`${file}.map`, { force: true });
  }
  const stale = [...wanted].filter(([out, source]) => !(times.get(out) > statSync(source).mtimeMs)).map(([, source]) => source);
  if (stale.length === 0) return;
  const { build } = await import('esbuild');
  mkdirSync(outDir, { recursive: true });
  await build({
    entryPoints: stale, outdir: outDir, outbase: root, bundle: false, format: 'esm', platform: 'node', target: 'node20',
    sourcemap: true, logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await Promise.all([transpile(), compileSchema(), bundleCompiler()]);
