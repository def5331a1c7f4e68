// SPDX-License-Identifier: MIT
// Puts the AssemblyScript compiler into one file that loads fast. Plain JavaScript, because it runs before there is any.
//
// Binaryen comes as ten megabytes of JavaScript, nearly all of it WebAssembly as base64 text. To read, scan and decode that text takes longer than to parse a firmware, in
// each process and thread that compiles. Here the WebAssembly becomes a file of its own.

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, 'build', 'compiler');
const bundle = join(outDir, 'assemblyscript.js');

/** Under its name a file is whole, whoever else writes the same one. */
async function writeWhole(file, contents) {
  const partial = `${file}.${process.pid}.part`;
  await writeFile(partial, contents);
  await rename(partial, file);
}

function replacedOnce(text, pattern, replacement, what) {
  const parts = text.split(pattern);
  if (parts.length !== 2) throw new Error(`This Binaryen's loader is not the one that host/bundle-compiler.mjs knows: ${what} is there ${parts.length - 1} times.`);
  return parts.join(replacement);
}

/** What Emscripten made of Binaryen, its WebAssembly taken out. */
async function binaryen({ path }) {
  const text = await readFile(path, 'latin1');
  // The longest text in it; a regular expression of this size is more than the engine's stack holds.
  const start = text.indexOf('"AGFzbQ');
  const end = text.indexOf('"', start + 1) + 1;
  await writeWhole(join(outDir, 'binaryen.wasm'), Buffer.from(text.slice(start + 1, end - 1), 'base64'));
  const decoder = /\w+\($/.exec(text.slice(start - 20, start))[0];
  const read = `(await import("node:fs")).readFileSync(new URL("binaryen.wasm",import.meta.url)`;
  const loader = `${text.slice(0, start - decoder.length)}${read}${text.slice(end)}`;
  // Functions called through the table are looked up in an array that starts out empty and is filled at random: V8 makes a hash table of it. Whole from the beginning, it is an array.
  const [mirror] = /(?<=[ ,])(\w+)=\[\](?=,\w+,\w+=(\w+)=>\{var (\w+)=\1\[\2\];return \3\|\|)/.exec(loader) ?? ['its mirror of the table'];
  return { contents: replacedOnce(loader, mirror, mirror.replace('[]', 'Array(1<<16).fill(void 0)'), mirror), loader: 'js' };
}

/** Makes the bundle, unless it is there for the packages that are installed. */
export async function bundleCompiler() {
  const timeOf = (file) => stat(file).then(({ mtimeMs }) => mtimeMs, () => 0);
  const packages = ['assemblyscript', 'binaryen'].map((name) => fileURLToPath(import.meta.resolve(name)));
  const made = await timeOf(bundle);
  const sources = await Promise.all([fileURLToPath(import.meta.url), ...packages].map(timeOf));
  if (sources.every((time) => time < made)) return;
  const { build } = await import('esbuild');
  await mkdir(outDir, { recursive: true });
  const { outputFiles: [{ contents }] } = await build({
    stdin: { contents: `export * from 'assemblyscript'; export { default as asc } from 'assemblyscript/asc';`, resolveDir: root },
    bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node20', write: false, logLevel: 'warning',
    plugins: [{ name: 'binaryen', setup: (setting) => setting.onLoad({ filter: /[\\/]binaryen[\\/]index\.js$/ }, binaryen) }],
  });
  await writeWhole(bundle, contents);
}
