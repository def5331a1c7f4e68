// SPDX-License-Identifier: MIT
// Finds wasm3's C sources: those of the pinned npm package, held to their checksums, or those of the directory that WASM3_DIR names.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../paths.js';

const PACKAGE = 'react-native-webassembly';
const pinned = JSON.parse(readFileSync(join(packageRoot, 'host', 'build', 'wasm3', 'wasm3-0.5.0.json'), 'utf8')) as
  { version: string; sha256: Record<string, string> };

/** The interpreter's files: without the system interfaces (m3_api_*), which a board does not have. */
const isCore = (file: string) => /^(m3_(?!api_)\w+\.[ch]|wasm3\.h|wasm3_defs\.h)$/.test(file);

export interface Wasm3Source {
  /** Where the files were read. */
  dir: string;
  /** As `M3_VERSION` says, e.g. "0.5.0". */
  version: string;
  /** Text of each file by its name, in order of the names. */
  files: Map<string, string>;
}

/** The npm package's directory with the C files. @throws Error when it is not installed */
function packageDir(): string {
  try {
    return join(dirname(createRequire(join(packageRoot, 'package.json')).resolve(`${PACKAGE}/package.json`)), 'cpp');
  } catch {
    throw new Error(`wasm3's sources are missing: the package ${PACKAGE} is not installed. Run "npm install", or set WASM3_DIR to a directory with `
      + `wasm3 ${pinned.version}'s source files (m3_*.c, m3_*.h, wasm3.h)`);
  }
}

async function readCore(dir: string, named: string): Promise<Map<string, string>> {
  let names: string[];
  try {
    names = (await readdir(dir)).filter(isCore).sort();
  } catch {
    throw new Error(`${named}: ${dir} cannot be read. It must be the directory that holds wasm3's m3_*.c, m3_*.h and wasm3.h`);
  }
  const missing = Object.keys(pinned.sha256).filter((f) => !names.includes(f));
  if (missing.length > 0) throw new Error(`${named}: ${dir} lacks ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''}. `
    + `It must be the directory that holds wasm3 ${pinned.version}'s m3_*.c, m3_*.h and wasm3.h (in wasm3's own repository: source/)`);
  return new Map(await Promise.all(names.map(async (f): Promise<[string, string]> => [f, await readFile(join(dir, f), 'utf8')])));
}

function versionOf(header: string, where: string): string {
  const version = /^#define\s+M3_VERSION\s+"([^"]+)"/m.exec(header)?.[1];
  if (version === undefined) throw new Error(`${where}: wasm3.h does not define M3_VERSION; is this wasm3?`);
  return version;
}

/**
 * Reads wasm3's core sources. A directory of the user's own (WASM3_DIR) may differ from the pinned text but must be the same version, because
 * what is built on it knows the names inside.
 * @throws Error that says which file is missing or differs, or which version was found
 */
export async function findWasm3(override = process.env.WASM3_DIR): Promise<Wasm3Source> {
  const named = override ? 'WASM3_DIR' : PACKAGE;
  const dir = override || packageDir();
  const files = await readCore(dir, named);
  const version = versionOf(files.get('wasm3.h')!, `${named}: ${dir}`);
  if (version !== pinned.version) throw new Error(`${named}: ${dir} is wasm3 ${version}; the firmware is built on ${pinned.version}`);
  if (override) return { dir, version, files };
  for (const [file, text] of files) {
    const sum = createHash('sha256').update(text).digest('hex');
    if (sum !== pinned.sha256[file]) throw new Error(`${PACKAGE}: ${join(dir, file)} is not the file that was checked (SHA-256 ${sum}, expected `
      + `${pinned.sha256[file] ?? 'no such file'}). Install the package anew with "npm ci"; to build on changed sources, name them by WASM3_DIR`);
  }
  return { dir, version, files };
}
