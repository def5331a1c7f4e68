// SPDX-License-Identifier: MIT
// Makes the schema of board files into code. Plain JavaScript, because it runs before there is any.
//
// Every command reads a board, and to make a schema into code takes longer than all else that `tonewheel boards` does.

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const schemaFile = join(root, 'boards', 'schema.json');
const outFile = join(root, 'build', 'schemas', 'boards.js');

/** The schema's definitions that a document may be checked by. A name in code has "_" for "-". */
const DEFINITIONS = ['board', 'chip', 'core', 'complete', 'complete-stm32f4', 'complete-mps2'];

/** Makes the validators, unless they are there for the schema as it is. */
export async function compileSchema() {
  const timeOf = (file) => stat(file).then(({ mtimeMs }) => mtimeMs, () => 0);
  const [made, ...sources] = await Promise.all([outFile, schemaFile, fileURLToPath(import.meta.url), fileURLToPath(import.meta.resolve('ajv'))].map(timeOf));
  if (sources.every((time) => time < made)) return;
  const [{ Ajv }, { default: standaloneCode }, { build }] = await Promise.all([import('ajv'), import('ajv/dist/standalone/index.js'), import('esbuild')]);
  const ajv = new Ajv({ allErrors: false, strict: false, verbose: true, code: { source: true, esm: true }, schemas: [JSON.parse(await readFile(schemaFile, 'utf8'))] });
  const contents = standaloneCode.default(ajv, Object.fromEntries(DEFINITIONS.map((name) => [name.replace('-', '_'), `boards#/definitions/${name}`])));
  const { outputFiles: [{ contents: bundle }] } = await build({
    stdin: { contents, resolveDir: root }, bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node20', write: false, logLevel: 'warning',
  });
  await mkdir(dirname(outFile), { recursive: true });
  // Under its name a file is whole, whoever else writes the same one.
  const partial = `${outFile}.${process.pid}.part`;
  await writeFile(partial, bundle);
  await rename(partial, outFile);
}
