// SPDX-License-Identifier: MIT
// Puts the AssemblyScript compiler into one file that loads fast. Plain JavaScript, because it runs before there is any.
//
// Binaryen comes as ten megabytes of JavaScript, nearly all of it WebAssembly as base64 text. To read, scan and decode that text takes longer than to parse a firmware, in
// each process and thread that compiles. Here the WebAssembly becomes a file of its own, and the rest a script: of scripts V8 gives the code that it has made of them, for the
// next process; of modules it does not.
//
// The script is a function of Binaryen's WebAssembly.Module, of its own URL, and of what imports a module of node's. It gives a promise of what the compiler exports.

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { catchingInWasm } from './binaryen-exceptions.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, 'build', 'compiler');
const bundle = join(outDir, 'assemblyscript.js');
/** The script's parameters. */
const BINARYEN = 'providedBinaryen';
const BUNDLE_URL = 'bundleUrl';
const IMPORT = 'importOf';

/** Under its name a file is whole, whoever else writes the same one. */
async function writeWhole(file, contents) {
  const partial = `${file}.${process.pid}.part`;
  await writeFile(partial, contents);
  await rename(partial, file);
}

/** What is not there once is not what this file knows. */
function replacedOnce(text, pattern, replacement) {
  const found = text.match(new RegExp(pattern, 'g')) ?? [];
  if (found.length !== 1) throw new Error(`This AssemblyScript is not the one that host/bundle-compiler.mjs knows: ${pattern} is there ${found.length} times.`);
  return text.replace(pattern, replacement);
}

/** What Emscripten made of Binaryen, its WebAssembly taken out: it becomes an instance of the module that whoever loads the compiler has made of it. */
async function binaryen({ path }) {
  const text = await readFile(path, 'latin1');
  // The longest text in it; a regular expression of this size is more than the engine's stack holds.
  const start = text.indexOf('"AGFzbQ');
  const end = text.indexOf('"', start + 1) + 1;
  const loader = `${text.slice(0, start)}""${text.slice(end)}`;
  const { wasm, instance } = catchingInWasm(Buffer.from(text.slice(start + 1, end - 1), 'base64'), loader);
  await writeWhole(join(outDir, 'binaryen.wasm'), wasm);
  return { contents: replacedOnce(loader, /\(await \w+\((\w+)\)\)\.instance/, instance(BINARYEN, '$1')), loader: 'js' };
}

/** The compiler's front end. It fetches a function of its own from a data URL; what fetches, node loads for that alone. */
async function assemblyscript({ path }) {
  const text = await readFile(path, 'utf8');
  return { contents: replacedOnce(text, /WebAssembly\.instantiateStreaming\(fetch\((\w+)\)\)/, 'WebAssembly.instantiate(Buffer.from($1.slice($1.indexOf(",")+1),"base64"))'), loader: 'js' };
}

/** A module's text as that of a function: its imports are node's alone, and all dynamic. */
function asScript(module) {
  const [, body, exported, licences] = /^(.*)\bexport\{([^}]*)\};(.*)$/s.exec(module);
  const properties = exported.split(',').map((name) => name.split(' as ')).map(([own, name = own]) => `${name}:${own}`);
  return `(async(${BINARYEN},${BUNDLE_URL},${IMPORT})=>{${body.replace(/\bimport\((?="[\w:/]+"\))/g, `${IMPORT}(`)};return{${properties}}})${licences}`;
}

/** Makes the bundle, unless it is there for the packages that are installed. */
export async function bundleCompiler() {
  const timeOf = (file) => stat(file).then(({ mtimeMs }) => mtimeMs, () => 0);
  const packages = ['assemblyscript', 'binaryen'].map((name) => fileURLToPath(import.meta.resolve(name)));
  const made = await timeOf(bundle);
  const own = [import.meta.url, import.meta.resolve('./binaryen-exceptions.mjs')].map((url) => fileURLToPath(url));
  const sources = await Promise.all([...own, ...packages].map(timeOf));
  if (sources.every((time) => time < made)) return;
  const { build } = await import('esbuild');
  await mkdir(outDir, { recursive: true });
  const { outputFiles: [{ text }] } = await build({
    stdin: { contents: `export * from 'assemblyscript'; export { default as asc } from 'assemblyscript/asc';`, resolveDir: root },
    bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node20', write: false, logLevel: 'warning', define: { 'import.meta.url': BUNDLE_URL },
    plugins: [{
      name: 'compiler',
      setup(setting) {
        setting.onLoad({ filter: /[\\/]binaryen[\\/]index\.js$/ }, binaryen);
        setting.onLoad({ filter: /[\\/]dist[\\/]assemblyscript\.js$/ }, assemblyscript);
      },
    }],
  });
  await writeWhole(bundle, asScript(text));
  // What V8 made of former ones.
  for (const file of await readdir(outDir)) if (file.endsWith('.code')) await rm(join(outDir, file), { force: true });
}
